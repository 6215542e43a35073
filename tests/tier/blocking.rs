//! Calls without a tokio runtime.

use super::{Shop, server::Server};
use sharded::tier::{Redis, TierError};
use std::{convert::Infallible, sync::Arc, thread, time::Duration};

#[test]
fn a_program_without_tokio() {
    let Some(server) = Server::start() else { return };
    let redis = Redis::connect_blocking(&server.url()).unwrap();
    assert!(redis.is_connected());
    let shop = Arc::new(Shop::builder().redis(redis.clone()).build());
    redis.block_on(shop.numbers().insert(&1, &10)).unwrap();
    for _ in 0..2 {
        assert_eq!(redis.block_on(shop.numbers().get(&1)).unwrap().as_deref(), Some(&10));
    }
    assert_eq!(shop.numbers().tier_stats().near_hits, 1);
    assert_eq!(redis.block_on(shop.numbers().get_many(&[1, 2])).unwrap(), [Some(Arc::new(10)), None]);

    // Loads, with timers and tasks, from several threads.
    let threads = (0..4).map(|_| {
        let (redis, shop) = (redis.clone(), Arc::clone(&shop));
        thread::spawn(move || {
            let load = async || {
                tokio::time::sleep(Duration::from_millis(20)).await;
                Ok::<_, Infallible>(7)
            };
            *redis.block_on(shop.numbers().get_or_try_insert_with(&3, load)).unwrap()
        })
    });
    for thread in threads.collect::<Vec<_>>() {
        assert_eq!(thread.join().unwrap(), 7);
    }
    assert_eq!(shop.numbers().tier_stats().loads, 1);

    let pages = redis.block_on(async {
        let (mut scan, mut found) = (shop.numbers().scan(), 0);
        while let Some(page) = scan.next_page().await? {
            found += page.len();
        }
        Ok::<_, TierError>(found)
    });
    assert_eq!(pages.unwrap(), 2);
}

#[test]
fn the_thread_of_the_connections_ends_with_them() {
    let Some(server) = Server::start_one() else { return };
    let redis = Redis::connect_blocking(&server.url()).unwrap();
    let clients = || {
        let answer = server.ask(&["CLIENT", "LIST"]);
        format!("{answer:?}").matches("addr=").count() / 2
    };
    assert_eq!(clients(), 2, "that of the tier, and that which asks");
    drop(redis);
    super::common::eventually("the connection is closed", || clients() == 1);
    let refused = Redis::connect_blocking("redis://127.0.0.1:1");
    assert!(matches!(refused, Err(TierError::Unreachable { .. })), "{refused:?}");
}

/// It panics before the call has begun, so nothing was sent.
#[tokio::test]
async fn a_task_is_not_blocked() {
    let Some(server) = Server::start() else { return };
    let redis = super::redis(&server.url()).await;
    let shop = Shop::builder().redis(redis.clone()).build();
    let mut has_begun = false;
    let write = async {
        has_begun = true;
        shop.numbers().insert(&1, &10).await
    };
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| redis.block_on(write)));
    assert!(panic.is_err());
    assert!(!has_begun);
    assert_eq!(shop.numbers().get(&1).await.unwrap(), None);

    // A thread for code that blocks belongs to no task.
    let (blocking, shop) = (redis.clone(), Arc::new(shop));
    let read = tokio::task::spawn_blocking({
        let shop = Arc::clone(&shop);
        move || blocking.block_on(shop.numbers().get(&1))
    });
    assert_eq!(read.await.unwrap().unwrap(), None);
}

#[tokio::test]
async fn a_runtime_is_not_blocked() {
    let panic = std::panic::catch_unwind(|| Redis::connect_blocking("redis://127.0.0.1:1").map(drop));
    assert!(panic.is_err());
}
