//! Login sessions: a random token for each, alive while it is used.

use crate::{Gateway, failure::Failure};
use axum::{
    Json,
    extract::{FromRequestParts, State, rejection::JsonRejection},
    http::{HeaderMap, StatusCode, header, request::Parts},
    response::IntoResponse,
};
use serde::{Deserialize, Serialize};
use sharded::Cause;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

const COOKIE: &str = "session";

/// What a client shows to be known: 128 random bits. Not `Debug`, so that it gets into no log by accident.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Token(u128);

impl Token {
    fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes)?;
        Ok(Token(u128::from_ne_bytes(bytes)))
    }

    fn parse(text: &str) -> Option<Self> {
        let is_token = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_token.then(|| u128::from_str_radix(text, 16).ok().map(Token))?
    }

    fn to_hex(self) -> String {
        format!("{:032x}", self.0)
    }

    /// The token that a request brings, in either of the two ways.
    fn of_request(headers: &HeaderMap) -> Option<Self> {
        let bearer = headers.get(header::AUTHORIZATION).and_then(|value| {
            let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
            scheme.eq_ignore_ascii_case("Bearer").then(|| Token::parse(token.trim()))?
        });
        let cookies = || headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let in_cookie = || {
            cookies().flat_map(|line| line.split(';')).find_map(|cookie| {
                let (name, value) = cookie.trim().split_once('=')?;
                (name == COOKIE).then(|| Token::parse(value))?
            })
        };
        bearer.or_else(in_cookie)
    }
}

/// What is known of one login. By the clock on the wall, since it may be saved and restored in between.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Session {
    user: Arc<str>,
    since: SystemTime,
    requests: u64,
}

/// How many sessions have ended, by how they did.
#[derive(Default)]
pub(crate) struct Endings {
    pub(crate) logged_out: AtomicU64,
    pub(crate) timed_out: AtomicU64,
    pub(crate) for_room: AtomicU64,
}

impl Endings {
    pub(crate) fn count(&self, cause: Cause) {
        let ended = match cause {
            Cause::Expired => &self.timed_out,
            Cause::Evicted => &self.for_room,
            _ => &self.logged_out,
        };
        ended.fetch_add(1, Ordering::Relaxed);
    }
}

/// A handler with this argument asks for a session; without one the request is answered with 401.
pub(crate) struct LoggedIn {
    token: Token,
    user: Arc<str>,
    since: SystemTime,
    requests: u64,
}

impl FromRequestParts<Arc<Gateway>> for LoggedIn {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, gateway: &Arc<Gateway>) -> Result<Self, Failure> {
        let token = Token::of_request(&parts.headers).ok_or_else(Failure::unauthorized)?;
        // A use of the entry: the idle time starts again. What the handler needs is copied out, and the lock is gone.
        let session = gateway.sessions().with_mut(&token, |session| {
            session.requests += 1;
            LoggedIn { token, user: Arc::clone(&session.user), since: session.since, requests: session.requests }
        });
        session.ok_or_else(Failure::unauthorized)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Login {
    user: String,
}

/// Opens a session. Whoever says a name is believed: a real service would look at a password here, before the insert.
pub(crate) async fn log_in(
    State(gateway): State<Arc<Gateway>>,
    login: Result<Json<Login>, JsonRejection>,
) -> Result<impl IntoResponse, Failure> {
    let Json(Login { user }) = login?;
    if user.trim().is_empty() || user.len() > 64 || user.chars().any(char::is_control) {
        return Err(Failure::new(StatusCode::UNPROCESSABLE_ENTITY, "a user is a name of at most 64 bytes"));
    }
    let token = Token::random().map_err(|error| Failure::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string()))?;
    let session = Session { user: user.as_str().into(), since: SystemTime::now(), requests: 0 };
    gateway.sessions().insert(token, session);

    let token = token.to_hex();
    // Scripts can't read it and other sites can't send it. Behind TLS add `Secure`.
    let cookie = format!("{COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict");
    let body = serde_json::json!({ "user": user, "token": token });
    Ok((StatusCode::CREATED, [(header::SET_COOKIE, cookie)], Json(body)))
}

/// Ends the session.
pub(crate) async fn log_out(State(gateway): State<Arc<Gateway>>, session: LoggedIn) -> impl IntoResponse {
    gateway.sessions().remove(&session.token);
    let forget = format!("{COOKIE}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
    (StatusCode::NO_CONTENT, [(header::SET_COOKIE, forget)])
}

#[derive(Serialize)]
pub(crate) struct Profile {
    user: String,
    requests: u64,
    logged_in_s: f64,
    /// When the session ends if it is not used.
    ends_in_s: f64,
}

/// Who the client is, as far as it is known here.
pub(crate) async fn show(State(gateway): State<Arc<Gateway>>, session: LoggedIn) -> Json<Profile> {
    // The session may have been ended by another request since, so this has an answer for that.
    let left = gateway.sessions().ttl_of(&session.token).unwrap_or(Duration::ZERO);
    Json(Profile {
        user: session.user.to_string(),
        requests: session.requests,
        logged_in_s: session.since.elapsed().unwrap_or_default().as_secs_f64(),
        ends_in_s: left.as_secs_f64(),
    })
}
