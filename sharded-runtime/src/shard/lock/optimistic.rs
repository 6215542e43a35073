use super::{
    copies::Copies,
    raw::{SequenceLock, View},
    traits::{Lock, Serves},
};
use crate::bounds::Token;

/// Reads without a lock: `lock = Optimistic`, for `Copy` keys and values.
///
/// A reader copies the entry and then checks whether a writer was in the shard meanwhile. If so, it tries again. After
/// a few attempts it takes the lock, so that writers can't starve it. A reader writes no memory that others read, so
/// reads scale with the number of cores. With an eviction it sets one bit of its entry, unless that bit is set already.
/// Writers exclude each other, as under [`Mutex`](super::Mutex). They change a copy of the value, which then replaces
/// the value.
///
/// Keys and values are copied by atomic words. A copy is used only after the check.
///
/// A writer releases the lock by a plain store, and a read has no fence. So if two threads each change one key and then
/// read the key that the other has changed, both may read the old value: their changes were still on the way to the
/// other processor. This is the one exception to the order of calls that the other locks give.
/// [`observe`](fn@crate::observe) and [`transaction`](fn@crate::transaction) have no such exception.
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
    const COPIES: Option<Copies<K, V, Self>> = Some(Copies::PROOF);
}
