use super::{Cell, Lock, Sequence, Serves, Token, raw::RawMutex};
use crate::table::Copies;

/// Reads without a lock: `lock = Optimistic`, for `Copy` keys and values.
///
/// A reader copies the entry and then looks whether a writer was in the shard meanwhile. If so, it tries again. After a few times
/// it waits for the lock like everyone else, so that writers can't starve it. A reader writes nothing that others read, so reads scale
/// with the cores. With an eviction it sets one bit, that its entry was used, if that bit is not set yet. Writers are alone, as under
/// [`Mutex`](super::Mutex), and change a copy of the value, which then replaces it.
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
    fn sequence<T>(cell: &SequenceLock<T>, _: Token) -> Option<&Sequence> {
        Some(&cell.sequence)
    }
}

#[diagnostic::do_not_recommend]
impl<K: Copy + Send, V: Copy + Send> Serves<K, V> for Optimistic {
    const COPIES: Option<Copies<K, V>> = Some(Copies::PROOF);
}

/// A mutex for those who take the lock, and a number that is odd while one of them may change the value.
///
/// Those who look without the lock do so by other means than `&T`: this lock lends the value to its owner alone.
#[derive(Debug)]
#[repr(C)] // All that is asked first, on the cache line where the value begins.
pub struct SequenceLock<T> {
    sequence: Sequence,
    mutex: RawMutex<T>,
}

impl<T> SequenceLock<T> {
    #[inline]
    fn change<R>(&self, value: &mut T, write: impl FnOnce(&mut T) -> R) -> R {
        // Even again before the mutex is unlocked, also on a panic.
        let _odd = self.sequence.write();
        write(value)
    }
}

impl<T> Cell<T> for SequenceLock<T> {
    fn new(value: T) -> Self {
        SequenceLock { sequence: Sequence::new(), mutex: RawMutex::new(value) }
    }

    #[inline]
    fn read<R>(&self, read: impl FnOnce(&T) -> R) -> R {
        self.mutex.with(|value| read(value))
    }

    #[inline]
    fn write<R>(&self, write: impl FnOnce(&mut T) -> R) -> R {
        self.mutex.with(|value| self.change(value, write))
    }

    #[inline]
    fn try_write<R>(&self, write: impl FnOnce(&mut T) -> R) -> Option<R> {
        self.mutex.try_with(|value| self.change(value, write))
    }

    const TAKES_TURNS: bool = true;

    fn read_in_turn<R>(&self, read: impl FnOnce(&T) -> R) -> R {
        self.mutex.with_in_turn(|value| read(value))
    }

    fn write_in_turn<R>(&self, write: impl FnOnce(&mut T) -> R) -> R {
        self.mutex.with_in_turn(|value| self.change(value, write))
    }
}
