//! At most one thread is inside a cell, also if waiters of other locks are woken meanwhile: each cell of the library
//! holds each kind of lock, whose waiters are woken in turn while other threads wait for the cell.

use sharded::lock::{Cell, Lock, Mutex, Optimistic, Rcu, RwLock};
use std::{
    any::type_name,
    sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst},
    thread,
    time::Duration,
};

/// A moment in which another thread most likely gets to where it waits. Where it does not, the test shows less, but
/// does not fail.
fn moment() {
    thread::sleep(Duration::from_millis(10));
}

/// A lock inside of a cell, or beside what is in it.
trait Inner: Send + Sync {
    fn new() -> Self;
    /// Takes the lock, and hands it to the thread that has waited longest.
    fn hold_in_turn(&self);
}

impl Inner for parking_lot::Mutex<()> {
    fn new() -> Self {
        parking_lot::Mutex::new(())
    }
    fn hold_in_turn(&self) {
        let guard = self.lock();
        moment();
        parking_lot::MutexGuard::unlock_fair(guard);
    }
}

impl Inner for parking_lot::RwLock<()> {
    fn new() -> Self {
        parking_lot::RwLock::new(())
    }
    fn hold_in_turn(&self) {
        let guard = self.write();
        moment();
        parking_lot::RwLockWriteGuard::unlock_fair(guard);
    }
}

/// One of the library's cells.
struct Nested<L: Lock>(L::Cell<()>);

impl<L: Lock> Inner for Nested<L>
where
    L::Cell<()>: Send + Sync,
{
    fn new() -> Self {
        Nested(Cell::new(()))
    }
    fn hold_in_turn(&self) {
        self.0.write_in_turn(|()| moment());
    }
}

/// The lock is where the cell's value begins.
#[repr(C)]
struct Value<I> {
    inner: I,
    inside: AtomicU32,
}

/// Two threads fight for the inner lock while its owner has the outer cell to itself, for which two more threads wait.
fn check<L: Lock, I: Inner>()
where
    L::Cell<Value<I>>: Sync,
{
    let outer: L::Cell<Value<I>> = Cell::new(Value { inner: I::new(), inside: AtomicU32::new(0) });
    let alone = |value: &mut Value<I>, run: &mut dyn FnMut(&I)| {
        let before = value.inside.fetch_add(1, SeqCst);
        run(&value.inner);
        let after = value.inside.fetch_sub(1, SeqCst);
        assert_eq!((before, after), (0, 1), "{} in {}", type_name::<I>(), type_name::<L>());
    };
    let is_taken = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            outer.write(|value| {
                alone(value, &mut |inner| {
                    is_taken.store(true, SeqCst);
                    moment();
                    thread::scope(|scope| {
                        for _ in 0..3 {
                            scope.spawn(|| (0..2).for_each(|_| inner.hold_in_turn()));
                        }
                    });
                    moment();
                });
            });
        });
        for in_turn in [false, true] {
            let (outer, is_taken) = (&outer, &is_taken);
            scope.spawn(move || {
                while !is_taken.load(SeqCst) {
                    thread::yield_now();
                }
                let write = |value: &mut Value<I>| alone(value, &mut |_| moment());
                if in_turn { outer.write_in_turn(write) } else { outer.write(write) }
            });
        }
    });
}

fn with_each_inside<L: Lock>()
where
    L::Cell<Value<parking_lot::Mutex<()>>>: Sync,
    L::Cell<Value<parking_lot::RwLock<()>>>: Sync,
    L::Cell<Value<Nested<Mutex>>>: Sync,
    L::Cell<Value<Nested<RwLock>>>: Sync,
    L::Cell<Value<Nested<Optimistic>>>: Sync,
{
    check::<L, parking_lot::Mutex<()>>();
    check::<L, parking_lot::RwLock<()>>();
    check::<L, Nested<Mutex>>();
    check::<L, Nested<RwLock>>();
    check::<L, Nested<Optimistic>>();
}

#[test]
fn a_mutex_has_one_owner_whatever_is_inside() {
    with_each_inside::<Mutex>();
}

#[test]
fn a_sequence_lock_has_one_owner_whatever_is_inside() {
    with_each_inside::<Optimistic>();
    with_each_inside::<Rcu>();
}

#[test]
fn a_reader_writer_lock_has_one_owner_whatever_is_inside() {
    with_each_inside::<RwLock>();
}
