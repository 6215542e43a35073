//! Threads that start together or must not hang, and random numbers for them.

use std::{
    sync::{Barrier, mpsc},
    thread,
    time::Duration,
};

/// Runs something that must not hang, on a thread of its own. How long it takes is not tested.
#[track_caller]
pub fn must_end<R: Send + 'static>(what: &str, run: impl FnOnce() -> R + Send + 'static) -> R {
    let (done, ended) = mpsc::channel();
    let thread = thread::spawn(move || {
        let _ = done.send(run());
    });
    match ended.recv_timeout(Duration::from_mins(5)) {
        Ok(result) => {
            // ThreadSanitizer does not see the order that the channel makes.
            thread.join().expect("it has sent its result");
            result
        }
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("this hangs: {what}"),
        Err(mpsc::RecvTimeoutError::Disconnected) => {
            std::panic::resume_unwind(thread.join().expect_err("it has ended without a result"))
        }
    }
}

/// Runs a number of threads, which start together. Each gets its number. A panic in one of them continues here.
pub fn together<R: Send>(threads: u64, run: impl Fn(u64) -> R + Sync) -> Vec<R> {
    let barrier = Barrier::new(usize::try_from(threads).expect("a few threads"));
    let (run, barrier) = (&run, &barrier);
    thread::scope(|scope| {
        let started: Vec<_> = (0..threads)
            .map(|number| {
                scope.spawn(move || {
                    barrier.wait();
                    run(number)
                })
            })
            .collect();
        started
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    })
}

/// Random numbers that are the same for the same seed (splitmix64).
#[derive(Debug)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Dice(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}
