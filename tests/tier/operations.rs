//! Every operation does what it says, as two processes see it.

use super::{
    Place, Shop,
    answer::Answer,
    eventually, profile, redis,
    server::{Deployment, Server, deployment},
    shop,
};
use crate::common::threads::Dice;
use sharded::{Field, Store, snapshot::Snapshot as _, tier::Redis};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::{Duration, Instant},
};

#[tokio::test]
async fn what_is_inserted_is_read_by_all() {
    let Some(server) = Server::start() else { return };
    let (one, other) = (shop(&server).await, shop(&server).await);
    assert_eq!(one.profiles().get("ada").await.unwrap(), None);
    one.profiles().insert("ada", &profile("Ada", 1)).await.unwrap();
    for shop in [&one, &other, &one, &other] {
        let found = shop.profiles().get("ada").await.unwrap().expect("it is there");
        assert_eq!(*found, profile("Ada", 1));
        assert_eq!(shop.profiles().with("ada", |ada| ada.visits).await.unwrap(), Some(1));
    }
    // The second read of each came from its near cache.
    assert!(other.profiles().tier_stats().near_hits >= 2, "{:?}", other.profiles().tier_stats());
    assert_eq!(other.profiles().tier_stats().remote_hits, 1);
    assert!(matches!(server.ask(&["EXISTS", "Shop:profiles:ada"]), Answer::Number(1)));

    assert!(other.profiles().remove("ada").await.unwrap());
    assert!(!other.profiles().remove("ada").await.unwrap());
    assert_eq!(other.profiles().get("ada").await.unwrap(), None);
    eventually("the removal is seen", async || one.profiles().get("ada").await.unwrap().is_none()).await;
}

#[tokio::test]
async fn a_change_is_pushed_to_the_other_near_caches() {
    let Some(server) = Server::start() else { return };
    let (one, other) = (shop(&server).await, shop(&server).await);
    one.numbers().insert(&1, &10).await.unwrap();
    assert_eq!(other.numbers().get(&1).await.unwrap().as_deref(), Some(&10));
    let before = other.numbers().tier_stats();
    one.numbers().insert(&1, &11).await.unwrap();
    eventually("the change is seen", async || other.numbers().get(&1).await.unwrap().as_deref() == Some(&11)).await;
    let since = other.numbers().tier_stats() - before;
    assert!(since.invalidations >= 1, "{since:?}");
    assert_eq!(since.remote_hits, 1, "the value was read anew, once: {since:?}");
}

#[tokio::test]
async fn keys_of_any_form() {
    let Some(server) = Server::start() else { return };
    let (one, other) = (shop(&server).await, shop(&server).await);
    let keys = [
        Place::Home,
        Place::Street { name: "Home".to_owned(), number: 0 },
        Place::Street { name: "a:*?[\\".to_owned(), number: 7 },
    ];
    for (key, value) in keys.iter().zip(0_u8..) {
        one.places().insert(key, &vec![value; 3]).await.unwrap();
    }
    for (key, value) in keys.iter().zip(0_u8..) {
        assert_eq!(other.places().get(key).await.unwrap().as_deref(), Some(&vec![value; 3]));
    }
    assert!(matches!(server.ask(&["EXISTS", "Shop:places:Home"]), Answer::Number(1)));
    let mut scan = other.places().scan();
    let mut found = HashMap::new();
    while let Some(page) = scan.next_page().await.unwrap() {
        found.extend(page);
    }
    assert_eq!(found.len(), 3);
    assert_eq!(*found[&keys[2]], [2; 3]);
}

#[tokio::test]
async fn times_to_live() {
    let Some(server) = Server::start() else { return };
    let shop = shop(&server).await;
    let numbers = shop.numbers();
    numbers.insert(&1, &1).await.unwrap();
    let left = numbers.ttl_of(&1).await.unwrap().unwrap();
    assert!(left <= Duration::from_mins(10) && left > Duration::from_mins(9), "{left:?}");
    assert!(numbers.expire_in(&1, Duration::from_secs(100)).await.unwrap());
    assert!(numbers.ttl_of(&1).await.unwrap().unwrap() <= Duration::from_secs(100));
    numbers.update(&1, |old| old.map(|old| old + 1)).await.unwrap();
    assert!(numbers.ttl_of(&1).await.unwrap().unwrap() <= Duration::from_secs(100), "a change does not restart it");
    assert!(numbers.touch(&1).await.unwrap());
    assert!(numbers.ttl_of(&1).await.unwrap().unwrap() > Duration::from_secs(100));
    assert!(!numbers.touch(&2).await.unwrap());
    assert!(!numbers.expire_in(&2, Duration::from_secs(1)).await.unwrap());
    assert_eq!(numbers.ttl_of(&2).await.unwrap(), None);

    numbers.insert_with_ttl(&1, &1, Duration::from_millis(50)).await.unwrap();
    eventually("it expires", async || numbers.get(&1).await.unwrap().is_none()).await;
    numbers.insert(&1, &1).await.unwrap();
    numbers.insert_with_ttl(&1, &2, Duration::ZERO).await.unwrap();
    assert_eq!(numbers.get(&1).await.unwrap(), None, "a time of zero is over at once");
    numbers.insert(&1, &1).await.unwrap();
    assert!(numbers.expire_in(&1, Duration::ZERO).await.unwrap());
    assert_eq!(numbers.get(&1).await.unwrap(), None);
    numbers.insert_with_ttl(&1, &1, Duration::MAX).await.unwrap();
    assert_eq!(numbers.ttl_of(&1).await.unwrap(), Some(Duration::MAX));

    // A field without a ttl.
    shop.places().insert(&Place::Home, &vec![1]).await.unwrap();
    assert_eq!(shop.places().ttl_of(&Place::Home).await.unwrap(), Some(Duration::MAX));
    shop.places().expire_in(&Place::Home, Duration::from_secs(100)).await.unwrap();
    assert!(shop.places().touch(&Place::Home).await.unwrap());
    assert_eq!(shop.places().ttl_of(&Place::Home).await.unwrap(), Some(Duration::MAX));
}

/// An entry that the near cache has is not served after its time on the server, however long the staleness.
#[tokio::test]
async fn a_near_entry_expires_with_that_of_the_server() {
    let Some(server) = Server::start() else { return };
    let (one, other) = (shop(&server).await, shop(&server).await);
    for round in 0..20 {
        let ttl = Duration::from_millis(30);
        let sent = Instant::now();
        one.numbers().insert_with_ttl(&round, &1, ttl).await.unwrap();
        let written = Instant::now();
        loop {
            let asked = Instant::now();
            if other.numbers().get(&round).await.unwrap().is_none() {
                assert!(Instant::now() > sent + ttl.saturating_sub(Duration::from_millis(2)), "gone before its end");
                break;
            }
            assert!(asked < written + ttl + Duration::from_millis(20), "read after its end");
        }
    }
}

#[tokio::test]
async fn conditions_and_changes() {
    let Some(server) = Server::start() else { return };
    let shop = shop(&server).await;
    let numbers = shop.numbers();
    assert!(numbers.insert_if_absent(&1, &1).await.unwrap());
    assert!(!numbers.insert_if_absent(&1, &2).await.unwrap());
    assert_eq!(numbers.get(&1).await.unwrap().as_deref(), Some(&1));
    assert_eq!(numbers.remove_if(&1, |value| *value == 2).await.unwrap(), None);
    assert_eq!(numbers.remove_if(&1, |value| *value == 1).await.unwrap().as_deref(), Some(&1));
    assert_eq!(numbers.remove_if(&1, |_| true).await.unwrap(), None);
    assert_eq!(numbers.update(&1, |old| old.map(|_| 9)).await.unwrap(), None, "absent stays absent");
    assert_eq!(numbers.update(&1, |old| Some(old.unwrap_or(0) + 1)).await.unwrap().as_deref(), Some(&1));
    assert_eq!(numbers.update(&1, |_| None).await.unwrap(), None);
    assert_eq!(numbers.get(&1).await.unwrap(), None);
}

/// No increment is lost, whoever makes it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_updates_all_count() {
    let Some(server) = Server::start() else { return };
    let mut tasks = Vec::new();
    for _ in 0..4 {
        let shop = shop(&server).await;
        tasks.push(tokio::spawn(async move {
            for _ in 0..50 {
                shop.numbers().update(&1, |old| Some(old.unwrap_or(0) + 1)).await.unwrap();
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(shop(&server).await.numbers().get(&1).await.unwrap().as_deref(), Some(&200));
}

#[tokio::test]
async fn many_at_once() {
    let Some(server) = Server::start() else { return };
    let (one, other) = (shop(&server).await, shop(&server).await);
    let entries: Vec<_> = (0..10_000_u64).map(|key| (key, key * key)).collect();
    one.numbers().insert_many(&entries).await.unwrap();
    let keys: Vec<u64> = (9_900..10_100).collect();
    let values = other.numbers().get_many(&keys).await.unwrap();
    for (key, value) in keys.iter().zip(&values) {
        assert_eq!(value.as_deref().copied(), Some(key * key).filter(|_| *key < 10_000));
    }
    let again = other.numbers().get_many(&keys).await.unwrap();
    assert_eq!(again, values);
    assert!(other.numbers().tier_stats().near_hits >= 100);
    assert_eq!(other.numbers().get_many(&[]).await.unwrap(), []);

    // Other fields, and a lease, are no entries.
    one.places().insert(&Place::Home, &vec![1]).await.unwrap();
    let mut scan = other.numbers().scan();
    let mut found = BTreeMap::new();
    while let Some(page) = scan.next_page().await.unwrap() {
        found.extend(page.into_iter().map(|(key, value)| (key, *value)));
    }
    assert_eq!(found, entries.into_iter().collect::<BTreeMap<_, _>>());
    assert!(scan.next_page().await.unwrap().is_none());
}

#[tokio::test]
async fn a_big_value() {
    let Some(server) = Server::start() else { return };
    let (one, other) = (shop(&server).await, shop(&server).await);
    let name = "x".repeat(5 << 20);
    one.profiles().insert("big", &profile(&name, 1)).await.unwrap();
    assert_eq!(other.profiles().with("big", |big| big.name == name).await.unwrap(), Some(true));
    assert_eq!(other.profiles().with("big", |big| big.visits).await.unwrap(), Some(1));
    one.profiles().insert("", &profile("", 0)).await.unwrap();
    assert_eq!(other.profiles().get("").await.unwrap().as_deref(), Some(&profile("", 0)));
}

/// Calls in any order, compared with a plain map.
#[tokio::test]
async fn random_operations_agree_with_a_model() {
    let Some(server) = Server::start() else { return };
    let shop = shop(&server).await;
    let (numbers, mut model) = (shop.numbers(), HashMap::new());
    let mut random = Dice::new(1);
    let mut dice = move |below: u64| random.below(below);
    for step in 0..4_000 {
        let (key, value) = (dice(20), dice(1_000));
        match dice(9) {
            0 => {
                numbers.insert(&key, &value).await.unwrap();
                model.insert(key, value);
            }
            1 => assert_eq!(numbers.remove(&key).await.unwrap(), model.remove(&key).is_some(), "step {step}"),
            2 => {
                let stored = numbers.insert_if_absent(&key, &value).await.unwrap();
                assert_eq!(stored, !model.contains_key(&key), "step {step}");
                model.entry(key).or_insert(value);
            }
            3 => {
                let even = |value: &u64| value.is_multiple_of(2);
                let removed = numbers.remove_if(&key, even).await.unwrap();
                assert_eq!(removed.as_deref().copied(), model.get(&key).copied().filter(even), "step {step}");
                model.retain(|at, value| *at != key || !even(value));
            }
            4 => {
                let change = |old: Option<u64>| old.map_or(Some(value), |old| old.checked_sub(value));
                let changed = numbers.update(&key, change).await.unwrap().as_deref().copied();
                let expected = change(model.remove(&key));
                model.extend(expected.map(|value| (key, value)));
                assert_eq!(changed, expected, "step {step}");
            }
            5 => {
                let loaded = numbers.get_or_try_insert_with(&key, async || Ok::<_, ()>(value)).await.unwrap();
                assert_eq!(*loaded, *model.entry(key).or_insert(value), "step {step}");
            }
            6 => {
                let keys: Vec<u64> = (0..20).collect();
                let values = numbers.get_many(&keys).await.unwrap();
                let values: Vec<_> = values.iter().map(|value| value.as_deref().copied()).collect();
                let expected: Vec<_> = keys.iter().map(|key| model.get(key).copied()).collect();
                assert_eq!(values, expected, "step {step}");
            }
            _ => {
                let value = numbers.get(&key).await.unwrap().as_deref().copied();
                assert_eq!(value, model.get(&key).copied(), "step {step}");
            }
        }
    }
}

#[tokio::test]
async fn prefixes_and_databases_are_apart() {
    let Some(server) = Server::start() else { return };
    let prefixed = Redis::options().prefix("{app}*:").connect(&server.url()).await.unwrap();
    let mut all = vec![redis(&server.url()).await, prefixed];
    // A cluster has one database.
    if deployment() != Deployment::Cluster {
        all.push(Redis::options().database(3).connect(&server.url()).await.unwrap());
        all.push(redis(&server.url_with("", "/4")).await);
    }
    let shops: Vec<_> = all.into_iter().map(|redis| Shop::builder().redis(redis).build()).collect();
    for (shop, value) in shops.iter().zip(0..) {
        shop.numbers().insert(&1, &value).await.unwrap();
    }
    for (shop, value) in shops.iter().zip(0_u64..) {
        assert_eq!(shop.numbers().get(&1).await.unwrap().as_deref(), Some(&value));
        let (mut scan, mut found) = (shop.numbers().scan(), Vec::new());
        while let Some(page) = scan.next_page().await.unwrap() {
            found.extend(page);
        }
        assert_eq!(found.len(), 1, "{found:?}");
    }
    assert!(matches!(server.ask(&["EXISTS", "{app}*:Shop:numbers:1"]), Answer::Number(1)));
}

/// A store has tiered and other fields. What it does with all of them is local.
#[tokio::test]
async fn the_store_sees_the_near_cache() {
    let Some(server) = Server::start() else { return };
    let shop = shop(&server).await;
    shop.numbers().insert(&1, &1).await.unwrap();
    shop.numbers().get(&1).await.unwrap();
    shop.local().insert(1, 1);
    let mut fields = Vec::new();
    shop.visit(&mut |field| fields.push((field.name(), field.len())));
    assert_eq!(fields, [("numbers", 1), ("profiles", 0), ("places", 0), ("local", 1)]);
    assert_eq!(Field::capacity(shop.numbers()), Some(10_000));
    shop.clear();
    assert_eq!(Field::len(shop.numbers()), 0);
    assert_eq!(shop.numbers().get(&1).await.unwrap().as_deref(), Some(&1), "the server keeps it");
    shop.numbers().clear_near();
    assert_eq!(Field::len(shop.numbers()), 0);
    assert!(format!("{shop:?}").contains("TieredMap"), "{shop:?}");
}

#[tokio::test]
async fn exporters_have_the_series_of_the_tier() {
    let Some(server) = Server::start() else { return };
    let shop = Arc::new(shop(&server).await);
    shop.numbers().insert(&1, &1).await.unwrap();
    for key in [1, 1, 1, 2] {
        shop.numbers().get(&key).await.unwrap();
    }
    assert_eq!(Field::tier_stats(shop.numbers()).map(|stats| stats.reads()), Some(4));
    assert_eq!(Field::tier_stats(shop.local()), None);
    let mut registry = prometheus_client::registry::Registry::default();
    registry.register_collector(Box::new(sharded::export::prometheus::Collector::new(Arc::clone(&shop))));
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
    let labels = "{store=\"Shop\",field=\"numbers\"";
    for line in [
        format!("sharded_tier_reads_total{labels},result=\"near\"}} 2"),
        format!("sharded_tier_reads_total{labels},result=\"remote\"}} 1"),
        format!("sharded_tier_reads_total{labels},result=\"miss\"}} 1"),
        format!("sharded_tier_connected{labels}}} 1"),
        format!("sharded_tier_lag_seconds{labels}}} 0."),
    ] {
        assert!(text.contains(&line), "{line}\n{text}");
    }
    assert!(!text.contains("sharded_tier_reads_total{store=\"Shop\",field=\"local\""), "{text}");
}

#[sharded::sharded(snapshot)]
struct Saved {
    #[shard(tier = Redis, ttl = "10m")]
    remote: HashMap<u64, u64>,
    #[shard(ttl = "10m")]
    local: HashMap<u64, u64>,
}

#[tokio::test]
async fn a_snapshot_leaves_tiered_fields_out() {
    let Some(server) = Server::start() else { return };
    let saved = Saved::builder().redis(redis(&server.url()).await).build();
    saved.remote().insert(&1, &1).await.unwrap();
    saved.remote().get(&1).await.unwrap();
    saved.local().insert(2, 2);
    let mut file = Vec::new();
    assert_eq!(saved.save(&mut file).unwrap(), 1);
    let restored = Saved::builder().redis(redis(&server.url()).await).build();
    assert_eq!(restored.restore(&file[..]).unwrap().entries, 1);
    assert_eq!(restored.local().get(&2), Some(2));
}
