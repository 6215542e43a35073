//! The number that tells readers without a lock of writers.

use crate::sync::atomic::{AtomicU64, Ordering, fence};

/// The number of a sequence lock: odd while a writer is inside.
///
/// At a write every nanosecond it would take 584 years to come round.
#[derive(Debug)]
pub struct Sequence(AtomicU64);

/// Makes the number even again.
pub(super) struct Odd<'a>(&'a AtomicU64);

impl Sequence {
    pub(super) fn new() -> Self {
        Sequence(AtomicU64::new(0))
    }

    /// The number before a read, or `None` while a writer is inside.
    #[inline]
    pub(crate) fn begin(&self) -> Option<u64> {
        // Acquire, with the release at the end of a write: what that write left is seen.
        let number = self.0.load(Ordering::Acquire);
        number.is_multiple_of(2).then_some(number)
    }

    /// Whether no writer was inside since [`begin`](Sequence::begin) answered this.
    #[inline]
    pub(crate) fn validate(&self, begun: u64) -> Option<()> {
        // With the release fence of `write`: if a load before this saw anything of a later write, the load below sees
        // that write's odd number, or a later one.
        fence(Ordering::Acquire);
        (self.0.load(Ordering::Relaxed) == begun).then_some(())
    }

    /// Says that a writer is inside, until the result is dropped. There must be no other.
    #[inline]
    pub(super) fn write(&self) -> Odd<'_> {
        let number = self.0.load(Ordering::Relaxed);
        self.0.store(number + 1, Ordering::Relaxed);
        // With the acquire fence of `validate`.
        fence(Ordering::Release);
        Odd(&self.0)
    }
}

impl Drop for Odd<'_> {
    #[inline]
    fn drop(&mut self) {
        // Release, with the acquire of `begin`.
        self.0.store(self.0.load(Ordering::Relaxed) + 1, Ordering::Release);
    }
}

#[cfg(all(test, loom))]
mod models {
    use super::Sequence;
    use loom::{
        sync::{
            Arc, Mutex,
            atomic::{AtomicU64, Ordering::Relaxed},
        },
        thread,
    };

    /// Two words that a writer keeps equal, and the number that says when they are.
    struct Pair {
        sequence: Sequence,
        lock: Mutex<()>,
        words: [AtomicU64; 2],
    }

    impl Pair {
        fn new() -> Arc<Self> {
            let words = [AtomicU64::new(0), AtomicU64::new(0)];
            Arc::new(Pair { sequence: Sequence::new(), lock: Mutex::new(()), words })
        }

        fn write(&self, value: u64) {
            let _guard = self.lock.lock().unwrap();
            let _odd = self.sequence.write();
            self.words[0].store(value, Relaxed);
            self.words[1].store(value, Relaxed);
        }

        fn read(&self) -> Option<(u64, u64)> {
            let begun = self.sequence.begin()?;
            let words = (self.words[0].load(Relaxed), self.words[1].load(Relaxed));
            self.sequence.validate(begun)?;
            Some(words)
        }
    }

    #[test]
    fn what_validates_is_of_one_moment() {
        loom::model(|| {
            let pair = Pair::new();
            let writer = thread::spawn({
                let pair = Arc::clone(&pair);
                move || {
                    pair.write(1);
                    pair.write(2);
                }
            });
            let mut before = 0;
            for _ in 0..2 {
                if let Some((a, b)) = pair.read() {
                    assert_eq!(a, b);
                    assert!(a >= before, "time goes back");
                    before = a;
                }
            }
            writer.join().unwrap();
            assert_eq!(pair.read(), Some((2, 2)), "what a writer left is seen by whoever saw it end");
        });
    }

    #[test]
    fn two_writers_and_a_reader() {
        loom::model(|| {
            let pair = Pair::new();
            let writers: Vec<_> = (1..=2)
                .map(|value| {
                    let pair = Arc::clone(&pair);
                    thread::spawn(move || pair.write(value))
                })
                .collect();
            if let Some((a, b)) = pair.read() {
                assert_eq!(a, b);
            }
            for writer in writers {
                writer.join().unwrap();
            }
            let (a, b) = pair.read().expect("no writer is inside");
            assert!(a == b && a > 0);
        });
    }

    /// The model can fail: without the number, a mixture is seen.
    #[test]
    #[should_panic(expected = "mixture")]
    fn without_validation_a_mixture_is_seen() {
        loom::model(|| {
            let pair = Pair::new();
            let writer = thread::spawn({
                let pair = Arc::clone(&pair);
                move || pair.write(1)
            });
            let words = (pair.words[0].load(Relaxed), pair.words[1].load(Relaxed));
            writer.join().unwrap();
            assert!(words.0 == words.1, "mixture");
        });
    }
}
