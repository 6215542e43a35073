//! One load per key, over all tasks and processes.

use super::{Shop, answer::Answer, eventually, redis, server::Server, shop};
use sharded::tier::{Redis, TierLoadError};
use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::sync::Notify;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_load_for_four_processes_with_64_tasks_each() {
    let Some(server) = Server::start() else { return };
    let loads = Arc::new(AtomicU64::new(0));
    for key in 0..5 {
        let mut tasks = Vec::new();
        for _ in 0..4 {
            let shop = Arc::new(shop(&server).await);
            for _ in 0..64 {
                let (shop, loads) = (Arc::clone(&shop), Arc::clone(&loads));
                tasks.push(tokio::spawn(async move {
                    let load = || async {
                        let number = loads.fetch_add(1, Ordering::Relaxed);
                        tokio::time::sleep(Duration::from_millis(50)).await;
                        Ok::<_, Infallible>(number)
                    };
                    *shop.numbers().get_or_try_insert_with(&key, load).await.unwrap()
                }));
            }
        }
        for task in tasks {
            assert_eq!(task.await.unwrap(), key, "all get the value of the one load");
        }
    }
    assert_eq!(loads.load(Ordering::Relaxed), 5);
}

#[tokio::test]
async fn a_failed_load_is_told_and_the_next_process_loads() {
    let Some(server) = Server::start() else { return };
    let (one, other) = (Arc::new(shop(&server).await), shop(&server).await);
    let (begun, fail) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let fails = |shop: Arc<Shop>| {
        let (begun, fail) = (Arc::clone(&begun), Arc::clone(&fail));
        tokio::spawn(async move {
            let load = || async {
                begun.notify_one();
                fail.notified().await;
                Err::<u64, _>("no such number")
            };
            shop.numbers().get_or_try_insert_with(&1, load).await
        })
    };
    let first = fails(Arc::clone(&one));
    begun.notified().await;
    // It joins the flight of its process.
    let second = fails(Arc::clone(&one));
    let waits = tokio::spawn(async move {
        let loaded = other.numbers().get_or_try_insert_with(&1, async || Ok::<_, ()>(7)).await;
        (*loaded.unwrap(), other)
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(matches!(server.ask(&["EXISTS", "Shop:numbers:1"]), Answer::Number(1)), "the lease");
    assert_eq!(one.numbers().get(&1).await.unwrap(), None, "a lease is no value");
    assert_eq!(one.numbers().ttl_of(&1).await.unwrap(), None);
    fail.notify_waiters();
    fail.notify_one();
    let failed = first.await.unwrap();
    assert!(matches!(&failed, Err(TierLoadError::Failed(error)) if **error == "no such number"), "{failed:?}");
    let (loaded, other) = waits.await.unwrap();
    assert_eq!(loaded, 7);
    assert_eq!(other.numbers().get(&1).await.unwrap().as_deref(), Some(&7));
    drop(second);
}

#[tokio::test]
async fn a_dropped_load_is_taken_over() {
    let Some(server) = Server::start() else { return };
    let (one, other) = (Arc::new(shop(&server).await), shop(&server).await);
    let begun = Arc::new(Notify::new());
    let stuck = tokio::spawn({
        let (one, begun) = (Arc::clone(&one), Arc::clone(&begun));
        async move {
            let load = || async {
                begun.notify_one();
                std::future::pending::<Result<u64, ()>>().await
            };
            one.numbers().get_or_try_insert_with(&1, load).await
        }
    });
    begun.notified().await;
    let waits =
        tokio::spawn(
            async move { *other.numbers().get_or_try_insert_with(&1, async || Ok::<_, ()>(7)).await.unwrap() },
        );
    stuck.abort();
    assert_eq!(waits.await.unwrap(), 7);
    assert_eq!(one.numbers().get(&1).await.unwrap().as_deref(), Some(&7));
}

#[tokio::test]
async fn a_panic_in_a_load_is_taken_over() {
    let Some(server) = Server::start() else { return };
    let one = Arc::new(shop(&server).await);
    let panics = tokio::spawn({
        let one = Arc::clone(&one);
        async move { one.numbers().get_or_try_insert_with(&1, async || -> Result<u64, ()> { panic!("no") }).await }
    });
    assert!(panics.await.unwrap_err().is_panic());
    assert_eq!(*one.numbers().get_or_try_insert_with(&1, async || Ok::<_, ()>(7)).await.unwrap(), 7);
}

/// The process that holds the lease dies without a word.
#[test]
fn the_lease_of_a_dead_process_ends() {
    let Some(server) = Server::start() else { return };
    let lease = Duration::from_millis(300);
    let dies = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let begun = Arc::new(Notify::new());
    let url = server.url();
    dies.spawn({
        let (begun, url) = (Arc::clone(&begun), url.clone());
        async move {
            let redis = Redis::options().lease(lease).connect(&url).await.unwrap();
            let shop = Shop::builder().redis(redis).build();
            let load = || async {
                begun.notify_one();
                std::future::pending::<Result<u64, ()>>().await
            };
            // The store is never dropped, so nothing is given back.
            let shop: &'static Shop = Box::leak(Box::new(shop));
            shop.numbers().get_or_try_insert_with(&1, load).await
        }
    });
    let lives = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    lives.block_on(async {
        begun.notified().await;
        // A live holder renews its lease.
        tokio::time::sleep(2 * lease).await;
        assert!(matches!(server.ask(&["EXISTS", "Shop:numbers:1"]), Answer::Number(1)));
        // What runs on a runtime that is shut down is dropped outside of it, so nothing can be sent.
        dies.shutdown_background();
        let redis = Redis::options().lease(lease).connect(&url).await.unwrap();
        let shop = Shop::builder().redis(redis).build();
        assert_eq!(*shop.numbers().get_or_try_insert_with(&1, async || Ok::<_, ()>(7)).await.unwrap(), 7);
    });
}

/// A load takes much longer than a lease.
#[tokio::test]
async fn a_slow_load_keeps_its_lease() {
    let Some(server) = Server::start() else { return };
    // A machine with much to do may keep the task that renews it waiting.
    let lease = Duration::from_millis(600);
    let connect = async || Redis::options().lease(lease).connect(&server.url()).await.unwrap();
    let one = Shop::builder().redis(connect().await).build();
    let other = Shop::builder().redis(connect().await).build();
    let loads = AtomicU32::new(0);
    let load = || async {
        loads.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(3 * lease).await;
        Ok::<_, ()>(7)
    };
    let (a, b) =
        tokio::join!(one.numbers().get_or_try_insert_with(&1, load), other.numbers().get_or_try_insert_with(&1, load));
    assert_eq!((*a.unwrap(), *b.unwrap(), loads.load(Ordering::Relaxed)), (7, 7, 1));
}

/// A write or a removal while a load is under way comes first.
#[tokio::test]
async fn a_loaded_value_does_not_replace_what_was_written_meanwhile() {
    let Some(server) = Server::start() else { return };
    let (one, other) = (shop(&server).await, shop(&server).await);
    let written = async {
        other.numbers().insert(&1, &2).await.unwrap();
        Ok::<_, ()>(1)
    };
    let loaded = one.numbers().get_or_try_insert_with(&1, || written).await.unwrap();
    assert_eq!(*loaded, 1, "the caller gets what it loaded");
    assert_eq!(one.numbers().get(&1).await.unwrap().as_deref(), Some(&2));
    assert_eq!(one.numbers().tier_stats().loads_not_stored, 1);

    let removed = async {
        assert!(!other.numbers().remove(&2).await.unwrap());
        Ok::<_, ()>(1)
    };
    one.numbers().get_or_try_insert_with(&2, || removed).await.unwrap();
    assert_eq!(one.numbers().get(&2).await.unwrap(), None);
    assert_eq!(one.numbers().tier_stats().loads_not_stored, 2);

    // By the same process too: a later call does not get what was loaded before.
    let own = async {
        one.numbers().insert(&3, &2).await.unwrap();
        assert_eq!(one.numbers().get(&3).await.unwrap().as_deref(), Some(&2));
        Ok::<_, ()>(1)
    };
    one.numbers().get_or_try_insert_with(&3, || own).await.unwrap();
    assert_eq!(one.numbers().get(&3).await.unwrap().as_deref(), Some(&2));
    let again = one.numbers().get_or_try_insert_with(&3, async || Ok::<_, ()>(9)).await.unwrap();
    assert_eq!(*again, 2);
}

#[tokio::test]
async fn a_loader_that_asks_for_its_own_key_is_told() {
    let Some(server) = Server::start() else { return };
    let shop = Shop::builder().redis(redis(&server.url()).await).build();
    let inner = async {
        let own = Box::pin(shop.numbers().get_or_try_insert_with(&1, async || Ok::<_, ()>(2))).await;
        assert!(matches!(own, Err(TierLoadError::Recursive)), "{own:?}");
        Ok::<_, ()>(1)
    };
    assert_eq!(*shop.numbers().get_or_try_insert_with(&1, || inner).await.unwrap(), 1);
    eventually("it is stored", async || shop.numbers().get(&1).await.unwrap().as_deref() == Some(&1)).await;
}
