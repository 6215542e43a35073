//! What happens when the server is killed, stopped, flushed, full, slow, or somebody else.

use super::{
    STALENESS, Shop, answer::Answer, eventually, is_unreachable, promise::Load, recovered, redis, server::Server, shop,
};
use sharded::tier::{Redis, TierError};
use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

async fn shops(server: &Server) -> Vec<Arc<Shop>> {
    let mut shops = Vec::new();
    for _ in 0..4 {
        shops.push(Arc::new(shop(server).await));
    }
    shops
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_peace() {
    let Some(server) = Server::start() else { return };
    let shops = shops(&server).await;
    let load = Load::start(&shops[0], &shops, true);
    load.run(Duration::from_secs(2)).await;
    let history = load.end().await;
    assert_eq!(history.failed.load(Ordering::Relaxed), 0);
    assert!(shops[1].numbers().tier_stats().near_hits > 100, "{:?}", shops[1].numbers().tier_stats());
}

/// Connections that end by themselves: all that was known is forgotten, and no acknowledged write is lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_are_killed() {
    let Some(server) = Server::start() else { return };
    let shops = shops(&server).await;
    let load = Load::start(&shops[0], &shops, true);
    for _ in 0..10 {
        load.run(Duration::from_millis(200)).await;
        server.ask(&["CLIENT", "KILL", "TYPE", "normal"]);
    }
    load.run(Duration::from_millis(500)).await;
    load.end().await;
    assert!(shops[1].numbers().tier_stats().losses >= 5, "{:?}", shops[1].numbers().tier_stats());
    recovered(&shops[1]).await;
}

/// A half-open connection: nothing says that the server is away.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_is_stopped_for_a_while() {
    let Some(server) = Server::start() else { return };
    let shops = shops(&server).await;
    let load = Load::start(&shops[0], &shops, true);
    load.run(Duration::from_millis(500)).await;
    server.stop();
    tokio::time::sleep(3 * STALENESS).await;
    // Whatever the near caches have is too old now.
    for shop in &shops {
        let read = shop.numbers().get(&1).await;
        assert!(is_unreachable(&read), "{read:?}");
    }
    load.run(Duration::from_secs(6)).await;
    server.resume();
    recovered(&shops[1]).await;
    load.run(Duration::from_millis(500)).await;
    let history = load.end().await;
    assert!(history.failed.load(Ordering::Relaxed) > 0);
}

#[tokio::test]
async fn a_write_that_is_not_answered_is_unknown() {
    let Some(server) = Server::start() else { return };
    let options = Redis::options().patience(Duration::from_millis(200));
    let shop = Shop::builder().redis(options.connect(&server.url()).await.unwrap()).build();
    shop.numbers().insert(&1, &1).await.unwrap();
    assert_eq!(shop.numbers().get(&1).await.unwrap().as_deref(), Some(&1));
    server.stop();
    let written = shop.numbers().insert(&1, &2).await;
    assert!(matches!(written, Err(TierError::Unknown { .. })), "{written:?}");
    let read = shop.numbers().get(&1).await;
    assert!(is_unreachable(&read), "the near entry is dropped: {read:?}");
    server.resume();
    recovered(&shop).await;
    eventually("it was only late", async || shop.numbers().get(&1).await.ok().flatten().as_deref() == Some(&2)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_is_killed_and_comes_back_empty() {
    let Some(mut server) = Server::start() else { return };
    let shops = shops(&server).await;
    for key in 0..100 {
        shops[0].numbers().insert(&key, &key).await.unwrap();
        assert_eq!(shops[1].numbers().get(&key).await.unwrap().as_deref(), Some(&key));
    }
    let load = Load::start(&shops[0], &shops, false);
    load.run(Duration::from_millis(300)).await;
    server.kill();
    tokio::time::sleep(2 * STALENESS).await;
    let (read, written) = (shops[1].numbers().get(&99).await, shops[1].numbers().insert(&99, &1).await);
    assert!(is_unreachable(&read), "{read:?}");
    assert!(is_unreachable(&written), "{written:?}");
    server.run_again();
    recovered(&shops[1]).await;
    // The near caches show that the server has lost it.
    for shop in &shops {
        eventually("the loss is seen", async || matches!(shop.numbers().get(&98).await, Ok(None))).await;
    }
    load.run(Duration::from_millis(500)).await;
    load.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_is_flushed() {
    let Some(server) = Server::start() else { return };
    let shops = shops(&server).await;
    let load = Load::start(&shops[0], &shops, false);
    for command in ["FLUSHALL", "FLUSHDB", "FLUSHALL"] {
        shops[0].numbers().insert(&99, &1).await.unwrap();
        assert_eq!(shops[1].numbers().get(&99).await.unwrap().as_deref(), Some(&1));
        server.ask(&[command]);
        eventually("the flush is seen", async || matches!(shops[1].numbers().get(&99).await, Ok(None))).await;
    }
    load.end().await;
    assert!(shops[1].numbers().tier_stats().flushes >= 1, "{:?}", shops[1].numbers().tier_stats());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_forgets_which_keys_it_tracks() {
    let Some(server) = Server::start_with(&["--tracking-table-max-keys", "3"]) else { return };
    let shops = shops(&server).await;
    let load = Load::start(&shops[0], &shops, true);
    load.run(Duration::from_secs(2)).await;
    load.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_server() {
    let Some(server) = Server::start() else { return };
    let shops = shops(&server).await;
    let load = Load::start(&shops[0], &shops, true);
    for millis in [50, 300, 1_300, 100, 1_700] {
        load.run(Duration::from_millis(100)).await;
        server.stop();
        tokio::time::sleep(Duration::from_millis(millis)).await;
        server.resume();
    }
    load.run(Duration::from_millis(500)).await;
    load.end().await;
}

#[tokio::test]
async fn a_full_server_refuses_and_evicts() {
    // With replicas, what is sent to them takes so much of so little memory that nothing may be left to evict.
    let limits = ["--maxmemory", "4mb", "--maxmemory-policy", "noeviction"];
    let Some(server) = Server::start_one_with(&limits) else { return };
    let shop = shop(&server).await;
    let value = super::profile(&"x".repeat(100_000), 1);
    let mut refused = None;
    for key in 0..200 {
        if let Err(error) = shop.profiles().insert(&format!("{key}"), &value).await {
            refused = Some(error);
            break;
        }
    }
    let refused = refused.expect("more was written than there is room for");
    assert!(matches!(&refused, TierError::Refused { code, .. } if code == "OOM"), "{refused:?}");
    assert!(shop.profiles().get("0").await.unwrap().is_some());

    server.ask(&["CONFIG", "SET", "maxmemory-policy", "allkeys-random"]);
    for key in 0..200 {
        shop.profiles().insert(&format!("{key}"), &value).await.unwrap();
        shop.profiles().get("0").await.unwrap();
    }
    let mut left = 0;
    for key in 0..200 {
        let (near, there) = (shop.profiles().get(&format!("{key}")).await.unwrap(), format!("Shop:profiles:{key}"));
        left += u32::from(near.is_some());
        if near.is_none() {
            assert_eq!(server.ask(&["EXISTS", &there]), Answer::Number(0));
        }
    }
    assert!((1..100).contains(&left), "{left} are left");
}

#[tokio::test]
async fn passwords_and_users() {
    let Some(server) = Server::start_with(&["--requirepass", "secret"]) else { return };
    for login in ["", ":wrong@", "ada:secret@"] {
        let refused = Redis::connect(&server.url_with(login, "")).await.unwrap_err();
        assert!(matches!(refused, TierError::Refused { .. }), "{refused:?}");
        assert!(!format!("{refused:?}").contains("wrong"), "the password is not shown: {refused:?}");
    }
    let shop = Shop::builder().redis(redis(&server.url_with(":secret@", "")).await).build();
    shop.numbers().insert(&1, &1).await.unwrap();
    assert_eq!(shop.numbers().get(&1).await.unwrap().as_deref(), Some(&1));
    assert!(!format!("{shop:?}").contains("secret"));
}

#[tokio::test]
async fn passwords_of_sentinels() {
    let Some(server) = Server::start_with_passwords("secret", "other") else { return };
    let url = server.url_with(":secret@", "");
    let options = [
        Redis::options(),
        Redis::options().sentinel_password("secret"),
        Redis::options().sentinel_user("ada").sentinel_password("other"),
    ];
    for options in options {
        let refused = options.connect(&url).await.unwrap_err();
        assert!(matches!(refused, TierError::Refused { .. }), "{refused:?}");
    }
    for options in [Redis::options(), Redis::options().sentinel_user("default")] {
        let shop = Shop::builder().redis(options.sentinel_password("other").connect(&url).await.unwrap()).build();
        shop.numbers().insert(&1, &1).await.unwrap();
        assert_eq!(shop.numbers().get(&1).await.unwrap().as_deref(), Some(&1));
    }
}

#[tokio::test]
async fn no_server_and_no_url() {
    let unreachable = Redis::connect("redis://127.0.0.1:1").await;
    assert!(is_unreachable(&unreachable), "{unreachable:?}");
    let refused = Redis::connect("127.0.0.1").await;
    assert!(matches!(refused, Err(TierError::Refused { .. })), "{refused:?}");
}

#[tokio::test]
async fn a_replica_is_refused() {
    let Some(server) = Server::start_one() else { return };
    let port = server.port().to_string();
    let Some(replica) = Server::start_one_with(&["--replicaof", "127.0.0.1", &port]) else { return };
    let refused = Redis::connect(&replica.url()).await.unwrap_err();
    assert!(matches!(&refused, TierError::Refused { code, .. } if code == "READONLY"), "{refused:?}");
    // A primary that becomes a replica refuses writes, and is given up until it is a primary again.
    let shop = shop(&server).await;
    shop.numbers().insert(&1, &1).await.unwrap();
    replica.ask(&["REPLICAOF", "NO", "ONE"]);
    server.ask(&["REPLICAOF", "127.0.0.1", &replica.port().to_string()]);
    eventually("writes are refused", async || shop.numbers().insert(&1, &2).await.is_err()).await;
    eventually("reads are refused", async || is_unreachable(&shop.numbers().get(&1).await)).await;
    server.ask(&["REPLICAOF", "NO", "ONE"]);
    recovered(&shop).await;
}
