//! Systems that take turns, and threads that work for one turn.
//!
//! All systems of a comparison take turns in short slices, round after round. So whatever else the machine does affects
//! all of them alike. The order changes from round to round, because a turn also depends on the memory that its
//! predecessor has left: freed pages that the kernel must map again, and a fragmented heap.

use std::{
    sync::{
        Barrier,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// Operations of one batch. A thread checks between two batches whether its turn is over.
pub const BATCH: u64 = 64;

/// The systems in the order of their turns in a round. The first round has them in their own order.
///
/// The rounds form a Williams design (1949): over as many rounds as there are systems, or over twice as many if their
/// number is odd, each system follows each other system equally often.
///
/// # Examples
///
/// ```
/// use sharded_bench_common::turns::order;
///
/// assert!(order(0, 4).eq([0, 1, 2, 3]));
/// assert!(order(1, 4).eq([1, 3, 0, 2]));
/// assert!(order(2, 4).eq([3, 2, 1, 0]));
/// assert!(order(3, 4).eq([2, 0, 3, 1]));
/// ```
pub fn order(round: usize, systems: usize) -> impl Iterator<Item = usize> {
    // 0, 1, -1, 2, -2, ... modulo the number of systems: no two steps are equal.
    let zigzag = move |n: usize| if n % 2 == 1 { n.div_ceil(2) } else { (systems - n / 2) % systems };
    let inverse = move |n: usize| if n == 0 || n > systems / 2 { 2 * ((systems - n) % systems) } else { 2 * n - 1 };
    let is_reversed = systems % 2 == 1 && round % 2 == 1;
    (0..systems).map(move |turn| {
        let turn = if is_reversed { systems - 1 - turn } else { turn };
        inverse((zigzag(turn) + round) % systems)
    })
}

/// When a turn ends.
#[derive(Clone, Copy, Debug)]
pub enum End {
    /// After a time.
    After(Duration),
    /// When each thread has done this number of operations.
    Done(u64),
}

/// What one turn showed.
#[derive(Clone, Copy, Debug)]
pub struct Turn {
    /// Operations per second of all threads together.
    pub rate: f64,
    /// Operations.
    pub done: u64,
    /// The sum of what the batches returned.
    pub noted: u64,
}

/// One system's turn, with a thread for each script.
///
/// A thread calls `prepare` with its number, waits for the others, and then calls `batch` for the next [`BATCH`]
/// operations of its script until the turn ends.
///
/// # Panics
///
/// If there is no script, or a thread panics.
///
/// # Examples
///
/// ```
/// use sharded_bench_common::turns::{End, take};
///
/// let turn = take(&mut [0_u64; 2], End::Done(640), |_thread| (), |done| {
///     *done += 64;
///     1
/// });
/// assert_eq!((turn.done, turn.noted), (1280, 20));
/// ```
pub fn take<S: Send>(
    scripts: &mut [S],
    end: End,
    prepare: impl Fn(usize) + Sync,
    batch: impl Fn(&mut S) -> u64 + Sync,
) -> Turn {
    let is_over = AtomicBool::new(false);
    let start = Barrier::new(scripts.len() + 1);
    let limit = match end {
        End::After(_) => u64::MAX,
        End::Done(operations) => operations,
    };
    let work = |thread: usize, script: &mut S| {
        prepare(thread);
        let (mut done, mut noted) = (0, 0);
        start.wait();
        let began = Instant::now();
        while done < limit && !is_over.load(Ordering::Relaxed) {
            noted += batch(script);
            done += BATCH;
        }
        Share { done, noted, began, ended: Instant::now() }
    };
    let work = &work;
    let shares: Vec<Share> = thread::scope(|scope| {
        let scripts = scripts.iter_mut().enumerate();
        let threads: Vec<_> = scripts.map(|(thread, script)| scope.spawn(move || work(thread, script))).collect();
        start.wait();
        if let End::After(time) = end {
            thread::sleep(time);
            is_over.store(true, Ordering::Relaxed);
        }
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    // The threads read the clock, because this thread may wait for a core while they work.
    let began = shares.iter().map(|share| share.began).min().expect("a thread");
    let ended = shares.iter().map(|share| share.ended).max().expect("a thread");
    let done: u64 = shares.iter().map(|share| share.done).sum();
    let noted = shares.iter().map(|share| share.noted).sum();
    #[allow(clippy::cast_precision_loss, reason = "a rate")]
    let rate = done as f64 / (ended - began).as_secs_f64().max(1e-9);
    Turn { rate, done, noted }
}

/// One thread's part of a turn.
struct Share {
    done: u64,
    noted: u64,
    began: Instant,
    ended: Instant,
}

#[cfg(test)]
mod tests {
    use super::order;
    use std::collections::HashMap;

    #[test]
    fn each_system_follows_each_other_equally_often() {
        for systems in 1..20 {
            assert!(order(0, systems).eq(0..systems));
            let mut follows = HashMap::new();
            let rounds = systems * (1 + systems % 2);
            for round in 0..rounds {
                let turns: Vec<_> = order(round, systems).collect();
                let mut sorted = turns.clone();
                sorted.sort_unstable();
                assert!(sorted.into_iter().eq(0..systems), "round {round} of {systems} systems: {turns:?}");
                turns.windows(2).for_each(|pair| *follows.entry((pair[0], pair[1])).or_insert(0) += 1);
            }
            assert_eq!(follows.len(), systems * (systems - 1), "{systems} systems");
            assert!(follows.values().all(|&times| times == rounds / systems), "{systems} systems: {follows:?}");
        }
    }
}
