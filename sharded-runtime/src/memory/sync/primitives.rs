//! Atomics, threads and barriers: those of std, or those of loom when its model checker runs the tests
//! (`RUSTFLAGS="--cfg loom"`).

#[cfg(not(loom))]
pub(crate) use std::{sync::atomic, thread};

#[cfg(loom)]
pub(crate) use loom::{sync::atomic, thread};

/// The mutex of loom, without poison.
#[cfg(loom)]
pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

#[cfg(loom)]
impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Mutex(loom::sync::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> loom::sync::MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// An asymmetric pair of barriers. If one thread writes, passes the light barrier and reads, and another writes, passes
/// the heavy barrier and reads, at least one of them sees the write of the other, as with two full barriers.
#[cfg(not(loom))]
pub(crate) mod barrier {
    use std::sync::atomic::{Ordering::SeqCst, compiler_fence};

    /// Stops reordering by the compiler. [`heavy`] stops that by the processor.
    #[inline]
    pub(crate) fn light() {
        compiler_fence(SeqCst);
    }

    /// Returns whether it took effect.
    pub(crate) fn heavy() -> bool {
        crate::memory::sys::barrier::in_all_threads()
    }
}

#[cfg(loom)]
pub(crate) mod barrier {
    use loom::sync::atomic::{Ordering::SeqCst, fence};

    pub(crate) fn light() {
        fence(SeqCst);
    }
    pub(crate) fn heavy() -> bool {
        fence(SeqCst);
        true
    }
}

/// A flag that one thread sets at a time.
pub(crate) mod flag {
    #[cfg(loom)]
    use super::atomic::Ordering::Relaxed;
    use super::atomic::{AtomicU32, Ordering::Acquire};

    /// Sets the flag to one. Returns whether it was zero. One instruction on x86, without a register.
    #[cfg(not(loom))]
    #[inline]
    pub(crate) fn set(flag: &AtomicU32) -> bool {
        flag.fetch_or(1, Acquire) & 1 == 0
    }

    /// The same, but it writes nothing if the flag is set. The effect is equal, because the other version then writes
    /// what it has just read. But loom orders two writes only if one thread has seen the other's, so it could take that
    /// write for newer than a later zero.
    #[cfg(loom)]
    pub(crate) fn set(flag: &AtomicU32) -> bool {
        flag.compare_exchange(0, 1, Acquire, Relaxed).is_ok()
    }
}

/// How long a thread spins before it sleeps, and how long it waits before it keeps others out.
pub(crate) mod hint {
    use std::{
        hint, thread,
        time::{Duration, Instant},
    };

    /// Rounds of pauses, each twice as long as its predecessor, and then rounds that yield the processor.
    const ROUNDS: (u32, u32) = (7, 4);

    pub(crate) struct Spin {
        round: u32,
    }

    impl Spin {
        pub(crate) fn new() -> Self {
            Spin { round: 0 }
        }

        /// Pauses, longer each time. `false` once the thread should sleep: under loom at once, because loom explores
        /// every interleaving anyway.
        pub(crate) fn spin(&mut self) -> bool {
            let (pauses, yields) = ROUNDS;
            if cfg!(loom) || self.round == pauses + yields {
                return false;
            }
            if self.round < pauses {
                (0..1 << self.round).for_each(|_| hint::spin_loop());
            } else {
                thread::yield_now();
            }
            self.round += 1;
            true
        }
    }

    /// A sleep for a lock. In models there is no clock, and sleeps are not reported.
    pub(crate) struct Nap {
        #[cfg(not(loom))]
        since: Instant,
    }

    impl Nap {
        pub(crate) fn begin() -> Self {
            Nap {
                #[cfg(not(loom))]
                since: Instant::now(),
            }
        }

        /// This thread has the lock now. Reports the sleep.
        #[cfg_attr(loom, allow(clippy::unused_self, reason = "used outside of models"))]
        pub(crate) fn end<T>(self, lock: &T) {
            #[cfg(not(loom))]
            crate::memory::waits::note(lock, self.since);
            #[cfg(loom)]
            let _ = lock;
        }
    }

    /// How long the head of the line waits for a lock that others take meanwhile.
    const PATIENCE: Duration = Duration::from_millis(1);

    pub(crate) struct Patience {
        until: Instant,
    }

    impl Patience {
        pub(crate) fn new() -> Self {
            Patience { until: Instant::now() + PATIENCE }
        }

        /// Always, under loom, so that the models reach what happens then.
        pub(crate) fn is_over(&self) -> bool {
            cfg!(loom) || Instant::now() >= self.until
        }
    }
}
