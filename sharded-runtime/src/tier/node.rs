//! One server: its connection, and what it pushes.
//!
//! There is one connection to a server at a time, in RESP3 with client tracking. The client library handles replies and
//! pushes in the order in which they arrive, and calls [`Node::pushed`] before it reads on. So when the answer to a
//! sign of life has come, all invalidations that the server had sent before are done. That is the licence of the near
//! caches: what they have was valid when the latest answered sign of life was sent.

use super::{
    address::Address,
    licence::Licence,
    shared::{Shared, is_planted, tell},
};
use redis::{Client, ConnectionInfo, PushInfo, PushKind, RedisError, Value, aio::MultiplexedConnection};
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio::sync::watch;

/// See [the module](self).
pub(super) struct Node {
    pub(super) address: Address,
    pub(super) client: Client,
    pub(super) is_in_cluster: bool,
    pub(super) shared: Arc<Shared>,
    live: watch::Sender<Option<Live>>,
    generations: AtomicU64,
    /// As that of the licence, also when there is no connection.
    heard: AtomicU64,
}

/// A connection that works as far as it is known.
#[derive(Clone)]
pub(super) struct Live {
    pub(super) connection: MultiplexedConnection,
    pub(super) generation: u64,
    pub(super) licence: Arc<Licence>,
}

impl Node {
    pub(super) fn new(info: ConnectionInfo, is_in_cluster: bool, shared: Arc<Shared>) -> Result<Self, RedisError> {
        Ok(Node {
            address: Address::of(&info),
            client: Client::open(info)?,
            is_in_cluster,
            heard: AtomicU64::new(shared.now()),
            shared,
            live: watch::Sender::new(None),
            generations: AtomicU64::new(0),
        })
    }

    pub(super) fn live(&self) -> watch::Receiver<Option<Live>> {
        self.live.subscribe()
    }

    /// The connection, if there is one now.
    pub(super) fn current(&self) -> Option<Live> {
        self.live.borrow().clone()
    }

    pub(super) fn is_connected(&self) -> bool {
        self.live.borrow().is_some()
    }

    /// When the latest answered sign of life was sent.
    pub(super) fn heard(&self) -> u64 {
        self.heard.load(Ordering::Relaxed)
    }

    /// A sign of life over this connection, sent then, is answered.
    pub(super) fn set_heard(&self, generation: u64, sent: u64) {
        if let Some(live) = self.live.borrow().as_ref().filter(|live| live.generation == generation) {
            live.licence.set_heard(sent);
            self.heard.fetch_max(sent, Ordering::Relaxed);
        }
    }

    /// The number of a connection that is about to be made.
    pub(super) fn next_generation(&self) -> u64 {
        self.generations.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Has requests use this connection, on which a sign of life that was sent then was answered.
    pub(super) fn publish(&self, connection: MultiplexedConnection, generation: u64, sent: u64) {
        self.heard.fetch_max(sent, Ordering::Relaxed);
        self.live.send_replace(Some(Live { connection, generation, licence: Arc::new(Licence::new(sent)) }));
        // Those who wait for a change would wait for pushes that another connection gets.
        self.shared.stamps.ring_all();
    }

    /// Gives up a connection, if it is still in use: nothing that was read over it counts any more.
    pub(super) fn lose(&self, generation: u64, error: Option<RedisError>) {
        self.lose_if(|live| live.generation == generation, error);
    }

    /// Gives up whatever connection there is, since the server does not do what a primary does.
    pub(super) fn lose_any(&self, error: RedisError) {
        self.lose_if(|_| true, Some(error));
    }

    fn lose_if(&self, is_this: impl FnOnce(&Live) -> bool, error: Option<RedisError>) {
        if self.end(is_this) {
            self.shared.counts.losses.add(1);
            match &error {
                Some(error) => tell!(warn, "the connection to {}, a server of a tier, is lost: {error}", self.address),
                None => tell!(warn, "the connection to {}, a server of a tier, is lost", self.address),
            }
            self.shared.note(error);
            self.shared.refresh.notify_one();
        }
    }

    /// Gives up whatever connection there is, of a server that has no keys any more.
    pub(super) fn close(&self) {
        if self.end(|_| true) {
            tell!(info, "{} is no longer a server of a tier", self.address);
        }
    }

    /// Ends the connection if there is one and it is this. Returns whether it did.
    fn end(&self, is_this: impl FnOnce(&Live) -> bool) -> bool {
        // Dropped after the lock of the channel is released, since this may end the task of the connection.
        let mut lost = None;
        self.live.send_if_modified(|live| {
            if live.as_ref().is_some_and(is_this) {
                lost = live.take();
            }
            lost.is_some()
        });
        if let Some(lost) = &lost {
            lost.licence.lose();
            self.shared.stamps.ring_all();
        }
        lost.is_some()
    }

    /// Some of its hash slots belong to another node, which tells of changes from now on.
    pub(super) fn lose_slots(&self) {
        if !is_planted("kept_slots") {
            self.revoke();
        }
    }

    /// Makes all invalid that was read so far: the server has flushed it, or it belongs to another one.
    fn revoke(&self) {
        self.live.send_if_modified(|live| {
            if let Some(live) = live {
                live.licence.revoke();
                live.licence = Arc::new(Licence::new(live.licence.heard()));
            }
            // Nobody waits for another licence.
            false
        });
        self.shared.stamps.ring_all();
    }

    /// Handles what the server says unasked.
    fn pushed(&self, generation: u64, push: &PushInfo) {
        match (&push.kind, push.data.first()) {
            (PushKind::Invalidate, Some(Value::Array(names))) => {
                for name in names {
                    match name {
                        Value::BulkString(name) => self.invalidated(name),
                        Value::SimpleString(name) => self.invalidated(name.as_bytes()),
                        _ => self.flushed(),
                    }
                }
            }
            // Of the whole database.
            (PushKind::Invalidate, _) => self.flushed(),
            (PushKind::Disconnection, _) => self.lose(generation, None),
            _ => {}
        }
    }

    fn invalidated(&self, name: &[u8]) {
        self.shared.counts.invalidations.add(1);
        self.shared.stamps.invalidate(self.shared.stamps.slot(name));
    }

    fn flushed(&self) {
        self.shared.counts.flushes.add(1);
        tell!(info, "{}, a server of a tier, has invalidated all keys", self.address);
        self.revoke();
    }
}

/// What is called by the client library. It does not keep the node alive.
pub(super) fn listener(
    node: &Arc<Node>,
    generation: u64,
) -> impl Fn(PushInfo) -> Result<(), ()> + Send + Sync + 'static {
    let node = Arc::downgrade(node);
    move |push| {
        if let Some(node) = node.upgrade() {
            node.pushed(generation, &push);
        }
        Ok(())
    }
}

/// The error that a reply is.
pub(super) fn as_error(value: &Value) -> Option<&redis::ServerError> {
    match value {
        Value::ServerError(error) => Some(error),
        _ => None,
    }
}

/// What an `INFO` says.
pub(super) fn info_text(value: &Value) -> Option<&str> {
    match value {
        Value::BulkString(bytes) => str::from_utf8(bytes).ok(),
        Value::SimpleString(text) | Value::VerbatimString { text, .. } => Some(text),
        _ => None,
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node")
            .field("address", &self.address)
            .field("is_connected", &self.is_connected())
            .finish_non_exhaustive()
    }
}
