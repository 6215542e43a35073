//! The connection to a server: what is sent over it, what the server pushes, and how it is made again.
//!
//! There is one connection at a time, in RESP3 with client tracking. The client library handles replies and pushes in
//! the order in which they arrive, and calls [`Link::pushed`] before it reads on. So when the reply to a `PING` has
//! come, all invalidations that the server had sent before are done. That is the licence of the near caches: what they
//! have was valid when the latest answered `PING` was sent.

use super::{
    error::TierError,
    stamps::{Slot, Stamp, Stamps},
    stats::LinkCounts,
};
use crate::clock::{Clock, System};
use redis::{Client, Pipeline, PushInfo, PushKind, RedisError, Value, aio::MultiplexedConnection};
use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::watch,
    time::{Instant, timeout_at},
};

/// See [the module](self).
pub(super) struct Link {
    pub(super) client: Client,
    pub(super) stamps: Stamps,
    pub(super) counts: LinkCounts,
    live: watch::Sender<Option<Live>>,
    generations: AtomicU64,
    /// When the latest answered `PING` was sent, by the clock below.
    heard: AtomicU64,
    /// The shortest staleness of a field, in nanoseconds.
    staleness: watch::Sender<Duration>,
    clock: System,
    resolution: u64,
    last_error: Mutex<Option<RedisError>>,
    /// How long the answer to a write may take.
    pub(super) patience: Duration,
}

/// A connection that works as far as it is known.
#[derive(Clone)]
pub(super) struct Live {
    pub(super) connection: MultiplexedConnection,
    pub(super) generation: u64,
}

/// The replies to a read.
pub(super) struct Reply {
    pub(super) values: Vec<Value>,
    /// One for each slot that was asked for.
    pub(super) stamps: Vec<Stamp>,
    /// When it was sent, by [`Link::now`].
    pub(super) sent: u64,
}

/// Makes what was known of some keys invalid once a write has ended, in whatever way: with a reply, with an error, or
/// because its future was dropped.
pub(super) struct Written<'a> {
    pub(super) link: &'a Link,
    pub(super) slots: &'a [Slot],
}

impl Drop for Written<'_> {
    fn drop(&mut self) {
        // The server tells of this too, but after its reply, and a read that follows the reply must not find the old
        // value.
        self.slots.iter().for_each(|slot| self.link.stamps.invalidate(*slot));
    }
}

impl Link {
    pub(super) fn new(client: Client, patience: Duration) -> Self {
        let clock = System::default();
        Link {
            client,
            stamps: Stamps::new(),
            counts: LinkCounts::default(),
            live: watch::Sender::new(None),
            generations: AtomicU64::new(0),
            heard: AtomicU64::new(0),
            staleness: watch::Sender::new(Duration::MAX),
            resolution: clock.resolution(),
            clock,
            last_error: Mutex::new(None),
            patience,
        }
    }

    /// The time in nanoseconds, exactly.
    pub(super) fn now(&self) -> u64 {
        self.clock.precise_nanos().unwrap_or_else(|| self.clock.nanos())
    }

    /// The time or a little later, read more quickly if some milliseconds do not matter for this staleness.
    #[inline]
    pub(super) fn now_or_later(&self, staleness: u64) -> u64 {
        if staleness / 32 > self.resolution { self.clock.nanos() + self.resolution } else { self.now() }
    }

    /// When the latest answered `PING` was sent.
    #[inline]
    pub(super) fn heard(&self) -> u64 {
        // Acquire pairs with the Release in `set_heard`: who sees the time sees the invalidations before the answer.
        self.heard.load(Ordering::Acquire)
    }

    pub(super) fn set_heard(&self, sent: u64) {
        self.heard.fetch_max(sent, Ordering::Release);
    }

    /// Has the server asked often enough for this staleness.
    pub(super) fn require(&self, staleness: Duration) {
        self.staleness.send_if_modified(|shortest| {
            let is_shorter = staleness < *shortest;
            *shortest = staleness.min(*shortest);
            is_shorter
        });
    }

    pub(super) fn required(&self) -> watch::Receiver<Duration> {
        self.staleness.subscribe()
    }

    pub(super) fn live(&self) -> watch::Receiver<Option<Live>> {
        self.live.subscribe()
    }

    pub(super) fn is_connected(&self) -> bool {
        self.live.borrow().is_some()
    }

    fn is_live(&self, generation: u64) -> bool {
        self.live.borrow().as_ref().is_some_and(|live| live.generation == generation)
    }

    /// The number of a connection that is about to be made.
    pub(super) fn next_generation(&self) -> u64 {
        self.generations.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Has requests use this connection.
    pub(super) fn publish(&self, live: Live) {
        self.stamps.invalidate_all();
        self.live.send_replace(Some(live));
    }

    /// Gives up a connection, if it is still in use: nothing that was read over it counts any more.
    pub(super) fn lose(&self, generation: u64, error: Option<RedisError>) {
        let is_this = |live: &Option<Live>| live.as_ref().is_some_and(|live| live.generation == generation);
        // Dropped after the lock of the channel is released, since this may end the task of the connection.
        let mut lost = None;
        self.live.send_if_modified(|live| {
            if is_this(live) {
                lost = live.take();
            }
            lost.is_some()
        });
        if lost.is_some() {
            self.stamps.invalidate_all();
            self.counts.losses.add(1);
            match &error {
                Some(error) => log::warn!(target: "sharded", "the connection to the server of a tier is lost: {error}"),
                None => log::warn!(target: "sharded", "the connection to the server of a tier is lost"),
            }
            self.note(error);
        }
    }

    /// Keeps an error of the connection, for those who find none.
    pub(super) fn note(&self, error: Option<RedisError>) {
        if error.is_some() {
            *self.last_error.lock().unwrap_or_else(PoisonError::into_inner) = error;
        }
    }

    fn last_error(&self) -> Option<RedisError> {
        self.last_error.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Handles what the server says unasked.
    pub(super) fn pushed(&self, generation: u64, push: &PushInfo) {
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
        self.counts.invalidations.add(1);
        self.stamps.invalidate(self.stamps.slot(name));
    }

    fn flushed(&self) {
        self.counts.flushes.add(1);
        log::info!(target: "sharded", "the server of a tier has invalidated all keys");
        self.stamps.invalidate_all();
    }

    /// The connection, once there is one.
    async fn connection(&self, began: Instant, staleness: Duration) -> Result<Live, TierError> {
        let mut live = self.live();
        match timeout_at(began + staleness, live.wait_for(Option::is_some)).await {
            Ok(Ok(live)) => Ok(live.clone().expect("the channel was asked for a connection")),
            _ => Err(TierError::unreachable(began.elapsed(), self.last_error())),
        }
    }

    /// Sends commands that change nothing, again if the connection is lost, until the staleness has passed. An answer
    /// that takes longer may be older than that, so it does not count.
    pub(super) async fn read(
        &self,
        commands: &Pipeline,
        slots: &[Slot],
        staleness: Duration,
    ) -> Result<Reply, TierError> {
        let began = Instant::now();
        loop {
            let mut live = self.connection(began, staleness).await?;
            let stamps = || slots.iter().map(|slot| self.stamps.stamp(*slot)).collect();
            // Before the commands are sent: what is invalidated from now on counts.
            let before = stamps();
            // The stamps of a connection that was given up before they were taken would outlive it, and the next one
            // does not track what is read over this one.
            if !self.is_live(live.generation) {
                continue;
            }
            let sent = self.now();
            let answer = live.connection.send_packed_commands(commands, 0, commands.len());
            match timeout_at(began + staleness, answer).await {
                // This task may have been kept from taking an answer that came in time.
                Ok(Ok(_)) if began.elapsed() > staleness => {
                    return Err(TierError::unreachable(began.elapsed(), None));
                }
                Ok(Ok(values)) => {
                    // A planted fault, which `.ci/tier` shows to be found.
                    let stamps = if cfg!(sharded_late_stamps) { stamps() } else { before };
                    return Ok(Reply { values, stamps, sent });
                }
                Ok(Err(error)) => self.lose(live.generation, Some(error)),
                Err(_) => return Err(TierError::unreachable(began.elapsed(), self.last_error())),
            }
        }
    }

    /// Sends commands that change something, once. The first error that the server answers is the result.
    pub(super) async fn write(
        &self,
        commands: &Pipeline,
        slots: &[Slot],
        staleness: Duration,
    ) -> Result<Vec<Value>, TierError> {
        let mut live = self.connection(Instant::now(), staleness).await?;
        let _written = Written { link: self, slots };
        let answer = live.connection.send_packed_commands(commands, 0, commands.len());
        let values = match tokio::time::timeout(self.patience, answer).await {
            Ok(Ok(values)) => values,
            Ok(Err(error)) => {
                self.lose(live.generation, Some(error.clone()));
                return Err(TierError::unknown(Some(error)));
            }
            Err(_) => return Err(TierError::unknown(None)),
        };
        match values.iter().find_map(as_error) {
            None => Ok(values),
            Some(error) => {
                if error.code() == "READONLY" {
                    // The server has become a replica. Another one may answer at the same address.
                    self.lose(live.generation, None);
                }
                Err(TierError::refused(error))
            }
        }
    }
}

/// The error that a reply is.
pub(super) fn as_error(value: &Value) -> Option<&redis::ServerError> {
    match value {
        Value::ServerError(error) => Some(error),
        _ => None,
    }
}

/// What a link is called with by the client library. It does not keep the link alive.
pub(super) fn listener(
    link: &Arc<Link>,
    generation: u64,
) -> impl Fn(PushInfo) -> Result<(), ()> + Send + Sync + 'static {
    let link = Arc::downgrade(link);
    move |push| {
        if let Some(link) = link.upgrade() {
            link.pushed(generation, &push);
        }
        Ok(())
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("is_connected", &self.is_connected()).finish_non_exhaustive()
    }
}
