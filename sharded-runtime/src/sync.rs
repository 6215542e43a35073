//! The primitives under the engine: std's and `parking_lot`'s, or loom's where its model checker runs the tests
//! (`RUSTFLAGS="--cfg loom"`).

#[cfg(not(loom))]
pub(crate) use {parking_lot::Mutex, std::sync::atomic};

#[cfg(loom)]
pub(crate) use {self::loom_mutex::Mutex, loom::sync::atomic};

#[cfg(loom)]
mod loom_mutex {
    /// loom's mutex, without poison as `parking_lot`'s.
    pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

    impl<T> Mutex<T> {
        pub(crate) fn new(value: T) -> Self {
            Mutex(loom::sync::Mutex::new(value))
        }

        pub(crate) fn lock(&self) -> loom::sync::MutexGuard<'_, T> {
            self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
        }
    }
}
