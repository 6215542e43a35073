//! Tiered fields keep their promise on real servers: a read returns what the server held within the last staleness, and
//! a process sees its own writes.
//!
//! The server is the program that `SHARDED_TIER_SERVER` names, or else `redis-server` or `valkey-server` on the path.
//! `SHARDED_TIER_DEPLOYMENT` says whether the tests run on `one` of them, as without it, on a primary with replicas and
//! Sentinels (`sentinel`), or on a `cluster`. Where there is no server, the tests are skipped and say so. `.ci/tier`
//! installs both servers and runs the tests on each. Every test has servers of its own, on the loopback interface.

mod answer;
mod blocking;
mod cluster;
#[path = "../common/mod.rs"]
mod common;
mod events;
mod failover;
mod faults;
mod foreign;
mod loads;
mod network;
mod operations;
mod process;
mod processes;
mod promise;
mod proxy;
mod races;
mod server;
mod stale;
mod tls;

use serde::{Deserialize, Serialize};
use server::Server;
use sharded::{
    sharded,
    tier::{Redis, TierError},
};
use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

/// The staleness of the fields below.
const STALENESS: Duration = Duration::from_secs(1);

#[derive(Serialize, Deserialize, Clone, PartialEq, Eq, Debug)]
struct Profile {
    name: String,
    visits: u64,
}

#[derive(Serialize, Deserialize, Clone, PartialEq, Eq, Hash, Debug)]
enum Place {
    Home,
    Street { name: String, number: u32 },
}

#[sharded]
struct Shop {
    #[shard(tier = Redis, ttl = "10m", staleness = "1s", capacity = 10_000)]
    numbers: HashMap<u64, u64>,
    #[shard(tier = Redis, ttl = "10m", staleness = "1s", capacity = 10_000, lock = RwLock)]
    profiles: HashMap<String, Profile>,
    /// The same entries on the server as far as it is told, with another version.
    #[shard(tier = Redis, unbounded = "tests write few", staleness = "1s", schema = 7)]
    places: HashMap<Place, Vec<u8>>,
    #[shard(ttl = "1h")]
    local: HashMap<u64, u64>,
}

/// What a further process would be.
async fn shop(server: &Server) -> Shop {
    Shop::builder().redis(redis(&server.url()).await).build()
}

async fn redis(url: &str) -> Redis {
    Redis::connect(url).await.expect("the server takes connections")
}

fn profile(name: &str, visits: u64) -> Profile {
    Profile { name: name.to_owned(), visits }
}

/// Waits until something is so. How soon is not tested.
async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let start = Instant::now();
    while !holds().await {
        assert!(start.elapsed() < Duration::from_mins(2), "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Waits until a connection is there again, and for writes to be taken.
async fn recovered(shop: &Shop) {
    eventually("the connection is made again", async || shop.numbers().insert(&u64::MAX, &0).await.is_ok()).await;
}

fn is_unreachable<T>(result: &Result<T, TierError>) -> bool {
    matches!(result, Err(TierError::Unreachable { .. }))
}
