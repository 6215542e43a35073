//! The announcement of one thread.
//!
//! # Proof
//!
//! A reader announces itself, passes the light barrier, loads a pointer, follows it, and leaves. A writer stores
//! another pointer, passes the heavy barrier, and looks at the line of the reader.
//!
//! - If the reader has loaded the old pointer, the writer sees its announcement or something later in this line. (With
//!   the two barriers at least one of the two threads sees the store of the other.)
//! - If the writer sees that the reader has left, or has announced itself anew, it has read a store of the reader that
//!   comes after its use of the pointer. All stores to a line are releases and the writer's load acquires, so that use
//!   happens before whatever the writer does then.
//! - Otherwise it sees the announcement, and waits until it sees a later store.
//!
//! Another thread may take over the line in between. It acquires what the earlier owner has released, so the same
//! holds.
//!
//! # When the system withdraws its barrier
//!
//! From then on readers pass a fence, and so do writers. But a reader that has not noticed yet passes none, so a writer
//! may not see its announcement.
//!
//! - A reader that has noticed says so in its line, after it has announced itself and before its fence. The
//!   [mode](Mode) does not change any more, so it passes a fence after each later announcement. So do later owners of
//!   the line, who acquire what it has released.
//! - A writer frees nothing before all lines that have an owner say so.
//! - A line without an owner has no reader. The next owner takes the line, passes a fence, and loads the mode. The
//!   writer has set the mode or loaded it, passes a fence, and looks at the owner. So the owner sees the mode, or the
//!   writer sees the owner.

use super::barriers::Mode;
use crate::memory::sync::atomic::{
    AtomicBool, AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};

/// Where a thread announces that it reads. Only its owner stores here.
#[derive(Debug)]
pub(super) struct Line {
    /// Odd while the owner reads. It only grows.
    number: AtomicU64,
    /// Whether the owner has noticed that the system's barrier is withdrawn: it passes a fence from now on.
    is_fenced: AtomicBool,
}

/// A reading that a writer has seen in a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen(u64);

impl Line {
    #[cfg(not(loom))]
    pub(super) const fn new() -> Self {
        Line { number: AtomicU64::new(0), is_fenced: AtomicBool::new(false) }
    }

    #[cfg(loom)]
    pub(super) fn new() -> Self {
        Line { number: AtomicU64::new(0), is_fenced: AtomicBool::new(false) }
    }

    /// Announces the owner, who must not read yet.
    #[inline]
    pub(super) fn announce(&self, mode: &Mode) {
        self.step();
        mode.light(|| self.note_fenced());
    }

    /// Notes that the owner has noticed. Release, with the acquire in `is_fenced`: whoever sees the note sees the
    /// announcements before it.
    pub(super) fn note_fenced(&self) {
        self.is_fenced.store(true, Release);
    }

    /// Whether the owner has noted that it passes a fence.
    pub(super) fn is_fenced(&self) -> bool {
        self.is_fenced.load(Acquire)
    }

    /// Ends what [`announce`](Line::announce) began.
    #[inline]
    pub(super) fn leave(&self) {
        self.step();
    }

    /// Release, with the acquires of `seen` and `has_left`. (Also of an announcement: whoever sees it knows that the
    /// reading before it has ended.)
    #[inline]
    fn step(&self) {
        self.number.store(self.number.load(Relaxed) + 1, Release);
    }

    /// The reading that the owner is at, if any. Called after the heavy barrier.
    pub(super) fn seen(&self) -> Option<Seen> {
        let number = self.number.load(Acquire);
        (!number.is_multiple_of(2)).then_some(Seen(number))
    }

    /// Whether that reading has ended.
    pub(super) fn has_left(&self, seen: Seen) -> bool {
        Seen(self.number.load(Acquire)) != seen
    }

    /// Ends the reading of an owner that is no more.
    pub(super) fn reset(&self) {
        if self.seen().is_some() {
            self.step();
        }
    }
}

#[cfg(all(test, loom))]
mod models {
    use super::{
        super::barriers::{Heavy, Mode},
        Line,
    };
    use loom::{
        cell::UnsafeCell,
        sync::{
            Arc,
            atomic::{
                AtomicUsize,
                Ordering::{Acquire, Release},
            },
        },
        thread,
    };

    /// Which fault is planted.
    #[derive(Clone, Copy, PartialEq, Eq)]
    enum Fault {
        None,
        /// A reader passes no barrier.
        NoLightBarrier,
        /// A writer passes no barrier.
        NoHeavyBarrier,
        /// A writer frees what it has unlinked without looking.
        NoGrace,
        /// A writer whose barrier is withdrawn does not ask whether readers have noticed.
        NotAsked,
    }

    /// A link to one of some values, which are freed when they are unlinked.
    struct Linked {
        mode: Mode,
        lines: Vec<Line>,
        link: AtomicUsize,
        /// Freeing is a write, so that loom finds a read beside it.
        values: Vec<UnsafeCell<bool>>,
    }

    // SAFETY: loom checks the accesses to the values.
    unsafe impl Sync for Linked {}
    // SAFETY: as above.
    unsafe impl Send for Linked {}

    impl Linked {
        fn new(lines: usize, values: usize) -> Arc<Self> {
            Self::with_mode(Mode::with_fences(), lines, values)
        }

        fn with_mode(mode: Mode, lines: usize, values: usize) -> Arc<Self> {
            let lines = (0..lines).map(|_| Line::new()).collect();
            let values = (0..values).map(|_| UnsafeCell::new(true)).collect();
            Arc::new(Linked { mode, lines, link: AtomicUsize::new(0), values })
        }

        /// Follows the link.
        fn read(&self, line: usize, fault: Fault) {
            let line = &self.lines[line];
            if fault == Fault::NoLightBarrier {
                line.step();
            } else {
                line.announce(&self.mode);
            }
            let value = self.link.load(Acquire);
            // SAFETY: what this model is to show.
            self.values[value].with(|value| assert!(unsafe { *value }, "freed"));
            line.leave();
        }

        /// Links another value, and frees the one before it when all readers have left that may see it. The system has
        /// no barrier, or none any more. Then the value stays if some reader has not noticed. Returns whether it was
        /// freed.
        fn write(&self, value: usize, fault: Fault) -> bool {
            self.link.store(value, Release);
            if fault != Fault::NoHeavyBarrier
                && self.mode.heavy(|| false) == Heavy::Fenced
                && fault != Fault::NotAsked
                && !self.lines.iter().all(Line::is_fenced)
            {
                return false;
            }
            if fault != Fault::NoGrace {
                for line in &self.lines {
                    if let Some(seen) = line.seen() {
                        while !line.has_left(seen) {
                            thread::yield_now();
                        }
                    }
                }
            }
            // SAFETY: what this model is to show.
            self.values[value - 1].with_mut(|freed| unsafe { *freed = false });
            true
        }
    }

    fn one_reader(fault: Fault) {
        loom::model(move || {
            let linked = Linked::new(1, 2);
            let reader = thread::spawn({
                let linked = Arc::clone(&linked);
                move || linked.read(0, fault)
            });
            assert!(linked.write(1, fault));
            reader.join().unwrap();
        });
    }

    #[test]
    fn nothing_is_freed_that_a_reader_sees() {
        one_reader(Fault::None);
    }

    #[test]
    fn two_readers_and_two_values() {
        let mut model = loom::model::Builder::new();
        model.preemption_bound = Some(3);
        model.check(|| {
            let linked = Linked::new(2, 3);
            let readers: Vec<_> = (0..2)
                .map(|line| {
                    let linked = Arc::clone(&linked);
                    thread::spawn(move || linked.read(line, Fault::None))
                })
                .collect();
            assert!(linked.write(1, Fault::None) && linked.write(2, Fault::None));
            for reader in readers {
                reader.join().unwrap();
            }
        });
    }

    /// A writer that waits for a reading may see the next one in its place.
    #[test]
    fn a_reader_that_reads_again() {
        loom::model(|| {
            let linked = Linked::new(1, 2);
            let reader = thread::spawn({
                let linked = Arc::clone(&linked);
                move || {
                    linked.read(0, Fault::None);
                    linked.read(0, Fault::None);
                }
            });
            assert!(linked.write(1, Fault::None));
            reader.join().unwrap();
        });
    }

    /// Readers have relied on the system's barrier, which fails from now on. Returns how often a value was freed.
    fn withdrawn(fault: Fault) -> usize {
        let freed = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let count = std::sync::Arc::clone(&freed);
        loom::model(move || {
            let linked = Linked::with_mode(Mode::with_system(), 1, 3);
            let reader = thread::spawn({
                let linked = Arc::clone(&linked);
                move || {
                    linked.read(0, fault);
                    linked.read(0, fault);
                }
            });
            for value in 1..3 {
                if linked.write(value, fault) {
                    count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                }
            }
            reader.join().unwrap();
        });
        freed.load(std::sync::atomic::Ordering::Relaxed)
    }

    #[test]
    fn a_barrier_that_is_withdrawn() {
        assert!(withdrawn(Fault::None) > 0, "nothing is ever freed");
    }

    #[test]
    #[should_panic(expected = "")]
    fn without_asking_readers_it_fails() {
        withdrawn(Fault::NotAsked);
    }

    #[test]
    #[should_panic(expected = "")]
    fn without_the_light_barrier_it_fails() {
        one_reader(Fault::NoLightBarrier);
    }

    #[test]
    #[should_panic(expected = "")]
    fn without_the_heavy_barrier_it_fails() {
        one_reader(Fault::NoHeavyBarrier);
    }

    #[test]
    #[should_panic(expected = "")]
    fn without_a_grace_period_it_fails() {
        one_reader(Fault::NoGrace);
    }
}
