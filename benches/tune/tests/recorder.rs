//! What a recorder writes is what was done to the store, and can be replayed.

use proptest::prelude::{ProptestConfig, prop_assert, proptest};
use sharded::{Change, Stats, Store, sharded};
use sharded_bench_common::random::{RngExt, seeded};
use sharded_tune::workload::{FieldWorkload, Workload};
use std::{
    collections::{HashMap, HashSet},
    pin::pin,
    task::{Context, Waker},
    thread,
    time::Duration,
};

#[sharded(record, shards = 16, ttl = "1h")]
struct Shop<T: Clone + Send + 'static> {
    carts: HashMap<u64, Vec<T>>,
    #[shard(lock = Optimistic, shards = auto, ttl = never, unbounded = "one per article")]
    prices: HashMap<u64, u64>,
    #[shard(ttl = "90s", idle = "2s", capacity = 500, evict = Lru)]
    pages: HashMap<String, u64>,
    online: HashSet<u64>,
}

#[sharded(ttl = "1h")]
struct Unrecorded {
    carts: HashMap<u64, u64>,
}

fn shop() -> Shop<String> {
    Shop::new()
}

fn recorded(store: &Shop<String>, work: impl FnOnce()) -> Workload {
    let recorder = store.recorder();
    work();
    Workload::parse(&recorder.workload()).expect("what is recorded is a workload")
}

fn field<'a>(workload: &'a Workload, name: &str) -> &'a FieldWorkload {
    workload.fields.iter().find(|field| field.field == name).expect("it was used")
}

#[test]
fn it_says_what_is_declared() {
    const ENTRIES: u64 = 10_000;
    let shop = shop();
    let workload = recorded(&shop, || {
        for number in 0..ENTRIES {
            shop.carts().insert(number, Vec::new());
            shop.prices().insert(number, number);
            shop.pages().insert(number.to_string(), number);
            shop.online().insert(number);
        }
    });
    assert_eq!(
        workload.fields.iter().map(|field| field.field.as_str()).collect::<Vec<_>>(),
        ["carts", "prices", "pages", "online"]
    );
    assert!(workload.fields.iter().all(|field| field.store == "Shop"));

    let carts = field(&workload, "carts");
    assert_eq!(
        (carts.declared.lock.as_str(), carts.declared.shards, carts.declared.ttl_ms),
        ("Mutex", Some(16), Some(3_600_000))
    );
    assert_eq!((carts.declared.evict.as_str(), carts.declared.capacity, carts.copy), ("Unbounded", None, false));
    assert_eq!((carts.entries, carts.value_bytes), (ENTRIES, size_of::<Vec<String>>() as u64));
    let prices = field(&workload, "prices");
    assert_eq!(
        (prices.declared.lock.as_str(), prices.declared.shards, prices.declared.ttl_ms),
        ("Optimistic", None, None)
    );
    assert!(prices.copy);
    let pages = field(&workload, "pages");
    assert_eq!((pages.declared.evict.as_str(), pages.declared.capacity), ("Lru", Some(500)));
    assert_eq!((pages.declared.ttl_ms, pages.declared.idle_ms, pages.entries), (Some(90_000), Some(2_000), 500));
    assert_eq!(pages.declared.numa, "Spread");
}

#[test]
fn nothing_is_recorded_without_a_recorder_or_without_the_flag() {
    let shop = shop();
    (0..1000).for_each(|number| _ = shop.carts().insert(number, Vec::new()));
    let workload = recorded(&shop, || {});
    assert!(workload.fields.is_empty(), "what was before does not count");
    let workload = recorded(&shop, || (0..1000).for_each(|number| _ = shop.carts().get(&number)));
    assert_eq!(field(&workload, "carts").mix.insert, 0, "it begins anew");

    let other = Unrecorded::new();
    let recorder = other.recorder();
    (0..1000).for_each(|number| _ = other.carts().insert(number, number));
    assert!(Workload::parse(&recorder.workload()).expect("a workload").fields.is_empty());
}

#[test]
fn threads_are_counted_and_no_key_is_kept() {
    const USES: u64 = 32_000;
    let shop = shop();
    let recorder = shop.recorder();
    thread::scope(|scope| {
        for of_thread in 0..3_u64 {
            let shop = &shop;
            scope.spawn(move || {
                for number in 0..USES {
                    shop.pages().insert(format!("secret-{of_thread}-{number}"), 123_456_789);
                }
            });
        }
    });
    let text = recorder.workload();
    assert!(!text.contains("secret") && !text.contains("123456789"));
    let parsed = Workload::parse(&text).expect("a workload");
    let pages = field(&parsed, "pages");
    assert_eq!(pages.threads, 3);
    let seen = pages.seen.as_ref().expect("it was seen");
    let shards = shop.pages().shard_count();
    assert_eq!((seen.shards.len(), seen.contended.len(), seen.evicted), (shards, shards, 3 * USES - 500));
    assert!(seen.operations.abs_diff(3 * USES) < USES, "{}", seen.operations);
}

#[test]
fn a_cache_that_is_filled_on_a_miss_is_one_of_loads() {
    let shop = shop();
    let workload = recorded(&shop, || {
        for number in 0..20_000_u64 {
            let key = (number * number % 1009).to_string();
            if shop.pages().get(&key).is_none() {
                shop.pages().insert(key, number);
            }
        }
    });
    let pages = field(&workload, "pages");
    assert!(pages.mix.load > 0 && pages.mix.get == 0 && pages.mix.insert == 0, "{:?}", pages.mix);
}

/// One use in 256 is sampled: that none of so many is, of four in turn, has a chance of one in a hundred thousand
/// million.
const USES: u64 = 6_000;

/// Sleeping takes at least as long as it is told, and how much longer nobody knows: so only lower bounds are asserted.
#[test]
fn closures_are_timed_under_the_lock_and_nothing_else_is() {
    const LONG: Duration = Duration::from_micros(100);
    let shop = shop();
    shop.carts().insert(1, Vec::new());
    shop.prices().insert(1, 1);
    let workload = recorded(&shop, || {
        for _ in 0..USES {
            shop.carts().with(&1, |_| thread::sleep(LONG));
            shop.prices().with_mut(&1, |_| thread::sleep(LONG));
            shop.pages().upsert(String::new(), || 1, |_| thread::sleep(LONG));
            shop.online().contains(&1);
        }
    });
    for name in ["carts", "prices", "pages"] {
        let field = field(&workload, name);
        // A clock is read faster than half of that.
        assert!(field.hold_ns >= 50_000, "{name}: {}", field.hold_ns);
    }
    assert_eq!(field(&workload, "online").hold_ns, 0, "no closure ran");

    let workload = recorded(&shop, || {
        for number in 0..USES {
            shop.carts().compute(number, |_| {
                thread::sleep(LONG);
                Change::<_>::Keep(())
            });
            thread::sleep(LONG / 5);
            shop.prices().get(&number);
        }
    });
    assert!(field(&workload, "carts").hold_ns >= 50_000);
    assert_eq!(field(&workload, "prices").hold_ns, 0, "what is between two uses is no closure");
}

#[test]
fn a_loader_is_timed_as_what_a_miss_costs() {
    const LONG: Duration = Duration::from_micros(100);
    let shop = shop();
    let workload = recorded(&shop, || {
        for number in 0..USES {
            shop.carts().get_or_insert_with(number, || {
                thread::sleep(LONG);
                Vec::new()
            });
            shop.pages().get_or_load_with(number.to_string(), || {
                thread::sleep(LONG);
                number
            });
            let load = pin!(shop.prices().get_or_load_async(number, async || {
                thread::sleep(LONG);
                number
            }));
            assert!(load.poll(&mut Context::from_waker(Waker::noop())).is_ready());
        }
    });
    for name in ["carts", "pages", "prices"] {
        let field = field(&workload, name);
        assert!(field.miss_ns >= 100_000, "{name}: {}", field.miss_ns);
        assert_eq!(field.hold_ns, 0, "{name}: a loader is no closure on an entry");
    }
    // Loaders that other calls may wait for are timed by the map, all of them.
    for (name, Stats { loads, .. }) in [("pages", shop.pages().stats()), ("prices", shop.prices().stats())] {
        assert_eq!(loads.started, USES);
        assert_eq!(u128::from(field(&workload, name).miss_ns), loads.time.as_nanos() / u128::from(USES), "{name}");
    }
}

/// One key in 256 is followed: that none of so many is has a chance of one in a hundred million.
#[test]
fn the_time_from_a_read_that_misses_to_the_insert_is_what_a_miss_costs() {
    const LONG: Duration = Duration::from_micros(200);
    let shop = shop();
    let workload = recorded(&shop, || {
        for number in 0..5_000 {
            if shop.carts().with(&number, Vec::len).is_none() {
                thread::sleep(LONG);
                shop.carts().insert(number, Vec::new());
            }
        }
    });
    assert!(field(&workload, "carts").miss_ns >= 200_000, "{}", field(&workload, "carts").miss_ns);

    // What is found, or inserted by another thread, or not asked for, is no miss.
    let workload = recorded(&shop, || {
        for number in 0..5_000 {
            shop.carts().get(&number);
            shop.carts().insert(number, Vec::new());
            shop.prices().get(&number);
        }
        thread::scope(|scope| {
            scope.spawn(|| (0..5_000).for_each(|number| _ = shop.prices().insert(number, number)));
        });
    });
    for name in ["carts", "prices"] {
        assert_eq!(field(&workload, name).miss_ns, 20_000, "{name}: none was seen");
    }
}

#[test]
fn what_is_recorded_can_be_replayed() {
    let shop = shop();
    let workload = recorded(&shop, || {
        for number in 0..50_000_u64 {
            shop.carts().insert(number % 997, Vec::new());
            shop.carts().with(&(number % 89), Vec::len);
        }
    });
    let options = sharded_tune::Options { time: Duration::from_millis(300), threads: Some(2), ..Default::default() };
    let outcome = sharded_tune::tune(field(&workload, "carts"), &options);
    assert!(outcome.declared.is_some() && outcome.threads == 2, "{outcome}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Against what was done, which a plain count knows.
    #[test]
    fn shares_are_those_of_what_was_done(reads in 1..8_u64, writes in 1..8_u64, hot in 0..9_u64, keys in 500..3000_u64) {
        const USES: u64 = 256_000;
        let shop = shop();
        let (mut done_reads, mut on_the_hot_key) = (0, 0);
        // Made up without a period that the sampling could fall in with.
        let workload = recorded(&shop, || {
            let mut random = seeded(1);
            for _ in 0..USES {
                let key = if random.random_range(0..10) < hot { 0 } else { random.random_range(0..keys) };
                on_the_hot_key += u64::from(key == 0);
                if random.random_range(0..reads + writes) < reads {
                    done_reads += 1;
                    shop.prices().get(&key);
                } else {
                    shop.prices().insert(key, key);
                }
            }
        });
        let prices = field(&workload, "prices");
        let share = |part: u64, of: u64| f64::from(u32::try_from(part).unwrap_or(0)) / f64::from(u32::try_from(of).unwrap_or(0));
        let total = prices.mix.get + prices.mix.insert;
        prop_assert!((share(prices.mix.get, total) - share(done_reads, USES)).abs() < 0.08, "{:?}", prices.mix);
        let (first, last) = (prices.keys.curve[0], prices.keys.curve[prices.keys.curve.len() - 1]);
        prop_assert!((share(first.1, last.1) - share(on_the_hot_key, USES)).abs() < 0.08, "{first:?} {last:?}");
        let seen = prices.seen.as_ref().expect("it was seen");
        prop_assert!(seen.hits + seen.misses == done_reads);
        prop_assert!(seen.operations.abs_diff(USES) < USES / 8, "{}", seen.operations);
    }
}
