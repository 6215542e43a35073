//! Threads that come and go, end by a panic inside a closure, or read while their values are dropped.
//! `RCU_THREADS` sets how many. From 20,000 on the test looks at the memory of the process, so it should run alone.

use super::{Count, Counted, Map, key};
use std::{
    cell::Cell,
    env, fs,
    panic::resume_unwind,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

type Subject = Map<String, Counted>;

/// A value of a thread that reads when the thread ends.
struct ReadsLast(Arc<Subject>);

impl Drop for ReadsLast {
    fn drop(&mut self) {
        assert!(self.0.with(&key(1), Counted::check).is_some());
        assert!(self.0.get(&key(2)).is_some());
    }
}

thread_local! {
    static FIRST: Cell<Option<ReadsLast>> = const { Cell::new(None) };
    static LAST: Cell<Option<ReadsLast>> = const { Cell::new(None) };
}

/// Bytes of this process in memory.
fn resident() -> Option<u64> {
    let pages = fs::read_to_string("/proc/self/statm").ok()?.split(' ').nth(1)?.parse::<u64>().ok()?;
    Some(pages * 4096)
}

#[test]
fn threads_that_have_ended_delay_nothing() {
    let threads: u64 = env::var("RCU_THREADS").map_or(10_000, |set| set.parse().expect("a number of threads"));
    let mut warm = None;
    let (count, map) = (Count::default(), Arc::new(Subject::new()));
    map.insert(key(1), count.value(1));
    map.insert(key(2), count.value(2));
    for number in (0..threads).step_by(4) {
        if number == threads / 8 / 4 * 4 {
            warm = resident();
        }
        let each = [0, 1, 2, 3].map(|kind| {
            let map = Arc::clone(&map);
            thread::spawn(move || match kind {
                0 => assert!(map.with(&key(1), Counted::check).is_some()),
                // Without a message.
                1 => map.with(&key(1), |value| resume_unwind(Box::new(value.check()))).unwrap_or(()),
                2 => {
                    FIRST.set(Some(ReadsLast(Arc::clone(&map))));
                    assert!(map.get(&key(2)).is_some());
                    LAST.set(Some(ReadsLast(map)));
                }
                // It reads for the first time when it ends.
                _ => LAST.set(Some(ReadsLast(map))),
            })
        });
        for index in [1, 2] {
            map.insert(key(index), count.value(number));
        }
        let ends = each.map(|thread| thread.join().is_ok());
        assert_eq!(ends, [true, false, true, true]);
    }
    // Nobody reads any more.
    let until = Instant::now() + Duration::from_mins(1);
    while map.stats().retired != 0 {
        assert!(Instant::now() < until, "{} entries wait", map.stats().retired);
        map.sweep();
    }
    count.wait_for(2);
    if threads >= 20_000
        && let (Some(warm), Some(end)) = (warm, resident())
    {
        // A line for each thread would be 128 bytes. (A page may be larger than said above.)
        let most = 64 * (threads - threads / 8);
        println!("{warm} bytes after {} threads, {end} after {threads}", threads / 8);
        assert!(end < warm + most, "{warm} bytes have become {end}");
    }
}
