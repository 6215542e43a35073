//! What threads share under the locks: std's, or loom's where its model checker runs the tests (`RUSTFLAGS="--cfg loom"`).

#[cfg(not(loom))]
pub(crate) use std::{sync::atomic, thread};

#[cfg(loom)]
pub(crate) use loom::{sync::atomic, thread};

/// loom's mutex, without poison as `parking_lot`'s.
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

/// Two barriers of which one is paid for by whoever seldom comes along: between what a thread does before and after the
/// light one and what another does before and after the heavy one, at least one sees the other's, as between two full barriers.
#[cfg(not(loom))]
pub(crate) mod barrier {
    use std::sync::atomic::{Ordering::SeqCst, compiler_fence};

    /// Keeps the compiler from reordering; the processor is kept by [`heavy`].
    #[inline]
    pub(crate) fn light() {
        compiler_fence(SeqCst);
    }

    /// Says whether it took effect.
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

/// Setting a flag that others may have set.
pub(crate) mod flag {
    #[cfg(loom)]
    use super::atomic::Ordering::Relaxed;
    use super::atomic::{AtomicU32, Ordering::Acquire};

    /// Makes one of zero; says whether it was zero. One instruction on x86, which needs no register.
    #[cfg(not(loom))]
    #[inline]
    pub(crate) fn set(flag: &AtomicU32) -> bool {
        flag.fetch_or(1, Acquire) & 1 == 0
    }

    /// The same, but that it writes nothing where it is one already. There is no difference to be seen, for what is written then follows what was read,
    /// with nothing in between; but loom knows the order of two writes only where one thread has seen the other's, and would
    /// take what this leaves for newer than a zero that comes after it.
    #[cfg(loom)]
    pub(crate) fn set(flag: &AtomicU32) -> bool {
        flag.compare_exchange(0, 1, Acquire, Relaxed).is_ok()
    }
}

/// How long to look before one sleeps, and how long to wait before one keeps others out.
pub(crate) mod hint {
    #[cfg(not(loom))]
    use std::{
        hint, thread,
        time::{Duration, Instant},
    };

    /// Rounds of looking, each with twice as many pauses as the one before; then as many more in which others may run.
    #[cfg(not(loom))]
    const ROUNDS: (u32, u32) = (7, 4);

    pub(crate) struct Spin {
        #[cfg(not(loom))]
        round: u32,
    }

    #[cfg(not(loom))]
    impl Spin {
        pub(crate) fn new() -> Self {
            Spin { round: 0 }
        }

        /// Waits a little, longer each time; `false` when it was long enough.
        pub(crate) fn spin(&mut self) -> bool {
            let (pauses, yields) = ROUNDS;
            if self.round < pauses {
                (0..1 << self.round).for_each(|_| hint::spin_loop());
            } else if self.round < pauses + yields {
                thread::yield_now();
            } else {
                return false;
            }
            self.round += 1;
            true
        }
    }

    /// How long the head of a line waits for a lock that others take in the meantime.
    #[cfg(not(loom))]
    const PATIENCE: Duration = Duration::from_millis(1);

    pub(crate) struct Patience {
        #[cfg(not(loom))]
        until: Instant,
    }

    #[cfg(not(loom))]
    impl Patience {
        pub(crate) fn new() -> Self {
            Patience { until: Instant::now() + PATIENCE }
        }
        pub(crate) fn is_over(&self) -> bool {
            Instant::now() >= self.until
        }
    }

    /// None, so that the models come to where it is over.
    #[cfg(loom)]
    impl Patience {
        pub(crate) fn new() -> Self {
            Patience {}
        }
        pub(crate) fn is_over(&self) -> bool {
            true
        }
    }

    /// Not at all: loom goes through every interleaving anyway.
    #[cfg(loom)]
    impl Spin {
        pub(crate) fn new() -> Self {
            Spin {}
        }
        pub(crate) fn spin(&mut self) -> bool {
            false
        }
    }
}
