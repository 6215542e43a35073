use super::{
    copies::Copies,
    raw::{SequenceLock, View},
    traits::{Lock, Serves},
};
use crate::bounds::Token;

/// Reads without a lock: `lock = Optimistic`, for `Copy` keys and values.
///
/// A reader copies the entry and then looks whether a writer was in the shard meanwhile. If so, it tries again. After a
/// few times it waits for the lock like everyone else, so that writers can't starve it. A reader writes nothing that
/// others read, so reads scale with the cores. With an eviction it sets one bit, that its entry was used, if that bit
/// is not set yet. Writers are alone, as under [`Mutex`](super::Mutex), and change a copy of the value, which then
/// replaces it.
///
/// The bytes of keys and values are copied by atomic words, and become a key and a value only when it is known that no
/// writer was there.
#[derive(Debug)]
pub enum Optimistic {}

#[diagnostic::do_not_recommend]
impl Lock for Optimistic {
    const SHARED_READS: bool = true;
    const READS_RACE: bool = true;
    type Cell<T> = SequenceLock<T>;

    #[inline]
    fn view<T>(cell: &SequenceLock<T>, _: Token) -> Option<&View<T>> {
        Some(cell.view())
    }
}

#[diagnostic::do_not_recommend]
impl<K: Copy + Send, V: Copy + Send> Serves<K, V> for Optimistic {
    const COPIES: Option<Copies<K, V>> = Some(Copies::PROOF);
}
