//! Systems that take turns, and threads that work for one turn.
//!
//! All systems of a comparison take turns in short slices, round after round, and each round begins with another
//! system. So whatever else the machine does affects all of them alike.

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

/// The systems in the order of their turns in a round.
///
/// # Examples
///
/// ```
/// use sharded_bench_common::turns::order;
///
/// assert!(order(0, 3).eq([0, 1, 2]));
/// assert!(order(1, 3).eq([1, 2, 0]));
/// ```
pub fn order(round: usize, systems: usize) -> impl Iterator<Item = usize> {
    (0..systems).map(move |place| (round + place) % systems)
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
