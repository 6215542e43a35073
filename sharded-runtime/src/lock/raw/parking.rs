//! Where waiters sleep: `parking_lot_core`'s queues, by the address of what they wait for; or, under loom, a queue of its own threads.

pub(super) use imp::Parking;

/// Why a waiter goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Woken {
    /// It has been handed the lock.
    Owner,
    /// The lock was free, or may be by now.
    Contender,
}

#[cfg(not(loom))]
mod imp {
    use super::Woken;
    use parking_lot_core::{DEFAULT_PARK_TOKEN, DEFAULT_UNPARK_TOKEN, ParkResult, UnparkToken, park, unpark_one};
    use std::{
        sync::atomic::{
            AtomicU32,
            Ordering::{Relaxed, Release},
        },
        time::{Duration, Instant},
    };

    /// How long a waiter sleeps that may not be woken.
    const NAP: Duration = Duration::from_micros(100);
    /// Says to the one that is woken that it has the lock.
    const HANDED_OVER: UnparkToken = UnparkToken(1);

    #[derive(Debug)]
    pub(in super::super) struct Parking;

    impl Parking {
        pub(in super::super) const fn new() -> Self {
            Parking
        }

        #[inline]
        fn key(&self) -> usize {
            std::ptr::from_ref(self).addr()
        }

        /// Sleeps until woken, unless `held` is zero already; not for long if it may be that nobody wakes it.
        pub(in super::super) fn park(&self, held: &AtomicU32, will_be_woken: bool) -> Woken {
            let until = (!will_be_woken).then(|| Instant::now() + NAP);
            // SAFETY: the key is the address of a part of the lock; the closures neither panic nor park nor unpark.
            let result =
                unsafe { park(self.key(), || held.load(Relaxed) != 0, || {}, |_, _| {}, DEFAULT_PARK_TOKEN, until) };
            if result == ParkResult::Unparked(HANDED_OVER) { Woken::Owner } else { Woken::Contender }
        }

        #[cold]
        #[inline(never)]
        pub(in super::super) fn wake_one(&self) {
            // SAFETY: as above.
            unsafe { unpark_one(self.key(), |_| DEFAULT_UNPARK_TOKEN) };
        }

        /// Hands the lock to whoever is first in the queue; where nobody is, `held` becomes zero. Says whether there was one.
        #[cold]
        #[inline(never)]
        pub(in super::super) fn hand_over(&self, held: &AtomicU32) -> bool {
            // SAFETY: as above.
            let result = unsafe {
                unpark_one(self.key(), |result| {
                    if result.unparked_threads > 0 {
                        return HANDED_OVER;
                    }
                    // While the queue is locked, so that nobody goes to sleep meanwhile.
                    held.store(0, Release);
                    DEFAULT_UNPARK_TOKEN
                })
            };
            result.unparked_threads > 0
        }
    }
}

#[cfg(loom)]
mod imp {
    use super::Woken;
    use crate::sync::{
        Mutex,
        atomic::{
            AtomicU32,
            Ordering::{Acquire, Relaxed, Release},
        },
    };
    use loom::{sync::Arc, thread};
    use std::collections::VecDeque;

    const ASLEEP: u32 = 0;
    const AWAKE: u32 = 1;
    const OWNER: u32 = 2;

    type Waiter = (Arc<AtomicU32>, thread::Thread);

    pub(in super::super) struct Parking(Mutex<VecDeque<Waiter>>);

    impl Parking {
        pub(in super::super) fn new() -> Self {
            Parking(Mutex::new(VecDeque::new()))
        }

        pub(in super::super) fn park(&self, held: &AtomicU32, _: bool) -> Woken {
            let state = Arc::new(AtomicU32::new(ASLEEP));
            {
                let mut queue = self.0.lock();
                if held.load(Relaxed) == 0 {
                    return Woken::Contender;
                }
                queue.push_back((Arc::clone(&state), thread::current()));
            }
            loop {
                match state.load(Acquire) {
                    ASLEEP => thread::park(),
                    OWNER => return Woken::Owner,
                    _ => return Woken::Contender,
                }
            }
        }

        pub(in super::super) fn wake_one(&self) {
            let first = self.0.lock().pop_front();
            if let Some((state, thread)) = first {
                state.store(AWAKE, Release);
                thread.unpark();
            }
        }

        pub(in super::super) fn hand_over(&self, held: &AtomicU32) -> bool {
            let mut queue = self.0.lock();
            let Some((state, thread)) = queue.pop_front() else {
                held.store(0, Release);
                return false;
            };
            state.store(OWNER, Release);
            thread.unpark();
            true
        }
    }
}
