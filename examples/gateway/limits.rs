//! The limit per client: a fixed window, opened by the first request in it.

use crate::{Gateway, failure::Failure};
use axum::{
    extract::{ConnectInfo, Request, State},
    http::{StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

/// Counts a request and lets it pass, or answers 429 in its place.
pub(crate) async fn count(
    State(gateway): State<Arc<Gateway>>,
    ConnectInfo(client): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    match gateway.admit(client.ip()) {
        Ok(()) => next.run(request).await,
        Err(wait) => refuse(wait),
    }
}

impl Gateway {
    /// Counts a request of a client. Above the limit, says how long until its window ends.
    fn admit(&self, client: IpAddr) -> Result<(), Duration> {
        // In one critical section, so that two requests at a time are two. The ttl runs from the first: no reset job,
        // and a client that keeps asking while it is refused does not put off the end of its window.
        let one_more = |calls: &mut u32| {
            *calls = calls.saturating_add(1);
            *calls
        };
        let calls = self.calls().upsert(client, || 1, one_more).unwrap_or(1);
        if calls <= self.config.limit {
            return Ok(());
        }
        // The window may have ended since.
        Err(self.calls().ttl_of(&client).unwrap_or_default())
    }
}

fn refuse(wait: Duration) -> Response {
    // Whole seconds, so that whoever waits that long is served: rounded up, with one step of the store's clock to
    // spare.
    let seconds = (wait + Duration::from_millis(10)).as_millis().div_ceil(1000);
    let failure = Failure::new(StatusCode::TOO_MANY_REQUESTS, format!("too many requests; again in {seconds} s"));
    ([(header::RETRY_AFTER, seconds.to_string())], failure).into_response()
}
