//! Churn beside readers that stay: memory is bounded throughout. `RCU_SOAK_SECONDS` sets how long.

use super::{
    Count, Counted, Map, Never, Unbounded,
    common::{
        policy::Ttl,
        threads::{Dice, must_end},
    },
    join, key,
};
use sharded::evict::Lru;
use std::{
    env,
    sync::atomic::{AtomicBool, AtomicI64, Ordering::SeqCst},
    thread,
    time::{Duration, Instant},
};

const SHARDS: usize = 2;
const KEYS: u64 = 1000;
/// Per shard: seventeen batches of 512, and what each thread adds before it waits.
const MOST_RETIRED: i64 = 18 * 512;

fn time() -> Duration {
    Duration::from_secs(env::var("RCU_SOAK_SECONDS").map_or(1, |set| set.parse().expect("seconds")))
}

#[test]
fn churn_beside_readers_that_stay() {
    let (count, until) = (Count::default(), Instant::now() + time());
    let lasting = Map::<String, Counted, Never, Unbounded, SHARDS>::new();
    let cache = Map::<String, Counted, Ttl<20>, Lru, SHARDS, 500>::new();
    let (is_over, most, reads) = (AtomicBool::new(false), AtomicI64::new(0), AtomicI64::new(0));
    thread::scope(|scope| {
        let writers = [0, 1].map(|seed| {
            let (lasting, cache, count) = (&lasting, &cache, &count);
            scope.spawn(move || {
                let mut dice = Dice::new(seed);
                while Instant::now() < until {
                    let number = dice.below(KEYS);
                    match dice.below(8) {
                        0 => drop(lasting.remove(&key(number))),
                        1 => _ = lasting.with_mut(&key(number), |value| *value = value.count.value(number)),
                        2 => drop(cache.remove(&key(number))),
                        3 => _ = cache.upsert(key(number), || count.value(number), |_| ()),
                        4 | 5 => drop(cache.insert(key(number), count.value(number))),
                        6 if dice.below(10_000) == 0 => lasting.clear(),
                        _ => drop(lasting.insert(key(number), count.value(number))),
                    }
                }
            })
        });
        let readers = [2, 3, 4].map(|seed| {
            let (lasting, cache, is_over, reads) = (&lasting, &cache, &is_over, &reads);
            scope.spawn(move || {
                let mut dice = Dice::new(seed);
                while !is_over.load(SeqCst) {
                    let number = key(dice.below(KEYS));
                    // One of three stays now and then, for longer than writers go without waiting.
                    let stays = seed == 2 && dice.below(50) == 0;
                    let look = |value: &Counted| {
                        if stays {
                            thread::sleep(Duration::from_millis(5));
                        }
                        value.check()
                    };
                    lasting.with(&number, look);
                    cache.with(&number, Counted::check);
                    assert!(lasting.get(&number).is_none_or(|value| key(value.check()) == number));
                    reads.fetch_add(1, SeqCst);
                }
            })
        });
        while Instant::now() < until {
            thread::sleep(Duration::from_millis(1));
            most.fetch_max(count.get(), SeqCst);
        }
        is_over.store(true, SeqCst);
        join(writers.into_iter().chain(readers));
    });
    let most = most.load(SeqCst);
    println!("at most {most} values, {} reads", reads.load(SeqCst));
    assert!(most < i64::try_from(KEYS + 500).unwrap() + 4 * MOST_RETIRED, "{most} values");
    drop((lasting, cache));
    must_end("the last drops", {
        let count = count.clone();
        move || {
            while count.get() != 0 {
                thread::sleep(Duration::from_millis(1));
            }
        }
    });
}
