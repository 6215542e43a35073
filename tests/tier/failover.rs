//! A primary is killed, and a replica takes its place.

use super::{Shop, eventually, promise::Load, recovered, server::Server, shop};
use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_takes_over() {
    let Some(mut server) = Server::start_for_failover() else { return };
    let mut shops = Vec::new();
    for _ in 0..4 {
        shops.push(Arc::new(shop(&server).await));
    }
    // What the replicas have must not be lost.
    let settled: Vec<_> = (1_000..1_300_u64).map(|key| (key, key)).collect();
    shops[0].numbers().insert_many(&settled).await.unwrap();
    let keys: Vec<u64> = settled.iter().map(|(key, _)| *key).collect();
    for shop in &shops {
        shop.numbers().get_many(&keys).await.unwrap();
    }
    server.wait_for_replicas();
    let load = Load::start(&shops[0], &shops, true);
    load.run(Duration::from_millis(500)).await;
    let before = load.history.written();
    server.nodes[0].kill();
    load.history.a_primary_dies();
    // Each key is written again, by whichever server has it now.
    eventually("the new primary takes writes", async || load.history.written_since(&before)).await;
    for shop in &shops {
        recovered(shop).await;
    }
    load.run(Duration::from_secs(1)).await;
    let history = load.end().await;
    assert!(history.failed.load(Ordering::Relaxed) > 0, "the primary was missed");
    for shop in &shops {
        let values = shop.numbers().get_many(&keys).await.unwrap();
        for (key, value) in keys.iter().zip(values) {
            assert_eq!(value.as_deref(), Some(key));
        }
    }
    after(&shops).await;
}

/// The stores work on as before.
async fn after(shops: &[Arc<Shop>]) {
    shops[0].numbers().insert(&500, &1).await.unwrap();
    assert_eq!(shops[1].numbers().get(&500).await.unwrap().as_deref(), Some(&1));
    shops[0].numbers().insert(&500, &2).await.unwrap();
    eventually("the change is pushed", async || shops[1].numbers().get(&500).await.unwrap().as_deref() == Some(&2))
        .await;
    let loaded = shops[2].numbers().get_or_try_insert_with(&501, async || Ok::<_, ()>(7)).await.unwrap();
    assert_eq!(*loaded, 7);
}

/// The primary is silent for so long that another takes its place, and then it is there again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_comes_back_as_a_replica() {
    let Some(server) = Server::start_for_failover() else { return };
    let mut shops = Vec::new();
    for _ in 0..4 {
        shops.push(Arc::new(shop(&server).await));
    }
    let load = Load::start(&shops[0], &shops, true);
    load.run(Duration::from_millis(500)).await;
    let before = load.history.written();
    server.nodes[0].signal("-STOP");
    load.history.a_primary_dies();
    eventually("the new primary takes writes", async || load.history.written_since(&before)).await;
    // It has taken writes by now that it has not executed, and answers them before it hears of the other.
    server.nodes[0].signal("-CONT");
    load.history.a_primary_comes_back();
    load.run(Duration::from_secs(3)).await;
    for shop in &shops {
        recovered(shop).await;
    }
    load.end().await;
    after(&shops).await;
}
