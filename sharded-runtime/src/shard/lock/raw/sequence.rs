//! A sequence number, by which readers without a lock detect writers.

use crate::memory::sync::atomic::{AtomicU64, Ordering, fence};
use std::mem;

/// The number of a sequence lock: odd while a writer is inside.
///
/// With a write per nanosecond it would wrap around after 584 years.
#[derive(Debug)]
pub(crate) struct Sequence(AtomicU64);

/// Makes the number even again when it is dropped.
pub(super) struct Odd<'a>(&'a AtomicU64);

/// A writer was inside during a read.
#[derive(Debug)]
pub(crate) struct Raced;

/// One attempt to read data that a writer may change concurrently. Only [`Sequence::read`] and [`Sequence::hint`] make
/// one, and they determine which results leave it.
#[derive(Clone, Copy)]
pub(crate) struct Attempt<'a> {
    sequence: &'a Sequence,
    begun: u64,
}

/// A moment at which no writer was inside: when a read of several values began.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Begun(u64);

/// Data that was read at one moment, while no writer was inside. Only [`Attempt::check`] makes one.
pub(crate) struct Stable<T>(T);

impl Attempt<'_> {
    /// Checks that all data which this attempt has read so far is of one moment. Later reads are not covered.
    #[inline]
    pub(crate) fn check<T>(self, seen: T) -> Result<Stable<T>, Raced> {
        self.sequence.validate(self.begun).map(|()| Stable(seen)).ok_or(Raced)
    }
}

impl<T> Stable<T> {
    #[inline]
    pub(crate) fn into_inner(self) -> T {
        self.0
    }
}

impl Sequence {
    pub(super) fn new() -> Self {
        Sequence(AtomicU64::new(0))
    }

    /// Reads data that a writer may change concurrently. A result that `search` finds must be [`Stable`]. A result of
    /// `None` depends on all data that was read, so it is checked here, after the search.
    ///
    /// # Errors
    ///
    /// Those of the search, or [`Raced`].
    #[inline]
    pub(crate) fn read<T, E: From<Raced>>(
        &self,
        search: impl FnOnce(Attempt<'_>) -> Result<Option<Stable<T>>, E>,
    ) -> Result<Option<T>, E> {
        let begun = self.begin().ok_or(Raced)?;
        match search(Attempt { sequence: self, begun })? {
            Some(Stable(found)) => Ok(Some(found)),
            None => self.validate(begun).map(|()| None).ok_or(Raced.into()),
        }
    }

    /// Lets `look` read data that a writer may change concurrently, for side effects such as prefetching. It has no
    /// result.
    #[inline]
    pub(crate) fn hint(&self, look: impl FnOnce(Attempt<'_>) -> Result<(), Raced>) {
        if let Some(begun) = self.begin() {
            let _ = look(Attempt { sequence: self, begun });
        }
    }

    /// Begins a read of several values that have numbers of their own. `None` while a writer is inside.
    ///
    /// Each value is read by itself, so that its parts are of one moment. If then the numbers of all of them
    /// [are unchanged](Sequence::is_unchanged), all were read between the last one that began and the first one that
    /// was checked.
    #[inline]
    pub(crate) fn mark(&self) -> Option<Begun> {
        self.begin().map(Begun)
    }

    /// Whether no writer was inside since then.
    #[inline]
    pub(crate) fn is_unchanged(&self, since: Begun) -> bool {
        self.validate(since.0).is_some()
    }

    /// The number before a read, or `None` while a writer is inside.
    #[inline]
    fn begin(&self) -> Option<u64> {
        // Acquire: pairs with the release store of `Odd::drop`, so the writes before it are seen.
        let number = self.0.load(Ordering::Acquire);
        number.is_multiple_of(2).then_some(number)
    }

    /// Whether no writer was inside since [`begin`](Sequence::begin) returned this number.
    #[inline]
    fn validate(&self, begun: u64) -> Option<()> {
        // Pairs with the release fence of `write`: if a load before this saw a store of a later write, the load below
        // sees the odd number of that write, or a later one.
        fence(Ordering::Acquire);
        (self.0.load(Ordering::Relaxed) == begun).then_some(())
    }

    /// Makes the number odd until the result is dropped.
    ///
    /// # Safety
    ///
    /// There must be no other writer. The data that this number guards must be changed only while such a result exists.
    #[inline]
    pub(super) unsafe fn write(&self) -> Odd<'_> {
        let number = self.0.load(Ordering::Relaxed);
        self.0.store(number + 1, Ordering::Relaxed);
        // Pairs with the acquire fence of `validate`.
        fence(Ordering::Release);
        Odd(&self.0)
    }

    /// Makes the number even while `run` runs, also if it panics.
    ///
    /// # Safety
    ///
    /// The number must be odd, by a [`write`](Sequence::write) of this thread. `run` must change nothing that readers
    /// read under this number.
    pub(super) unsafe fn pause<R>(&self, run: impl FnOnce() -> R) -> R {
        struct Resume<'a>(&'a Sequence);
        impl Drop for Resume<'_> {
            fn drop(&mut self) {
                // SAFETY: the writer that has paused goes on, so there is no other. The first `Odd` ends this write.
                mem::forget(unsafe { self.0.write() });
            }
        }
        drop(Odd(&self.0));
        let _resume = Resume(self);
        run()
    }
}

impl Drop for Odd<'_> {
    #[inline]
    fn drop(&mut self) {
        // Release: pairs with the acquire load of `begin`.
        self.0.store(self.0.load(Ordering::Relaxed) + 1, Ordering::Release);
    }
}

#[cfg(all(test, loom))]
mod models {
    use super::{Raced, Sequence};
    use loom::{
        sync::{
            Arc, Mutex,
            atomic::{AtomicU64, Ordering::Relaxed},
        },
        thread,
    };

    /// Two words that a writer keeps equal, and their sequence number.
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
            // SAFETY: the guard keeps other writers out.
            let _odd = unsafe { self.sequence.write() };
            self.words[0].store(value, Relaxed);
            self.words[1].store(value, Relaxed);
        }

        fn read(&self) -> Option<(u64, u64)> {
            let read = self.sequence.read(|attempt| {
                let words = (self.words[0].load(Relaxed), self.words[1].load(Relaxed));
                attempt.check(words).map(Some)
            });
            read.unwrap_or_else(|Raced| None)
        }
    }

    #[test]
    fn validated_reads_are_of_one_moment() {
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
            assert_eq!(pair.read(), Some((2, 2)), "a reader that saw the end of a write sees its values");
        });
    }

    /// No search misses a value that a writer moves from one word to the other.
    #[test]
    fn a_value_that_moves_is_not_missed() {
        loom::model(|| {
            let pair = Pair::new();
            pair.words[1].store(1, Relaxed);
            let writer = thread::spawn({
                let pair = Arc::clone(&pair);
                move || {
                    let _guard = pair.lock.lock().unwrap();
                    // SAFETY: as above.
                    let _odd = unsafe { pair.sequence.write() };
                    pair.words[0].store(1, Relaxed);
                    pair.words[1].store(0, Relaxed);
                }
            });
            let found = pair.sequence.read(|attempt| {
                for word in &pair.words {
                    let seen = attempt.check(word.load(Relaxed))?;
                    let value = seen.into_inner();
                    if value != 0 {
                        return attempt.check(value).map(Some);
                    }
                }
                Ok(None)
            });
            assert!(matches!(found, Ok(Some(1)) | Err(Raced)), "{found:?}");
            writer.join().unwrap();
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

    /// Writers change two values under both locks. A reader of both, without locks, sees them of one moment.
    struct Two([Pair; 2]);

    impl Two {
        fn new() -> Arc<Self> {
            let pair = || Pair {
                sequence: Sequence::new(),
                lock: Mutex::new(()),
                words: [AtomicU64::new(0), AtomicU64::new(0)],
            };
            Arc::new(Two([pair(), pair()]))
        }

        /// Stores in the first value, then in the second one, while both are locked.
        fn write(&self, value: u64) {
            let Two([first, second]) = self;
            let (_first, _second) = (first.lock.lock().unwrap(), second.lock.lock().unwrap());
            // SAFETY: the guards keep other writers out.
            let _odd = unsafe { (first.sequence.write(), second.sequence.write()) };
            first.words[0].store(value, Relaxed);
            second.words[0].store(value, Relaxed);
        }

        /// Reads both, the second one first or last.
        fn read(&self, is_turned: bool) -> Option<(u64, u64)> {
            let Two([first, second]) = self;
            let [one, other] = if is_turned { [second, first] } else { [first, second] };
            let begun = (one.sequence.mark()?, other.sequence.mark()?);
            let read = |pair: &Pair| {
                let read = pair.sequence.read(|attempt| attempt.check(pair.words[0].load(Relaxed)).map(Some));
                read.unwrap_or_else(|Raced| None)
            };
            let seen = (read(one)?, read(other)?);
            let is_unchanged = one.sequence.is_unchanged(begun.0) && other.sequence.is_unchanged(begun.1);
            is_unchanged.then_some(seen)
        }
    }

    #[test]
    fn two_values_are_of_one_moment() {
        for is_turned in [false, true] {
            loom::model(move || {
                let two = Two::new();
                let writer = thread::spawn({
                    let two = Arc::clone(&two);
                    move || two.write(1)
                });
                if let Some((one, other)) = two.read(is_turned) {
                    assert_eq!(one, other);
                }
                writer.join().unwrap();
                assert_eq!(two.read(is_turned), Some((1, 1)));
            });
        }
    }

    /// The model can fail: each value by itself is of one moment, but both are not.
    #[test]
    #[should_panic(expected = "of two moments")]
    fn without_the_marks_two_moments_are_seen() {
        loom::model(|| {
            let two = Two::new();
            let writer = thread::spawn({
                let two = Arc::clone(&two);
                move || two.write(1)
            });
            let read = |pair: &Pair| {
                let read = pair.sequence.read(|attempt| attempt.check(pair.words[0].load(Relaxed)).map(Some));
                read.unwrap_or_else(|Raced| None)
            };
            let seen = (read(&two.0[0]), read(&two.0[1]));
            writer.join().unwrap();
            if let (Some(one), Some(other)) = seen {
                assert!(one == other, "of two moments");
            }
        });
    }

    /// Two threads each write one value and then read the other one. Returns whether both may miss the other's write.
    fn may_both_miss(is_fenced: bool) -> bool {
        static BOTH: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);
        BOTH.store(false, std::sync::atomic::Ordering::SeqCst);
        loom::model(move || {
            let two = Two::new();
            let write_and_read = move |two: &Two, mine: usize| {
                let (mine, other) = (&two.0[mine], &two.0[1 - mine]);
                mine.write(1);
                if is_fenced {
                    loom::sync::atomic::fence(loom::sync::atomic::Ordering::SeqCst);
                }
                let begun = other.sequence.mark()?;
                let seen = other.words[0].load(Relaxed);
                other.sequence.is_unchanged(begun).then_some(seen)
            };
            let thread = thread::spawn({
                let two = Arc::clone(&two);
                move || write_and_read(&two, 1)
            });
            let seen = (write_and_read(&two, 0), thread.join().unwrap());
            if seen == (Some(0), Some(0)) {
                BOTH.store(true, std::sync::atomic::Ordering::SeqCst);
            }
        });
        BOTH.load(std::sync::atomic::Ordering::SeqCst)
    }

    #[test]
    fn who_has_written_sees_what_others_have() {
        assert!(may_both_miss(false), "the model can fail");
        assert!(!may_both_miss(true));
    }

    /// The model can fail: without validation, a mixture is seen.
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
