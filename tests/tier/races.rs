//! A read and an invalidation of its key, in the order that is hard. `.ci/tier` also runs this with stamps that are
//! taken after the reply (`SHARDED_FAULT=late_stamps`), and it fails then.

use super::{eventually, promise::History, proxy::Proxy, redis, server::Server};
use sharded::sharded;
use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

/// Longer than a reply is held.
const STALENESS: Duration = Duration::from_secs(2);

#[sharded]
struct Shop {
    #[shard(tier = Redis, ttl = "10m", staleness = "2s", capacity = 10_000)]
    numbers: HashMap<u64, u64>,
}

/// A reply passes the client library after the invalidation of what it says. If it is stored, the near cache has an old
/// value that nothing makes invalid any more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_value_is_not_kept_after_its_invalidation() {
    let Some(server) = Server::start_one() else { return };
    let proxy = Proxy::start(server.port());
    let writer = Shop::builder().redis(redis(&server.url()).await).build();
    let reader = Arc::new(Shop::builder().redis(redis(&proxy.url()).await).build());
    let history = History::default();
    for key in 0..20 {
        writer.numbers().insert(&key, &1).await.unwrap();
        history.wrote(key, 1);
        let held = proxy.held();
        proxy.hold_replies();
        let read = tokio::spawn({
            let reader = Arc::clone(&reader);
            async move { reader.numbers().get(&key).await }
        });
        // The server has answered the read before the write, or the write would make no push.
        eventually("the reply is held", async || proxy.held() > held).await;
        writer.numbers().insert(&key, &2).await.unwrap();
        history.wrote(key, 2);
        let began = Instant::now();
        let value = read.await.unwrap().unwrap().as_deref().copied();
        assert!(!proxy.is_holding(), "there was no push");
        history.check(key, value, began, STALENESS).unwrap();
        assert_eq!(value, Some(1), "the reply was of before the write");
    }
    // Any read from now on is of a moment after the writes.
    tokio::time::sleep(2 * STALENESS).await;
    for key in 0..20 {
        let began = Instant::now();
        let value = reader.numbers().get(&key).await.unwrap().as_deref().copied();
        history.check(key, value, began, STALENESS).unwrap();
    }
    assert_eq!(reader.numbers().tier_stats().losses, 0);
}
