//! Reads of several entries of one moment.

use super::{access::Rows, arrangement::Arrangement};
use crate::bounds::Token;
use std::panic::Location;

/// Reads several entries of one moment, also of several maps and stores.
///
/// It locks the shards of all rows, each once and in the order of all locks, as [`transaction`](super::transaction())
/// does, but for reading: readers share the locks that have a shared mode. Then it runs the closure. Writers wait until
/// it returns, so keep it short. It can't await.
///
/// Where all rows are of maps under [`Optimistic`](crate::lock::Optimistic), it takes no lock. It notes the sequence
/// numbers of the shards, copies the entries, reads the clocks, and checks that no number has changed. Then all copies
/// are of one moment, and the closure runs on them while writers go on. If writers are in the way 16 times in a row, it
/// takes the locks. It takes them at once if a map has an idle time or records its workload, if the copies and their
/// bookkeeping take over 4 KiB (in a slice or a vector: one of them), and if there are more than 256 rows in slices and
/// vectors.
///
/// A read of a row is a use of the entry, as [`get`](crate::ShardedMap::get) is. A key may be named twice.
///
/// # Panics
///
/// - Inside a closure on the same or a later place than the first of these shards: see [the
///   order](crate::ShardedMap#order-of-nested-accesses). Inside the closure, a further access must go to a place later
///   than all these shards.
/// - If the rows lie in more than 1024 shards.
///
/// # Cost
///
/// A search for each row, a lock for each shard unless no lock is taken, and O(n log n) to sort them. One row costs
/// about as much as [`with`](crate::ShardedMap::with). Nothing is allocated for up to 12 rows in tuples and arrays.
///
/// # Examples
///
/// ```
/// # use sharded::sharded;
/// # use std::collections::HashMap;
/// # #[sharded(ttl = "1h")]
/// # struct Bank { accounts: HashMap<u32, u64> }
/// let bank = Bank::new();
/// bank.accounts().extend([(1, 30), (2, 70)]);
/// let accounts = [1, 2].each_ref().map(|number| bank.accounts().row(number));
/// let total: u64 = sharded::observe(accounts, |accounts| accounts.iter().filter_map(|account| account.get()).sum());
/// assert_eq!(total, 100);
/// ```
#[inline]
#[track_caller]
#[allow(clippy::needless_pass_by_value, reason = "as `transaction`; rows are mostly made for one call")]
pub fn observe<R: Rows, T>(rows: R, read: impl for<'t> FnOnce(<R::Arrangement as Arrangement>::Refs<'t>) -> T) -> T {
    rows.observe(read, Location::caller(), Token)
}
