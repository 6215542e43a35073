//! Changes of several entries, all or none.

use super::{access::Rows, arrangement::Arrangement, error::TransactionError};
use crate::bounds::Token;
use std::panic::Location;

/// Changes several entries, also of several maps and stores, in one critical section: all of the changes are made, or
/// none.
///
/// It locks the shards of all rows, each once, in the [order](crate::ShardedMap#order-of-nested-accesses) of all locks:
/// by store, by field, by shard. So it cannot deadlock, neither with other transactions nor with any other call. Then
/// it runs the closure once. The closure stages changes in the [rows](super::RowMut); the maps stay as they are. If it
/// returns `Ok`, the changes are made while all shards are still locked. What was replaced or removed is dropped, and
/// listeners are told of it, after the locks are released.
///
/// # All or nothing
///
/// If the closure returns an error or panics, or a map refuses an entry, every map is as it was before, but for what a
/// read leaves (uses are counted and noted), for entries that have expired, and for what is evicted before the first
/// change, see [below](#capacity).
///
/// What can fail or run code of the user comes before the first change: `Hash`, `Eq` and `Clone` of keys, a weigher, a
/// clock, room in the capacity, memory, [index](crate::index) keys. Only the methods of an [eviction of one's
/// own](crate::evict::Eviction) run between the changes. If one of those panics, a part of the changes may have been
/// made.
///
/// # Who sees what
///
/// - **Other transactions, and calls that take the lock of a shard**, see all changes or none: the shards are unlocked
///   after all changes are made. A thread that has seen one of them sees all others in later calls.
/// - **Readers without a lock** (under [`Optimistic`](crate::lock::Optimistic)) see an entry before or after the
///   transaction, never in between. They cannot read a shard while a transaction has locked it for changing: they wait
///   for it. So what is said above holds for them too. Two reads of different keys are not of one moment, though: the
///   first may come before a transaction, and the second after it. Use [`observe`](fn@super::observe) for that.
/// - **Calls that visit many shards**, such as `for_each`, `retain`, `clear` and the save of a snapshot, take one shard
///   after the other. Such a call may see the changes of a transaction in one shard and not in another one. A saved
///   file holds only values that were committed.
/// - **`len`, `weight` and `stats`** take no lock, so they may show a part of a transaction whose changes are under
///   way.
/// - **Listeners** are told after all locks are released, by the thread of the transaction. But if another thread is
///   telling a listener of the same map just then, it may go on with entries of the transaction while this still has
///   its locks. So a listener should not count on finding the changes of other rows.
/// - **Loads** of a key that a transaction stores, changes or removes are overtaken, as by a single call: the loaded
///   value is not stored.
///
/// # Capacity
///
/// Entries that the transaction removes give their room to those that it adds to the same map. For the rest of the new
/// entries others are evicted after all locks are released: until then a map may exceed its capacity by the entries
/// that the transaction has added. Its own entries may be among those that leave, as with a later insert: evictions
/// other than [`Lru`](crate::evict::Lru) and [`TinyLfu`](crate::evict::TinyLfu) may choose one of them if all other
/// entries of its shard were used lately.
///
/// Where some entries may not be evicted (`evictable`), and under [`Reject`](crate::evict::Reject), the room for all
/// new entries is made before the first change, since it may not be found. Entries that the transaction changes do not
/// leave for it. In shards other than its own it passes over those that are in use. What has left by then stays away,
/// also if another map refuses an entry.
///
/// # Errors
///
/// [`TransactionError::Failed`] has the error of the closure. [`TransactionError::Refused`] says which map had no room,
/// and gives back all values that were to be stored. So does [`TransactionError::Taken`], which says in which
/// [index](crate::index) another entry has an index key that must be unique.
///
/// # Panics
///
/// - If two rows are the same key of the same map. The message names the map.
/// - Inside a closure on the same or a later place than the first of these shards: see [the
///   order](crate::ShardedMap#order-of-nested-accesses). Inside the closure of the transaction, a further access must
///   go to a place later than all its shards.
/// - If the rows lie in more than 1024 shards.
/// - If there is no memory for the new entries, before any change is made.
/// - If code of the user panics: see [all or nothing](#all-or-nothing). The drop of what has left, a listener, and
///   `Hash` of keys that move when a table shrinks run after the changes: then the transaction is made, and the panic
///   comes after all locks are released.
///
/// # Cost
///
/// A lock and a search for each row, and O(n log n) to sort them. One row, and two rows by themselves, of maps without
/// a capacity whose entries do not expire, cost little more than single calls as long as they replace values that are
/// there; one row also if it inserts or removes. Nothing is allocated for up to 12 rows in tuples and arrays. The key
/// of a row is cloned if an entry is stored under it or a listener is to be told of its old value, and the value if it
/// is [updated](super::RowMut::update). Rows whose keys have the same hash are compared with each other. The locks are
/// held while the closure runs: keep it short. It can't await.
///
/// # Examples
///
/// ```
/// use sharded::{TransactionError, sharded};
/// use std::collections::HashMap;
///
/// #[sharded]
/// struct Bank {
///     #[shard(ttl = never, unbounded = "one entry per account")]
///     accounts: HashMap<u32, u64>,
/// }
///
/// let bank = Bank::new();
/// bank.accounts().extend([(1, 100), (2, 0)]);
/// let transfer = |from: u32, to: u32, amount: u64| {
///     sharded::transaction([bank.accounts().row(&from), bank.accounts().row(&to)], |[from, to]| {
///         let left = from.get().and_then(|balance| balance.checked_sub(amount)).ok_or("too little")?;
///         to.update(|balance| *balance += amount).ok_or("no such account")?;
///         from.insert(left);
///         Ok(())
///     })
/// };
/// assert!(transfer(1, 2, 70).is_ok());
/// assert_eq!(transfer(1, 2, 70).unwrap_err(), TransactionError::Failed("too little"));
/// assert_eq!(transfer(1, 3, 10).unwrap_err(), TransactionError::Failed("no such account"));
/// assert_eq!(bank.accounts().get_many([&1, &2]), [Some(30), Some(70)]);
/// ```
#[inline]
#[track_caller]
#[allow(clippy::needless_pass_by_value, reason = "rows are mostly made for one call")]
pub fn transaction<R: Rows, T, E>(
    rows: R,
    change: impl for<'t> FnOnce(&mut <R::Arrangement as Arrangement>::Views<'t>) -> Result<T, E>,
) -> Result<T, TransactionError<E, <R::Arrangement as Arrangement>::Values>> {
    rows.transact(change, Location::caller(), Token)
}
