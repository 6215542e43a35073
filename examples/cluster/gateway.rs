//! One gateway. Its sessions are on the server, so any other gateway knows them too.

use axum::{
    Router,
    extract::{Path, State},
    http::StatusCode,
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use sharded::{
    sharded,
    tier::{Redis, TierError},
};
use std::{collections::HashMap, error::Error, io::Write, sync::Arc};
use tokio::net::TcpListener;

#[derive(Serialize, Deserialize)]
struct Session {
    user: String,
}

#[sharded]
struct Gateway {
    /// A session ends half an hour after its login. A logout on another gateway is seen here within a second, however
    /// the connection to the server is.
    #[shard(tier = Redis, ttl = "30m", staleness = "1s", capacity = 100_000)]
    sessions: HashMap<String, Session>,
}

/// Serves on a port that it prints, until the process is killed.
pub(crate) fn serve(redis: &str) -> Result<(), Box<dyn Error>> {
    tokio::runtime::Runtime::new()?.block_on(async {
        let gateway = Arc::new(Gateway::builder().redis(Redis::connect(redis).await?).build());
        let router = Router::new()
            .route("/login/{user}", post(login))
            .route("/session/{id}", get(session))
            .route("/logout/{id}", post(logout))
            .with_state(gateway);
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?);
        std::io::stdout().flush()?;
        axum::serve(listener, router).await?;
        Ok(())
    })
}

async fn login(State(gateway): State<Arc<Gateway>>, Path(user): Path<String>) -> Result<String, Failure> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(|error| Failure(error.to_string()))?;
    let id = format!("{:032x}", u128::from_be_bytes(random));
    gateway.sessions().insert(&id, &Session { user }).await?;
    Ok(id)
}

async fn session(State(gateway): State<Arc<Gateway>>, Path(id): Path<String>) -> Result<String, Failure> {
    let user = gateway.sessions().with(&id, |session| session.user.clone()).await?;
    Ok(user.unwrap_or_else(|| "nobody".to_owned()))
}

async fn logout(State(gateway): State<Arc<Gateway>>, Path(id): Path<String>) -> Result<String, Failure> {
    let was_there = gateway.sessions().remove(&id).await?;
    Ok(if was_there { "the session has ended" } else { "there was no such session" }.to_owned())
}

/// The server of the sessions can't be asked, so this gateway can't answer either.
struct Failure(String);

impl From<TierError> for Failure {
    fn from(error: TierError) -> Self {
        Failure(error.to_string())
    }
}

impl axum::response::IntoResponse for Failure {
    fn into_response(self) -> axum::response::Response {
        (StatusCode::SERVICE_UNAVAILABLE, self.0).into_response()
    }
}
