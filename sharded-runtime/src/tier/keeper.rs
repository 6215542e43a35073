//! The task that keeps the connection to a server: it makes it, asks for signs of life, and makes it again.

use super::{
    error::TierError,
    node::{Live, Node, as_error, info_text, listener},
    shared::tell,
    wait::{First, first},
};
use redis::{AsyncConnectionConfig, ErrorKind, Pipeline, RedisError, ServerErrorKind, Value};
use std::{ops::Deref, sync::Arc, time::Duration};
use tokio::{
    task::AbortHandle,
    time::{Instant, sleep, timeout},
};

/// How long a connection may take to be made, and a sign of life to come.
pub(super) const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// The longest pause between two tries to connect.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// The longest and the shortest time between two signs of life.
const LONGEST_PERIOD: Duration = Duration::from_secs(1);
const SHORTEST_PERIOD: Duration = Duration::from_millis(2);

/// A node whose connection is kept until this is dropped.
#[derive(Debug)]
pub(super) struct Kept {
    node: Arc<Node>,
    task: AbortHandle,
}

impl Kept {
    pub(super) fn start(node: Arc<Node>) -> Kept {
        let task = node.shared.runtime.spawn(keep(Arc::clone(&node))).abort_handle();
        Kept { node, task }
    }
}

impl Deref for Kept {
    type Target = Node;

    fn deref(&self) -> &Node {
        &self.node
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.task.abort();
        self.node.close();
    }
}

/// Makes a connection and has the node use it.
pub(super) async fn connect(node: &Arc<Node>) -> Result<(), TierError> {
    let began = Instant::now();
    let connected = timeout(CONNECT_WITHIN, try_connect(node)).await;
    connected.unwrap_or_else(|_| Err(TierError::unreachable(began.elapsed(), None)))
}

async fn try_connect(node: &Arc<Node>) -> Result<(), TierError> {
    let (began, generation) = (Instant::now(), node.next_generation());
    let failed = |error: RedisError| {
        node.shared.note(Some(error.clone()));
        TierError::of_connecting(error, began.elapsed())
    };
    // The callers have their own limits of time.
    let config = AsyncConnectionConfig::new()
        .set_push_sender(listener(node, generation))
        .set_response_timeout(None)
        .set_connection_timeout(None);
    let connecting = node.client.get_multiplexed_async_connection_with_config(&config);
    let mut connection = connecting.await.map_err(failed)?;
    let mut setup = Pipeline::new();
    setup.cmd("CLIENT").arg("TRACKING").arg("ON").arg("OPTOUT");
    ask_for_life(node, &mut setup);
    let sent = node.shared.now();
    let replies = connection.send_packed_commands(&setup, 0, setup.len()).await.map_err(failed)?;
    let Some((tracking, life)) = replies.split_first() else {
        return Err(TierError::unreachable(began.elapsed(), None));
    };
    if let Some(error) = as_error(tracking) {
        return Err(TierError::refused(error));
    }
    match Life::read(life) {
        Life::Serves => node.publish(connection, generation, sent),
        // Others may still be reached through it. It gives no licence yet.
        Life::Pauses => node.publish(connection, generation, 0),
        Life::Ends(error) => {
            let error = error.unwrap_or_else(is_a_replica);
            node.shared.note(Some(error.clone()));
            return Err(TierError::of_connecting(error, began.elapsed()));
        }
    }
    Ok(())
}

fn is_a_replica() -> RedisError {
    let kind = ErrorKind::Server(ServerErrorKind::ReadOnly);
    RedisError::from((kind, "the server is a replica, and a tier needs the primary"))
}

/// Asks whether the server is the one that has the keys.
///
/// A primary that is cut off from the others of its cluster stops serving after a while, and another one takes its
/// place. It still answers a `PING`, so that would be no licence.
fn ask_for_life(node: &Node, commands: &mut Pipeline) {
    commands.cmd("ROLE");
    if node.is_in_cluster {
        commands.cmd("CLUSTER").arg("INFO");
    }
}

/// What a server says of itself.
enum Life {
    /// What it said before this holds.
    Serves,
    /// It waits for its cluster.
    Pauses,
    /// The connection is of no use.
    Ends(Option<RedisError>),
}

impl Life {
    fn read(replies: &[Value]) -> Life {
        for reply in replies {
            match reply {
                // A user who may not ask is trusted to have named a primary.
                Value::ServerError(error) if error.code() == "NOPERM" => {}
                Value::ServerError(error) => return Life::Ends(Some(error.clone().into())),
                Value::Array(role) if !matches!(role.first(), Some(Value::BulkString(role)) if role == b"master") => {
                    return Life::Ends(None);
                }
                other if info_text(other).is_some_and(|info| !is_ok(info)) => return Life::Pauses,
                _ => {}
            }
        }
        Life::Serves
    }
}

fn is_ok(info: &str) -> bool {
    info.lines().any(|line| line.trim() == "cluster_state:ok")
}

/// Runs until it is aborted.
async fn keep(node: Arc<Node>) {
    let mut pause = Duration::ZERO;
    let mut was_connected = node.is_connected();
    loop {
        let live = node.live().borrow().clone();
        if let Some(live) = live {
            pause = Duration::ZERO;
            was_connected = true;
            watch(&node, live).await;
            continue;
        }
        sleep(pause).await;
        match connect(&node).await {
            Ok(()) if was_connected => {
                tell!(info, "the connection to {}, a server of a tier, is made again", node.address);
            }
            Ok(()) => tell!(info, "{} is a server of a tier now", node.address),
            Err(error) => {
                tell!(debug, "{}, a server of a tier, can't be reached: {error}", node.address);
                node.shared.refresh.notify_one();
                pause = (2 * pause).clamp(Duration::from_millis(10), LONGEST_PAUSE);
            }
        }
    }
}

/// Asks for signs of life until the connection is lost.
async fn watch(node: &Node, mut live: Live) {
    let (mut lives, mut required) = (node.live(), node.shared.required());
    let mut signs = Pipeline::new();
    ask_for_life(node, &mut signs);
    loop {
        let sent = node.shared.now();
        match timeout(CONNECT_WITHIN, live.connection.send_packed_commands(&signs, 0, signs.len())).await {
            Ok(Ok(replies)) => match Life::read(&replies) {
                Life::Serves => node.set_heard(live.generation, sent),
                Life::Pauses => node.shared.refresh.notify_one(),
                Life::Ends(error) => return node.lose(live.generation, error.or_else(|| Some(is_a_replica()))),
            },
            Ok(Err(error)) => return node.lose(live.generation, Some(error)),
            Err(_) => return node.lose(live.generation, None),
        }
        // Four times within the shortest staleness, so that one late answer does not end the licence.
        let period = (*required.borrow_and_update() / 4).clamp(SHORTEST_PERIOD, LONGEST_PERIOD);
        let is_other = |now: &Option<Live>| now.as_ref().is_none_or(|now| now.generation != live.generation);
        let lost = async { lives.wait_for(is_other).await.is_ok() };
        let changed = async { required.changed().await.is_ok() };
        match timeout(period, first(lost, changed)).await {
            Ok(First::One(_)) => return,
            Ok(First::Other(_)) | Err(_) => {}
        }
    }
}
