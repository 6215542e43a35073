//! Readers and writers of one link, in many threads.

use super::{Grace, Reading, is_reading, readers};
use std::{
    cell::RefCell,
    panic::{AssertUnwindSafe, catch_unwind},
    ptr,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{
            AtomicBool, AtomicPtr, AtomicUsize,
            Ordering::{Acquire, Release, SeqCst},
        },
    },
    thread,
};

/// A grace period waits for readers of other tests, too, so one test runs at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A value that says whether it was dropped.
struct Canary(u64);

const ALIVE: u64 = 0x5eed_a11e;

impl Drop for Canary {
    fn drop(&mut self) {
        // Volatile, so that it is not left out although the memory is freed next.
        // SAFETY: it is a reference.
        unsafe { ptr::write_volatile(&raw mut self.0, 0) }
    }
}

/// A link to a canary.
struct Link {
    to: AtomicPtr<Canary>,
    writer: Mutex<()>,
}

impl Link {
    fn new() -> Self {
        Link { to: AtomicPtr::new(Self::canary()), writer: Mutex::new(()) }
    }

    fn canary() -> *mut Canary {
        Box::into_raw(Box::new(Canary(ALIVE)))
    }

    fn read(&self, look: impl FnOnce()) {
        let _reading = Reading::begin();
        assert!(is_reading());
        let canary = self.to.load(Acquire);
        look();
        // SAFETY: it was linked while this thread was reading, and writers wait for that to end.
        let seen = unsafe { ptr::read_volatile(&raw const (*canary).0) };
        assert_eq!(seen, ALIVE, "it was dropped");
    }

    /// Links another canary. Returns the one before it, which readers may still hold.
    fn exchange(&self) -> (*mut Canary, Grace) {
        let _turn = self.writer.lock().unwrap();
        let before = self.to.swap(Self::canary(), Release);
        (before, Grace::begin().expect("the barrier works"))
    }

    fn write(&self) {
        let (before, mut grace) = self.exchange();
        grace.wait();
        // SAFETY: it came from a box, and nobody holds it any more.
        drop(unsafe { Box::from_raw(before) });
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        // SAFETY: as above.
        drop(unsafe { Box::from_raw(*self.to.get_mut()) });
    }
}

#[test]
fn nothing_is_dropped_that_a_reader_holds() {
    let _alone = alone();
    let (link, is_over) = (Link::new(), AtomicBool::new(false));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !is_over.load(Acquire) {
                    link.read(|| {});
                    link.read(|| link.read(thread::yield_now));
                }
            });
        }
        let writers: Vec<_> = (0..2).map(|_| scope.spawn(|| (0..500).for_each(|_| link.write()))).collect();
        for writer in writers {
            writer.join().unwrap();
        }
        is_over.store(true, Release);
    });
}

/// A grace period waits for the readings that it began in, not for later ones.
#[test]
fn later_readers_delay_nothing() {
    let _alone = alone();
    let link = Link::new();
    link.read(|| {
        let (before, mut grace) = link.exchange();
        assert!(!grace.has_ended(), "this thread reads");
        thread::scope(|scope| {
            scope.spawn(|| {
                // Of another thread, which has not read yet.
                let (other, mut grace) = link.exchange();
                assert!(!grace.has_ended());
                // SAFETY: it was linked after the only reader had followed the link.
                drop(unsafe { Box::from_raw(other) });
            });
        });
        // SAFETY: this thread holds another, which it links again.
        drop(unsafe { Box::from_raw(link.to.swap(before, Release)) });
    });
    let (before, mut grace) = link.exchange();
    link.read(|| assert!(grace.has_ended(), "a later reading"));
    // SAFETY: the grace period has ended.
    drop(unsafe { Box::from_raw(before) });
}

#[test]
fn a_panic_ends_the_reading() {
    let _alone = alone();
    let link = Link::new();
    let outcome = catch_unwind(AssertUnwindSafe(|| link.read(|| panic!("it passes"))));
    assert!(outcome.is_err() && !is_reading());
    link.write();
}

/// How many threads come and go. `RECLAIM_THREADS` sets it.
fn threads() -> usize {
    std::env::var("RECLAIM_THREADS").map_or(3000, |set| set.parse().expect("a number of threads"))
}

#[test]
fn lines_are_taken_over() {
    let _alone = alone();
    let link = Link::new();
    let before = readers::count();
    for _ in 0..threads() / 4 {
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| link.read(|| {}));
            }
        });
        link.write();
    }
    // Other tests run beside this one.
    assert!(readers::count() < before + 100, "{} lines", readers::count());
}

/// A value that reads when its thread ends, whichever of the thread's values is dropped first.
struct ReadsAtTheEnd(&'static Link, &'static AtomicUsize);

impl Drop for ReadsAtTheEnd {
    fn drop(&mut self) {
        self.0.read(|| {});
        self.0.read(|| self.0.read(|| {}));
        self.1.fetch_add(1, SeqCst);
    }
}

#[test]
fn thread_local_values_read_when_they_are_dropped() {
    let _alone = alone();
    thread_local! {
        static FIRST: RefCell<Option<ReadsAtTheEnd>> = const { RefCell::new(None) };
        static LAST: RefCell<Option<ReadsAtTheEnd>> = const { RefCell::new(None) };
    }
    static READ: AtomicUsize = AtomicUsize::new(0);
    let link: &'static Link = Box::leak(Box::new(Link::new()));
    for _ in 0..200 {
        thread::spawn(move || {
            FIRST.set(Some(ReadsAtTheEnd(link, &READ)));
            link.read(|| {});
            LAST.set(Some(ReadsAtTheEnd(link, &READ)));
        })
        .join()
        .unwrap();
        link.write();
    }
    assert_eq!(READ.load(SeqCst), 400);
}

/// A child has none of the readers of its parent but the one that forked.
#[cfg(target_os = "linux")]
#[test]
fn a_child_of_fork_does_not_wait_for_threads_of_its_parent() {
    let _alone = alone();
    let link = Link::new();
    // From now on children know which thread they have.
    link.read(|| {});
    let (begins, ends) = (std::sync::Barrier::new(2), std::sync::Barrier::new(2));
    thread::scope(|scope| {
        scope.spawn(|| {
            link.read(|| {
                begins.wait();
                ends.wait();
            });
        });
        begins.wait();
        // SAFETY: the child takes no lock that another thread may hold, and ends.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let before = link.to.swap(Link::canary(), Release);
            let ended = Grace::begin().is_some_and(|mut grace| grace.has_ended());
            let waits = link_is_held(&link);
            // SAFETY: as above.
            unsafe {
                let _ = Box::from_raw(before);
                libc::_exit(i32::from(!ended || !waits));
            }
        }
        let mut status = 0;
        // SAFETY: it is this test's own child.
        let ended = unsafe { libc::waitpid(child, &raw mut status, 0) };
        ends.wait();
        assert!(ended == child && libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0, "status {status:#x}");
    });
}

/// Whether a grace period waits for a reading of this thread.
#[cfg(target_os = "linux")]
fn link_is_held(link: &Link) -> bool {
    let mut is_held = false;
    link.read(|| is_held = Grace::begin().is_some_and(|mut grace| !grace.has_ended()));
    is_held
}
