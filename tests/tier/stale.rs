//! Marked values while the server is away.

use super::{eventually, is_unreachable, redis, server::Server};
use sharded::{
    sharded,
    tier::{MaybeStale, TierError},
};
use std::{collections::HashMap, time::Duration};

const STALENESS: Duration = Duration::from_millis(500);

#[sharded]
struct Shop {
    #[shard(tier = Redis, ttl = "10m", staleness = "500ms", stale = "1m", capacity = 10_000)]
    numbers: HashMap<u64, u64>,
    #[shard(tier = Redis, ttl = "10m", staleness = "500ms", stale = "600ms", capacity = 10_000)]
    briefly: HashMap<u64, u64>,
}

async fn shop(server: &Server) -> Shop {
    Shop::builder().redis(redis(&server.url()).await).build()
}

/// The value and its age.
fn stale(read: Result<Option<MaybeStale<u64>>, TierError>) -> Option<(u64, Duration)> {
    match read.unwrap()? {
        MaybeStale::Stale { value, age } => Some((*value, age)),
        fresh => panic!("{fresh:?}"),
    }
}

async fn fresh(shop: &Shop, key: u64) -> Option<u64> {
    let read = shop.numbers().get_or_stale(&key).await.unwrap()?;
    assert_eq!(read.age(), None, "{read:?}");
    Some(**read.value())
}

#[tokio::test]
async fn values_are_served_while_the_server_is_away() {
    let Some(mut server) = Server::start() else { return };
    let (one, other) = (shop(&server).await, shop(&server).await);
    for key in 0..5 {
        one.numbers().insert(&key, &10).await.unwrap();
        assert_eq!(fresh(&one, key).await, Some(10));
    }
    assert_eq!(fresh(&one, 99).await, None);
    one.briefly().insert(&0, &10).await.unwrap();
    assert_eq!(one.briefly().get(&0).await.unwrap().as_deref(), Some(&10));
    // A value that is known to have changed, one that this process has written, and one that expires.
    other.numbers().insert(&1, &11).await.unwrap();
    one.numbers().insert(&2, &12).await.unwrap();
    other.numbers().expire_in(&3, Duration::from_millis(700)).await.unwrap();
    eventually("it is read with its time", async || {
        let _ = one.numbers().get(&3).await;
        one.numbers().tier_stats().invalidations >= 2
    })
    .await;
    one.numbers().get(&3).await.unwrap();

    server.kill();
    eventually("the server is missed", async || is_unreachable(&one.numbers().get(&0).await)).await;
    tokio::time::sleep(STALENESS).await;
    let (value, age) = stale(one.numbers().get_or_stale(&0).await).expect("it was there");
    assert_eq!(value, 10);
    assert!(age >= STALENESS, "{age:?}");
    assert_eq!(stale(one.numbers().get_or_stale(&4).await).map(|(value, _)| value), Some(10));
    for key in [1, 2, 3, 99] {
        let read = one.numbers().get_or_stale(&key).await;
        assert!(is_unreachable(&read), "key {key}: {read:?}");
    }
    assert_eq!(one.numbers().tier_stats().stale_hits, 2);
    assert!(is_unreachable(&one.numbers().get(&0).await), "only who asks for it gets it");
    // A write that was not sent leaves what is known.
    assert!(is_unreachable(&one.numbers().insert(&4, &13).await));
    assert!(stale(one.numbers().get_or_stale(&4).await).is_some());
    assert!(is_unreachable(&one.briefly().get_or_stale(&0).await), "it is too old");

    // What the server has lost is not served when it is away again.
    server.run_again();
    eventually("the server is back", async || one.numbers().insert(&50, &1).await.is_ok()).await;
    // In a cluster the node of another key may be back later.
    eventually("the loss is seen", async || matches!(one.numbers().get_or_stale(&0).await, Ok(None))).await;
    assert_eq!(fresh(&one, 50).await, Some(1));
    server.kill();
    eventually("the server is missed", async || is_unreachable(&one.numbers().get(&50).await)).await;
    tokio::time::sleep(STALENESS).await;
    assert!(is_unreachable(&one.numbers().get_or_stale(&0).await));
    assert_eq!(stale(one.numbers().get_or_stale(&50).await).map(|(value, _)| value), Some(1));
}

/// A read, a write or a scan has shown something newer, which the near cache does not keep.
#[tokio::test]
async fn what_is_older_than_what_was_seen_is_not_served() {
    let Some(mut server) = Server::start() else { return };
    let (one, other) = (shop(&server).await, shop(&server).await);
    for key in 0..5 {
        one.numbers().insert(&key, &10).await.unwrap();
        assert_eq!(fresh(&one, key).await, Some(10));
    }
    // Of what is written now, nobody tells `one`.
    server.ask(&["CLIENT", "KILL", "TYPE", "normal"]);
    let lost = || one.numbers().tier_stats().losses >= u64::try_from(server.primaries()).unwrap();
    eventually("the connections are lost", async || lost()).await;
    for key in 0..3 {
        eventually("it is written", async || other.numbers().insert(&key, &11).await.is_ok()).await;
    }
    eventually("it is removed", async || matches!(other.numbers().remove(&3).await, Ok(false))).await;

    let mut seen = None;
    let see = |value: &u64| {
        seen = Some(*value);
        false
    };
    eventually("there is a connection", async || one.numbers().remove(&99).await.is_ok()).await;
    assert_eq!(one.numbers().remove_if(&0, see).await.unwrap(), None);
    assert_eq!(seen, Some(11));
    assert_eq!(one.numbers().update(&3, |value| value).await.unwrap(), None);
    let (mut scan, mut scanned) = (one.numbers().scan(), HashMap::new());
    while let Some(page) = scan.next_page().await.unwrap() {
        scanned.extend(page.into_iter().map(|(key, value)| (key, *value)));
    }
    assert_eq!(scanned.get(&1), Some(&11));

    server.kill();
    eventually("the server is missed", async || is_unreachable(&one.numbers().get(&4).await)).await;
    tokio::time::sleep(STALENESS).await;
    for key in [0, 1, 3] {
        let read = one.numbers().get_or_stale(&key).await;
        assert!(is_unreachable(&read), "key {key}: {read:?}");
    }
}

/// A server that is silent, with its connection open.
#[tokio::test]
async fn values_are_served_while_the_server_is_stopped() {
    let Some(server) = Server::start() else { return };
    let one = shop(&server).await;
    one.numbers().insert(&1, &10).await.unwrap();
    assert_eq!(fresh(&one, 1).await, Some(10));
    server.stop();
    tokio::time::sleep(2 * STALENESS).await;
    let (value, age) = stale(one.numbers().get_or_stale(&1).await).expect("it was there");
    assert_eq!(value, 10);
    assert!(age >= STALENESS, "{age:?}");
    server.resume();
    eventually(
        "it is fresh again",
        async || matches!(one.numbers().get_or_stale(&1).await, Ok(Some(MaybeStale::Fresh(value))) if *value == 10),
    )
    .await;
}
