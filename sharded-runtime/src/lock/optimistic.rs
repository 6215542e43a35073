use super::{Lock, Serves};

/// Reads that copy: `lock = Optimistic`, for `Copy` keys and values.
///
/// The declaration and its bounds are final. In this version the choice runs on the same lock as
/// [`Mutex`](super::Mutex), so it is neither faster nor slower than that; reads without a lock come with the storage
/// engine, and call sites stay as they are.
#[derive(Debug)]
pub enum Optimistic {}

#[diagnostic::do_not_recommend]
impl Lock for Optimistic {
    const SHARED_READS: bool = false;
    type Cell<T> = parking_lot::Mutex<T>;
}

#[diagnostic::do_not_recommend]
impl<K: Copy + Send, V: Copy + Send> Serves<K, V> for Optimistic {}
