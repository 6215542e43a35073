//! The word of a lock, and the queue of the threads that wait for it.
//!
//! Waiters sleep in the queues of `parking_lot_core`, which are found by an address. Every user of that crate in the process shares these
//! queues, so the address must belong to the lock alone: it is that of the word itself. Two values that have a size never have the same
//! address, so no other lock can wake our waiters. Under loom the queue is a list of loom's threads.

pub(super) use imp::Word;

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
    use crate::sync::flag;
    use parking_lot_core::{DEFAULT_PARK_TOKEN, DEFAULT_UNPARK_TOKEN, ParkResult, UnparkToken, park, unpark_one};
    use std::{
        ptr,
        sync::atomic::{
            AtomicU32,
            Ordering::{Relaxed, Release},
        },
        time::{Duration, Instant},
    };

    /// How long a waiter sleeps that may not be woken.
    const NAP: Duration = Duration::from_micros(100);

    /// Tells the woken thread that it has the lock. The token is the address of this static, so it differs from the small numbers that
    /// other users of the queues choose.
    fn handed_over() -> UnparkToken {
        static TOKEN: u8 = 0;
        UnparkToken(ptr::from_ref(&TOKEN).addr())
    }

    /// One while someone holds the lock. (An `x86` processor sets and tests a bit of a word in one instruction, without a register.)
    #[derive(Debug)]
    pub(in super::super) struct Word(AtomicU32);

    impl Word {
        pub(in super::super) const fn new() -> Self {
            Word(AtomicU32::new(0))
        }

        /// Where the waiters of this lock sleep.
        #[inline]
        fn key(&self) -> usize {
            ptr::from_ref(&self.0).addr()
        }

        /// Takes the lock if it is free.
        #[inline]
        pub(in super::super) fn try_take(&self) -> bool {
            // Acquire, with the release of the last holder.
            flag::set(&self.0)
        }

        #[inline]
        pub(in super::super) fn is_free(&self) -> bool {
            self.0.load(Relaxed) == 0
        }

        /// Frees the lock. Wakes nobody.
        #[inline]
        pub(in super::super) fn free(&self) {
            // Release, with the acquire of the next holder.
            self.0.store(0, Release);
        }

        /// Sleeps until woken, unless the lock is free already; for a short time only if nobody may wake this thread.
        pub(in super::super) fn park(&self, will_be_woken: bool) -> Woken {
            let until = (!will_be_woken).then(|| Instant::now() + NAP);
            // SAFETY: the key is the address of this lock's own word; the closures neither panic nor park nor unpark.
            let result = unsafe { park(self.key(), || !self.is_free(), || {}, |_, _| {}, DEFAULT_PARK_TOKEN, until) };
            if result == ParkResult::Unparked(handed_over()) { Woken::Owner } else { Woken::Contender }
        }

        #[cold]
        #[inline(never)]
        pub(in super::super) fn wake_one(&self) {
            // SAFETY: as above.
            unsafe { unpark_one(self.key(), |_| DEFAULT_UNPARK_TOKEN) };
        }

        /// Hands the lock to the first thread in the queue, or frees it where nobody is in the queue. Says whether there was one.
        #[cold]
        #[inline(never)]
        pub(in super::super) fn hand_over(&self) -> bool {
            // SAFETY: as above.
            let result = unsafe {
                unpark_one(self.key(), |result| {
                    if result.unparked_threads > 0 {
                        return handed_over();
                    }
                    // While the queue is locked, so that nobody goes to sleep meanwhile.
                    self.free();
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
        flag,
    };
    use loom::{sync::Arc, thread};
    use std::collections::VecDeque;

    const ASLEEP: u32 = 0;
    const AWAKE: u32 = 1;
    const OWNER: u32 = 2;

    type Waiter = (Arc<AtomicU32>, thread::Thread);

    pub(in super::super) struct Word {
        held: AtomicU32,
        queue: Mutex<VecDeque<Waiter>>,
    }

    impl Word {
        pub(in super::super) fn new() -> Self {
            Word { held: AtomicU32::new(0), queue: Mutex::new(VecDeque::new()) }
        }

        pub(in super::super) fn try_take(&self) -> bool {
            flag::set(&self.held)
        }

        pub(in super::super) fn is_free(&self) -> bool {
            self.held.load(Relaxed) == 0
        }

        pub(in super::super) fn free(&self) {
            self.held.store(0, Release);
        }

        pub(in super::super) fn park(&self, _: bool) -> Woken {
            let state = Arc::new(AtomicU32::new(ASLEEP));
            {
                let mut queue = self.queue.lock();
                if self.is_free() {
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
            let first = self.queue.lock().pop_front();
            if let Some((state, thread)) = first {
                state.store(AWAKE, Release);
                thread.unpark();
            }
        }

        pub(in super::super) fn hand_over(&self) -> bool {
            let mut queue = self.queue.lock();
            let Some((state, thread)) = queue.pop_front() else {
                self.free();
                return false;
            };
            state.store(OWNER, Release);
            thread.unpark();
            true
        }
    }
}
