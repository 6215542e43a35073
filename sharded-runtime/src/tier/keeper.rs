//! The task that keeps a connection: it makes it, asks for signs of life, and makes it again.

use super::{
    error::TierError,
    link::{Link, Live, as_error, listener},
};
use redis::{AsyncConnectionConfig, Pipeline, RedisError, Value};
use std::{sync::Arc, time::Duration};
use tokio::time::{Instant, sleep, timeout};

/// How long a connection may take to be made, and a `PING` to be answered.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// The longest pause between two tries to connect.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// The longest and the shortest time between two signs of life.
const LONGEST_PERIOD: Duration = Duration::from_secs(1);
const SHORTEST_PERIOD: Duration = Duration::from_millis(2);

/// Makes a connection and has the link use it.
pub(super) async fn connect(link: &Arc<Link>) -> Result<(), TierError> {
    let began = Instant::now();
    let connected = timeout(CONNECT_WITHIN, try_connect(link)).await;
    connected.unwrap_or_else(|_| Err(TierError::unreachable(began.elapsed(), None)))
}

async fn try_connect(link: &Arc<Link>) -> Result<(), TierError> {
    let (began, generation) = (Instant::now(), link.next_generation());
    let failed = |error: RedisError| {
        link.note(Some(error.clone()));
        TierError::of_connecting(error, began.elapsed())
    };
    // The link has its own limits of time.
    let config = AsyncConnectionConfig::new()
        .set_push_sender(listener(link, generation))
        .set_response_timeout(None)
        .set_connection_timeout(None);
    let connecting = link.client.get_multiplexed_async_connection_with_config(&config);
    let mut connection = connecting.await.map_err(failed)?;
    let mut setup = Pipeline::new();
    setup.cmd("CLIENT").arg("TRACKING").arg("ON").arg("OPTIN").cmd("ROLE");
    let sent = link.now();
    let replies = connection.send_packed_commands(&setup, 0, 2).await.map_err(failed)?;
    let [tracking, role] = &replies[..] else { return Err(TierError::unreachable(began.elapsed(), None)) };
    if let Some(error) = as_error(tracking) {
        return Err(TierError::refused(error));
    }
    // A user who may not ask for the role is trusted to have named the primary.
    if let Value::Array(role) = role
        && !matches!(role.first(), Some(Value::BulkString(role)) if role == b"master")
    {
        let message = "the server is a replica, and a tier needs the primary".to_owned();
        return Err(TierError::Refused { code: "READONLY".to_owned(), message });
    }
    link.publish(Live { connection, generation });
    link.set_heard(sent);
    Ok(())
}

/// Runs until it is aborted.
pub(super) async fn keep(link: Arc<Link>) {
    let mut pause = Duration::ZERO;
    loop {
        let live = link.live().borrow().clone();
        if let Some(live) = live {
            pause = Duration::ZERO;
            ask(&link, live).await;
            continue;
        }
        sleep(pause).await;
        match connect(&link).await {
            Ok(()) => log::info!(target: "sharded", "the connection to the server of a tier is made again"),
            Err(error) => {
                log::debug!(target: "sharded", "the server of a tier can't be reached: {error}");
                pause = (2 * pause).clamp(Duration::from_millis(10), LONGEST_PAUSE);
            }
        }
    }
}

/// Asks for signs of life until the connection is lost.
async fn ask(link: &Link, mut live: Live) {
    let (mut lives, mut required) = (link.live(), link.required());
    let ping = redis::cmd("PING");
    loop {
        let sent = link.now();
        match timeout(CONNECT_WITHIN, live.connection.send_packed_command(&ping)).await {
            Ok(Ok(Value::ServerError(error))) => return link.lose(live.generation, Some(error.into())),
            Ok(Ok(_)) => link.set_heard(sent),
            Ok(Err(error)) => return link.lose(live.generation, Some(error)),
            Err(_) => return link.lose(live.generation, None),
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

/// Which of two futures was ready first.
enum First<A, B> {
    One(A),
    Other(B),
}

async fn first<A, B>(one: impl Future<Output = A>, other: impl Future<Output = B>) -> First<A, B> {
    let (mut one, mut other) = (std::pin::pin!(one), std::pin::pin!(other));
    std::future::poll_fn(|context| {
        if let std::task::Poll::Ready(one) = one.as_mut().poll(context) {
            return std::task::Poll::Ready(First::One(one));
        }
        other.as_mut().poll(context).map(First::Other)
    })
    .await
}
