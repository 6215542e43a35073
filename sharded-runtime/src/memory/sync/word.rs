//! A word that threads can sleep on: a futex, or, under loom, a word with a queue of threads.

use super::primitives::atomic::AtomicU32;
#[cfg(not(loom))]
use crate::memory::sys::futex;
use std::{ops::Deref, time::Duration};

#[derive(Debug)]
pub(super) struct Word {
    word: AtomicU32,
    #[cfg(loom)]
    queue: model::Queue,
}

impl Deref for Word {
    type Target = AtomicU32;

    fn deref(&self) -> &AtomicU32 {
        &self.word
    }
}

#[cfg(not(loom))]
impl Word {
    pub(super) const fn new() -> Self {
        Word { word: AtomicU32::new(0) }
    }

    /// Sleeps until [`wake`](Word::wake) picks this thread, unless the word has another value. Returns whether it was
    /// picked.
    pub(super) fn wait(&self, expected: u32, most: Option<Duration>) -> bool {
        futex::wait(&self.word, expected, most)
    }

    /// Wakes up to `most` threads, those that have slept longest first. Returns their number.
    pub(super) fn wake(&self, most: u32) -> usize {
        futex::wake(&self.word, most)
    }
}

#[cfg(loom)]
impl Word {
    pub(super) fn new() -> Self {
        Word { word: AtomicU32::new(0), queue: model::Queue::new() }
    }

    pub(super) fn wait(&self, expected: u32, _: Option<Duration>) -> bool {
        self.queue.wait(&self.word, expected)
    }

    pub(super) fn wake(&self, most: u32) -> usize {
        self.queue.wake(most)
    }
}

#[cfg(loom)]
mod model {
    use crate::memory::sync::primitives::{
        Mutex,
        atomic::{
            AtomicU32,
            Ordering::{Acquire, Relaxed, Release},
        },
    };
    use loom::{sync::Arc, thread};
    use std::collections::VecDeque;

    type Sleeper = (Arc<AtomicU32>, thread::Thread);

    pub(super) struct Queue(Mutex<VecDeque<Sleeper>>);

    impl std::fmt::Debug for Queue {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("Queue")
        }
    }

    impl Queue {
        pub(super) fn new() -> Self {
            Queue(Mutex::new(VecDeque::new()))
        }

        pub(super) fn wait(&self, word: &AtomicU32, expected: u32) -> bool {
            let is_awake = Arc::new(AtomicU32::new(0));
            {
                let mut queue = self.0.lock();
                if word.load(Relaxed) != expected {
                    return false;
                }
                queue.push_back((Arc::clone(&is_awake), thread::current()));
            }
            // Acquire: pairs with the release store in `wake`.
            while is_awake.load(Acquire) == 0 {
                thread::park();
            }
            true
        }

        pub(super) fn wake(&self, most: u32) -> usize {
            let mut queue = self.0.lock();
            let mut woken = 0;
            while woken < most as usize
                && let Some((is_awake, thread)) = queue.pop_front()
            {
                is_awake.store(1, Release);
                thread.unpark();
                woken += 1;
            }
            woken
        }
    }
}
