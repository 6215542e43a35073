//! A cluster whose hash slots and nodes change under load.

use super::{
    STALENESS, Shop,
    answer::Answer,
    eventually, is_unreachable,
    process::on_path,
    profile,
    promise::{History, Load},
    recovered,
    server::{SLOTS, Server, id_of},
    shop,
};
use sharded::tier::{Redis, TierError};
use std::{
    process::{Command, Stdio},
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

/// Runs `redis-cli --cluster` with this, on the first node.
async fn manage(server: &Server, command: &str, arguments: &[&str]) {
    let run = async |command: &str, arguments: &[&str]| {
        let mut cli = Command::new("redis-cli");
        cli.args(["--cluster", command, &format!("127.0.0.1:{}", server.port())]).args(arguments);
        cli.stdin(Stdio::null());
        let output = tokio::task::spawn_blocking(move || cli.output().unwrap()).await.unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        (output.status.success(), text)
    };
    for _ in 0..20 {
        let (has_ended, text) = run(command, arguments).await;
        if has_ended {
            return;
        }
        // Valkey gives the replicas two seconds to learn where a slot is, too few on a machine with other work. Then
        // the slot stays between two nodes.
        assert!(text.contains("NOREPLICAS"), "{text}");
        run("fix", &["--cluster-yes"]).await;
    }
    panic!("replicas do not follow");
}

fn start(slots: [&str; 3]) -> Option<Server> {
    if on_path("redis-cli").is_none() {
        eprintln!("skipped: there is no redis-cli");
        return None;
    }
    Server::start_cluster(slots)
}

async fn shops(server: &Server) -> Vec<Arc<Shop>> {
    let mut shops = Vec::new();
    for _ in 0..4 {
        shops.push(Arc::new(shop(server).await));
    }
    shops
}

/// Slots of one node go to another, and slots of that to the third, and no write is lost. The keys of the load are in
/// the slots 2093, 2217, 6156, 6280, 10351, 10475, 14414 and 14538.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slots_move_under_load() {
    let Some(server) = start(SLOTS) else { return };
    let shops = shops(&server).await;
    let settled: Vec<_> = (1_000..3_000_u64).map(|key| (key, key)).collect();
    shops[0].numbers().insert_many(&settled).await.unwrap();
    let load = Load::start(&shops[0], &shops, true);
    load.run(Duration::from_millis(300)).await;
    for (from, to, count) in [(1, 0, "1000"), (0, 2, "2300")] {
        let (from, to) = (id_of(from), id_of(to));
        let arguments = ["--cluster-from", &from, "--cluster-to", &to, "--cluster-slots", count, "--cluster-yes"];
        manage(&server, "reshard", &arguments).await;
        load.run(Duration::from_millis(300)).await;
    }
    let history = load.end().await;
    assert_eq!(history.failed.load(Ordering::Relaxed), 0, "each call finds the node that has the key");
    for (slot, node) in [("6280", 0), ("2217", 2)] {
        let count = server.nodes[node].ask(&["CLUSTER", "COUNTKEYSINSLOT", slot]);
        assert!(matches!(count, Answer::Number(1..)), "the key of slot {slot} is on node {node}: {count:?}");
    }
    let keys: Vec<u64> = settled.iter().map(|(key, _)| *key).collect();
    for shop in &shops {
        let values = shop.numbers().get_many(&keys).await.unwrap();
        for (key, value) in keys.iter().zip(values) {
            assert_eq!(value.as_deref(), Some(key));
        }
    }
}

/// A node gives all of its slots away, leaves, and is stopped for good.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_is_removed() {
    // Fewer slots take less time.
    let Some(mut server) = start(["0-5999", "6000-6499", "6500-16383"]) else { return };
    let shops = shops(&server).await;
    let load = Load::start(&shops[0], &shops, true);
    load.run(Duration::from_millis(300)).await;
    let (from, to) = (id_of(1), id_of(0));
    let arguments = ["--cluster-from", &from, "--cluster-to", &to, "--cluster-slots", "500", "--cluster-yes"];
    manage(&server, "reshard", &arguments).await;
    manage(&server, "del-node", &[&from]).await;
    server.nodes[1].kill();
    load.run(Duration::from_millis(500)).await;
    for shop in &shops {
        eventually("the node is forgotten", async || shop.numbers().tier_stats().is_connected).await;
        recovered(shop).await;
    }
    let history = load.end().await;
    assert_eq!(history.failed.load(Ordering::Relaxed), 0, "no call needs the node that left");
}

/// Keys of two nodes are written, one of which is not there. The braces choose the nodes: the slot of `{b}` is 3300,
/// and that of `{a}` is 15495.
#[tokio::test]
async fn a_write_of_which_a_part_is_done_is_unknown() {
    let Some(mut server) = start(SLOTS) else { return };
    let shop = shop(&server).await;
    let entry = |tag: &str, number: u64| (format!("{{{tag}}}{number}"), profile("ada", number));
    shop.profiles().insert_many(&[entry("a", 0), entry("b", 0)]).await.unwrap();
    server.nodes[2].kill();
    let alone = [entry("a", 1)];
    eventually("the node is missed", async || is_unreachable(&shop.profiles().insert_many(&alone).await)).await;
    let written = shop.profiles().insert_many(&[entry("a", 2), entry("b", 2)]).await;
    assert!(matches!(written, Err(TierError::Unknown { .. })), "{written:?}");
    assert_eq!(shop.profiles().get("{b}2").await.unwrap().map(|profile| profile.visits), Some(2));
    // More than are sent at once, of which only the last fails.
    let mut many: Vec<_> = (3..303).map(|number| entry("b", number)).collect();
    many.push(entry("a", 303));
    let written = shop.profiles().insert_many(&many).await;
    assert!(matches!(written, Err(TierError::Unknown { .. })), "{written:?}");
    let mut only_the_last = many.split_off(many.len() - 1);
    many.truncate(256);
    many.append(&mut only_the_last);
    let written = shop.profiles().insert_many(&many).await;
    assert!(matches!(written, Err(TierError::Unknown { .. })), "{written:?}");
}

/// A node claims a hash slot without having had its keys. The node of before drops them and tells nobody, so what was
/// read from it must be invalid once the claim is known. `.ci/tier` also runs this with near caches that keep such
/// entries (`SHARDED_FAULT=kept_slots`), and it fails then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_read_from_a_node_is_invalid_when_its_slot_leaves() {
    let Some(server) = Server::start_cluster(SLOTS) else { return };
    // Slot 3300, of the first node.
    let shop = async || {
        let redis = Redis::options().prefix("{b}").connect(&server.url()).await.unwrap();
        Shop::builder().redis(redis).build()
    };
    let (writer, reader, history) = (shop().await, shop().await, History::default());
    for key in 0..20 {
        writer.numbers().insert(&key, &1).await.unwrap();
        history.wrote(key, 1);
        assert_eq!(reader.numbers().get(&key).await.unwrap().as_deref(), Some(&1));
    }
    server.nodes[1].ask(&["CLUSTER", "SETSLOT", "3300", "NODE", &id_of(1)]);
    server.nodes[1].ask(&["CLUSTER", "BUMPEPOCH"]);
    eventually("the claim is known", async || server.nodes[0].says(&["CLUSTER", "NODES"], " 3300 ")).await;
    for key in 0..20 {
        writer.numbers().insert(&key, &2).await.unwrap();
        history.wrote(key, 2);
    }
    tokio::time::sleep(2 * STALENESS).await;
    for key in 0..20 {
        let began = Instant::now();
        let value = reader.numbers().get(&key).await.unwrap().as_deref().copied();
        history.check(key, value, began, STALENESS).unwrap();
    }
    assert_eq!(reader.numbers().tier_stats().losses, 0, "no connection was lost");
}

/// Each node is asked once for all keys that it has.
#[tokio::test]
async fn many_keys_take_one_round_trip_for_each_node() {
    let Some(server) = start(SLOTS) else { return };
    let (one, other) = (shop(&server).await, shop(&server).await);
    let entries: Vec<_> = (0..100_u64).map(|key| (key, key)).collect();
    one.numbers().insert_many(&entries).await.unwrap();
    let keys: Vec<u64> = (0..100).collect();
    let mut fewest = u64::MAX;
    for _ in 0..20 {
        other.numbers().clear_near();
        let before = server.reads();
        let values = other.numbers().get_many(&keys).await.unwrap();
        assert!(values.iter().zip(&keys).all(|(value, key)| value.as_deref() == Some(key)));
        fewest = fewest.min(server.reads() - before);
    }
    // Of each node: one for the call, and two for the command that asks for the count, which has a connection of its
    // own with an end. Signs of life, and messages of replicas, come on top in some rounds.
    assert!(fewest <= 3 * (1 + 2), "{fewest} reads");
}
