//! The primitives under the engine: std's and `parking_lot`'s, or loom's where its model checker runs the tests
//! (`RUSTFLAGS="--cfg loom"`).

#[cfg(not(loom))]
pub(crate) use {parking_lot::Mutex, std::sync::atomic};
