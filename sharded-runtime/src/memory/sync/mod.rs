//! Synchronization: primitives of std and of our own, or those of loom when its model checker runs the tests
//! (`RUSTFLAGS="--cfg loom"`).
//!
//! `parking_lot` keeps sleeping threads in a queue in the memory of the process. A child of `fork` inherits that queue,
//! but not the threads. So this crate has its own mutex and condition variable, whose threads sleep in the kernel.

#[cfg_attr(loom, allow(dead_code, reason = "only its model runs"))]
mod guard;
mod mutex;
mod primitives;
mod rwlock;
mod word;

#[allow(unreachable_pub, reason = "the associated type of a public trait")]
pub use mutex::RawMutex;
pub(crate) use primitives::atomic;
#[allow(unreachable_pub, reason = "the associated type of a public trait")]
pub use rwlock::RawRwLock;

#[cfg(not(loom))]
pub(crate) use mutex::RawMutex as Mutex;

#[cfg(loom)]
pub(crate) use primitives::Mutex;

/// The threads of a model are one thread of the system, so its thread-locals are loom's. (Their macro knows no
/// `const`.)
#[cfg(loom)]
macro_rules! loom_thread_local {
    (static $name:ident: $Type:ty = const $init:block;) => {
        loom::thread_local! {
            static $name: $Type = $init;
        }
    };
}
#[cfg(loom)]
pub(crate) use loom_thread_local as thread_local;

/// For code that no model runs.
#[cfg(not(loom))]
pub(crate) mod unmodelled {
    pub(crate) use super::{
        guard::{Condvar, MutexGuard},
        mutex::RawMutex as Mutex,
    };
}

/// Not the primitives of loom, which can't be in a static.
#[cfg(loom)]
pub(crate) mod unmodelled {
    use std::time::Duration;

    pub(crate) use parking_lot::{Mutex, MutexGuard};

    #[derive(Debug)]
    pub(crate) struct Condvar(parking_lot::Condvar);

    impl Condvar {
        pub(crate) const fn new() -> Self {
            Condvar(parking_lot::Condvar::new())
        }
        pub(crate) fn wait<T>(&self, guard: &mut MutexGuard<'_, T>) {
            self.0.wait(guard);
        }
        pub(crate) fn wait_for<T>(&self, guard: &mut MutexGuard<'_, T>, most: Option<Duration>) {
            match most {
                Some(most) => drop(self.0.wait_for(guard, most)),
                None => self.0.wait(guard),
            }
        }
        pub(crate) fn notify_one(&self) {
            self.0.notify_one();
        }
        pub(crate) fn notify_all(&self) {
            self.0.notify_all();
        }
    }
}
