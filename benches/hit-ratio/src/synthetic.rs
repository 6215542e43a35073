//! Synthetic traces. Each is right for some policies and wrong for others.

use crate::{recency::Recency, trace::Trace};
use sharded_bench_common::random::{Random, RngExt, Zipf, seeded};

/// Requests of most traces.
const REQUESTS: usize = 120_000;
/// Keys from here on are requested once, or in one burst.
const ONCE: u64 = 1_000_000;

/// All synthetic traces. The same seed makes the same traces.
pub(crate) fn all(seed: u64) -> Vec<Trace> {
    let mut random = seeded(77 + seed * 1000);
    let random = &mut random;
    let mut traces: Vec<(String, Vec<u64>)> = Vec::new();
    for exponent in [0.6, 0.8, 0.99, 1.2] {
        let zipf = Zipf::new(20_000, exponent);
        traces.push((format!("zipf-{exponent}"), (0..REQUESTS).map(|_| zipf.draw(random)).collect()));
    }
    let mut add = |name: &str, keys| traces.push((name.to_owned(), keys));
    add("loop-2k", (0..60_000).map(|i| i % 2000).collect());
    add("loops", loops(random));
    add("loop+zipf", loop_and_zipf(random));
    add("scan+hot", scans_over_hot_keys(random));
    add("onehit+hot", once_among_hot_keys(random));
    add("shift-jump", hot_keys_that_jump(random));
    add("shift-drift", hot_keys_that_drift(random));
    for (name, shape, scale, fresh) in
        [("recency-steep", 0.9, 20.0, 0.03), ("recency-wide", 0.5, 60.0, 0.05), ("recency-fresh", 0.8, 50.0, 0.3)]
    {
        let mut recency = Recency::new(0, shape, scale, fresh, 20_000);
        add(name, (0..REQUESTS).map(|_| recency.draw(random)).collect());
    }
    add("bursts+hot", bursts_beside_hot_keys(random));
    add("fixed-delay", again_after_a_fixed_delay(random));
    add("phases-short", phases(random, 8_000));
    add("phases-long", phases(random, 30_000));
    add("mix", all_at_once(random));

    let named = |name| if seed == 0 { name } else { format!("{name}.{seed}") };
    traces.into_iter().map(|(name, keys)| Trace::new(named(name), true, keys)).collect()
}

/// Loops over 4,000 keys. Their lengths are a little more than 1, 10, 25 and 50 % of the keys, and all.
fn loops(random: &mut Random) -> Vec<u64> {
    let mut keys = Vec::new();
    for _ in 0..2 {
        for length in [44, 440, 1100, 2200, 4000] {
            let offset = random.random_range(0..4000_u64);
            let requests = length * (12_000 / length).max(4);
            keys.extend((0..requests).map(|i| (offset + i % length) % 4000));
        }
    }
    keys
}

fn loop_and_zipf(random: &mut Random) -> Vec<u64> {
    let zipf = Zipf::new(3000, 0.9);
    let mut turn = 0;
    let mut draw = |_| {
        if random.random_bool(0.5) {
            turn += 1;
            10_000 + turn % 1700
        } else {
            zipf.draw(random)
        }
    };
    (0..REQUESTS).map(&mut draw).collect()
}

/// Hot keys, and sometimes up to 1,200 others in a row that are never requested again.
fn scans_over_hot_keys(random: &mut Random) -> Vec<u64> {
    let zipf = Zipf::new(4000, 0.8);
    let mut keys = Vec::new();
    let mut once = ONCE;
    while keys.len() < REQUESTS {
        keys.extend((0..1000).map(|_| zipf.draw(random)));
        let scan = random.random_range(0..1200_u64);
        keys.extend(once + 1..=once + scan);
        once += scan;
    }
    keys
}

/// Four in ten requests are for a key that is requested only once.
fn once_among_hot_keys(random: &mut Random) -> Vec<u64> {
    let zipf = Zipf::new(4000, 0.7);
    let mut once = ONCE;
    let mut draw = |_| {
        if random.random_bool(0.4) {
            once += 1;
            once
        } else {
            zipf.draw(random)
        }
    };
    (0..REQUESTS).map(&mut draw).collect()
}

/// The hot keys change after every 15,000 requests.
fn hot_keys_that_jump(random: &mut Random) -> Vec<u64> {
    let zipf = Zipf::new(5000, 0.9);
    (0..REQUESTS as u64).map(|i| i / 15_000 * 2_500 + zipf.draw(random)).collect()
}

/// The hot keys change slowly.
fn hot_keys_that_drift(random: &mut Random) -> Vec<u64> {
    let zipf = Zipf::new(3000, 0.9);
    (0..REQUESTS as u64).map(|i| zipf.draw(random) * 7919 % 3000 + i / 12).collect()
}

/// Hot keys, and others that are requested two to four times within a short time, then never again.
fn bursts_beside_hot_keys(random: &mut Random) -> Vec<u64> {
    let zipf = Zipf::new(3000, 0.8);
    let mut pending: Vec<u64> = Vec::new();
    let mut keys = Vec::new();
    let mut once = ONCE;
    while keys.len() < REQUESTS {
        let kind = random.random::<f64>();
        if kind < 0.15 {
            once += 1;
            keys.push(once);
            pending.extend((0..=random.random_range(0..3)).map(|_| once));
        } else if kind < 0.45 && pending.len() > 100 {
            keys.push(pending.swap_remove(random.random_range(0..pending.len())));
        } else {
            keys.push(zipf.draw(random));
        }
    }
    keys
}

/// Every key is requested once more after about 900 others, then never again.
fn again_after_a_fixed_delay(random: &mut Random) -> Vec<u64> {
    let mut keys = Vec::new();
    let mut newest = 0;
    while keys.len() < REQUESTS {
        keys.push(newest);
        if newest > 900 {
            keys.push(newest - 900 + random.random_range(0..50_u64));
        }
        newest += 1;
    }
    keys
}

/// Hot keys, then recent ones, then a loop, then hot keys among keys that are requested once, and so on.
fn phases(random: &mut Random, length: usize) -> Vec<u64> {
    let zipf = Zipf::new(6000, 0.9);
    let mut recency = Recency::new(2 * ONCE, 0.8, 40.0, 0.1, 10_000);
    let mut keys: Vec<u64> = Vec::new();
    let mut once = 9 * ONCE;
    let mut phase = 0;
    while keys.len() < REQUESTS + 40_000 {
        keys.extend((0..length).map(|i| match phase % 4 {
            0 => zipf.draw(random),
            1 => recency.draw(random),
            2 => 5 * ONCE + i as u64 % 2500,
            _ if random.random_bool(0.5) => {
                once += 1;
                once
            }
            _ => zipf.draw(random),
        }));
        phase += 1;
    }
    keys
}

/// Hot keys, recent keys, a loop, and keys that are requested once, mixed.
fn all_at_once(random: &mut Random) -> Vec<u64> {
    let zipf = Zipf::new(4000, 0.9);
    let mut recency = Recency::new(2 * ONCE, 0.8, 40.0, 0.1, 10_000);
    let (mut turn, mut once) = (0, 9 * ONCE);
    let mut draw = |_| match random.random_range(0..10) {
        0..=3 => zipf.draw(random),
        4..=6 => recency.draw(random),
        7..=8 => {
            turn += 1;
            5 * ONCE + turn % 2000
        }
        _ => {
            once += 1;
            once
        }
    };
    (0..REQUESTS).map(&mut draw).collect()
}
