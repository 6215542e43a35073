//! A program to look at with the scripts of this folder, see [`README.md`](README.md): a cache that is full, sessions
//! that expire, seats that run out, reports that are slow to load, and a counter that threads queue for.
//!
//! It does a fixed number of things and then prints what its own statistics say.

use sharded::{Store, clock::Manual, sharded};
use std::{collections::HashMap, thread, time::Duration};

#[sharded(shards = 16)]
struct Shop {
    #[shard(capacity = 10_000)]
    pages: HashMap<u64, [u64; 8]>,
    #[shard(ttl = "30m")]
    sessions: HashMap<u64, u64>,
    #[shard(capacity = 100, evict = Reject)]
    seats: HashMap<u64, u64>,
    #[shard(ttl = "1h")]
    reports: HashMap<u64, u64>,
    #[shard(unbounded = "one entry")]
    visits: HashMap<(), u64>,
}

fn main() {
    let clock = Manual::new();
    let shop = Shop::builder().clock(clock.clone()).build();
    for hour in 0..4 {
        for key in 0..20_000 {
            let key = hour * 20_000 + key;
            shop.pages().insert(key, [key; 8]);
            shop.sessions().insert(key, hour);
        }
        // Half of them come as a group. Who finds no seat gets the key and the value back.
        let seat = |seat| (hour * 60 + seat, hour);
        let group = shop.seats().insert_many((0..30).map(seat)).map_or_else(|error| error.refused.len(), |_| 0);
        let alone = (30..60).map(seat).filter(|&(key, hour)| shop.seats().try_insert(key, hour).is_err()).count();
        let standing = group + alone;
        for report in 0..5 {
            let _ = shop.reports().get_or_try_insert_with(report, || load(report));
        }
        // One at a time, since each visit takes a while inside the closure.
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    shop.visits().upsert(
                        (),
                        || 1,
                        |count| {
                            thread::sleep(Duration::from_millis(2));
                            *count += 1;
                        },
                    )
                });
            }
        });
        println!("hour {hour}: {} sessions, {standing} without a seat", shop.sessions().len());
        clock.advance(Duration::from_hours(1));
        shop.sweep();
    }
    shop.visit(&mut |field| {
        let stats = field.stats();
        println!(
            "{} splits={} merges={} expired={} evicted={} refused={} loads={} failed={} waits={}",
            field.name(),
            stats.splits,
            stats.merges,
            stats.expired,
            stats.evicted,
            stats.refused,
            stats.loads.started,
            stats.loads.failed,
            stats.lock_waits.count,
        );
    });
}

/// Takes as many milliseconds as the number says, and fails for every third one.
fn load(report: u64) -> Result<u64, &'static str> {
    thread::sleep(Duration::from_millis(report));
    if report.is_multiple_of(3) { Err("no such report") } else { Ok(report) }
}
