use super::{
    copies::{Clones, Copies},
    raw::{SequenceLock, View},
    traits::{Lock, Serves},
};
use crate::bounds::Token;

/// Reads without a lock, of any values: `lock = Rcu`, for keys and values that are `Clone + Send + Sync`.
///
/// Each entry lies in memory of its own and never changes. A reader announces itself in a cache line of its own thread,
/// finds the entry, and uses it where it lies, for as long as its closure runs. It writes nothing that others read, so
/// reads scale with the cores. Writers are alone, as under [`Mutex`](super::Mutex). To change an entry they clone its
/// key and its value, change the copy, and put it in place of the entry. (A key that is a `String` or a `Vec<u8>` is
/// passed on rather than cloned.) The old entry is dropped later, by a writer or by the background thread, when no
/// reader holds it any more.
///
/// Choose it for maps that are read much more often than written, whose values are not `Copy` or are large. For `Copy`
/// values of some words [`Optimistic`](super::Optimistic) is faster, and its entries lie in the table.
///
/// # Readers
///
/// A reader looks for its entry as under [`Optimistic`](super::Optimistic): while a writer is in its shard it tries
/// again, and after some attempts it waits for the lock. But while a writer runs a closure of the user that changes or
/// makes a value, readers go on. (The closure of a [`transaction`](fn@crate::transaction) keeps them out, and so does a
/// change of a map that has an index.)
///
/// A value may have interior mutability, such as an atomic number: readers may change it, as in an `Arc`. But what a
/// reader changes while a writer clones the value may be missing in the copy. Put it in an `Arc` in the value to share
/// it among the copies.
///
/// As under [`Optimistic`](super::Optimistic), two threads that each change one key and then read the key that the
/// other has changed may both read the old value.
///
/// With an `idle` time a use is noted at most once for each sixteenth of that time, see
/// [`AfterAccess`](crate::expiry::AfterAccess).
///
/// # Entries that have left
///
/// Entries that were replaced, changed or removed stay in memory until their readers have left: up to 512 entries or
/// 32 KiB per shard (without what they own), and those for which a reader stays. Once 16 times as many wait for a
/// reader that stays, a call that writes waits for it too, after it has written and released its lock. A write inside
/// a closure of another map does not wait, since the reader may wait for that map; the next write outside does.
/// Without further writes the background thread drops them, about half a second after the last write. With a builder
/// that [sweeps by hand](crate::builder), `sweep` does. Readers drop none. [`Stats::retired`](crate::Stats::retired)
/// counts them. Their own memory is used for the entries that come next, and what is left of it is freed at the same
/// time.
///
/// They count in a capacity with a [weight](crate::builder::FieldOptions::weigher): a sixteenth of it is kept for
/// them, in equal shares for the shards, and entries have the rest. A shard whose entries that have left weigh more
/// than its share waits as above, but up to eight of them may always stay, whatever they weigh. In a capacity that
/// counts entries they do not count.
///
/// Calls that take out all entries, such as `clear` and `drain`, wait for the readers of all such maps.
///
/// # Threads
///
/// - A thread that ends leaves nothing behind: a later thread takes over its cache line. So there are as many lines, of
///   128 bytes, as threads have read at the same time.
/// - A panic inside a closure ends the read, also if it ends the thread.
/// - The destructors of thread-local values may read.
/// - A child of `fork` reads and writes as its parent does. Readers of the parent that the child does not have delay
///   nothing.
///
/// # `membarrier`
///
/// A reader is announced to the other threads by `membarrier`, a system call that writers make once for many entries,
/// and the background thread once for all shards of a map. Where the system has none, each reader passes a fence.
///
/// A process may enter a sandbox that forbids `membarrier` after readers have relied on it. The first write that finds
/// this out has all readers pass a fence from then on. What has left stays in memory until each thread that has read
/// before has read again, from any such map, or has ended. From then on it is dropped as above.
///
/// # Panics
///
/// A call that takes out all entries panics inside any closure of a map, since it would wait for readers, and they
/// perhaps for the map of that closure. A write panics inside a closure that reads such a map, once so many entries
/// wait that the thread would wait for itself. Both messages name both places. `Eq` and `Clone` of an entry belong to
/// the read that calls them: there the same calls panic, and the message names the inner one.
///
/// # Deadlocks
///
/// A closure that reads must not wait for a thread that writes to such a map, since that may wait for its readers.
///
/// # Limits
///
/// Entries are memory of the program's allocator, each by itself. So `numa` places the tables, but an entry lies on the
/// NUMA node of the thread that stored or changed it, or has left its memory to it, and
/// [`Stats::table_bytes`](crate::Stats::table_bytes) does not count entries. The allocator may keep the memory of
/// entries that have left: after 99 of a hundred entries were removed, a map of a million `String` keys still had nine
/// tenths of its memory, and under [`Mutex`](super::Mutex) a fifth. A read reserves stack for a value.
///
/// # Examples
///
/// ```
/// use sharded::sharded;
/// use std::collections::HashMap;
///
/// #[derive(Clone)]
/// struct Flag {
///     is_on: bool,
///     owners: Vec<String>,
/// }
///
/// #[sharded(lock = Rcu)]
/// struct Flags {
///     #[shard(unbounded = "one entry per flag")]
///     all: HashMap<String, Flag>,
/// }
///
/// let flags = Flags::new();
/// flags.all().insert("dark".to_owned(), Flag { is_on: false, owners: vec!["ada".to_owned()] });
/// // Nothing is cloned here, and no lock is taken.
/// assert_eq!(flags.all().with("dark", |flag| flag.owners.len()), Some(1));
/// // This changes a clone, which then replaces the entry.
/// flags.all().with_mut("dark", |flag| flag.is_on = true);
/// assert_eq!(flags.all().with("dark", |flag| flag.is_on), Some(true));
/// ```
#[derive(Debug)]
pub enum Rcu {}

#[diagnostic::do_not_recommend]
impl Lock for Rcu {
    const SHARED_READS: bool = true;
    const READS_RACE: bool = true;
    const SHARES_ENTRIES: bool = true;
    type Cell<T> = SequenceLock<T>;

    #[inline]
    fn view<T>(cell: &SequenceLock<T>, _: Token) -> Option<&View<T>> {
        Some(cell.view())
    }
}

#[diagnostic::do_not_recommend]
impl<K: Clone + Send + Sync, V: Clone + Send + Sync> Serves<K, V> for Rcu {
    const COPIES: Option<Copies<K, V, Self>> = Some(Copies::PROOF);
    const CLONES: Option<Clones<K, V>> = Some(Clones::ALL);
}
