//! Indexes: entries of a map by something else than their key.
//!
//! A field with `index_of` is an index of another field. The library keeps it in step with that map, and its accessor
//! is read-only. A function of the key and the value makes the index key of an entry; it may also return an `Option` of
//! one, and an entry without index key is not in the index.
//!
//! ```
//! use sharded::sharded;
//! use std::collections::{HashMap, HashSet};
//!
//! #[derive(Clone)]
//! struct Session {
//!     email: String,
//!     tenant: u32,
//! }
//!
//! fn email_of(_: &u64, session: &Session) -> String {
//!     session.email.clone()
//! }
//! fn tenant_of(_: &u64, session: &Session) -> Option<u32> {
//!     (session.tenant != 0).then_some(session.tenant)
//! }
//!
//! #[sharded]
//! struct Service {
//!     #[shard(idle = "30m", capacity = 1_000_000)]
//!     sessions: HashMap<u64, Session>,
//!     /// At most one session for each address.
//!     #[shard(index_of = sessions, key = email_of)]
//!     sessions_by_email: HashMap<String, u64>,
//!     /// All sessions of a tenant.
//!     #[shard(index_of = sessions, key = tenant_of)]
//!     sessions_by_tenant: HashMap<u32, HashSet<u64>>,
//! }
//!
//! let service = Service::new();
//! let session = |email: &str, tenant| Session { email: email.to_owned(), tenant };
//! service.sessions().insert(1, session("ada@example.org", 7));
//! service.sessions().insert(2, session("bob@example.org", 7));
//! assert_eq!(service.sessions_by_email().key("ada@example.org"), Some(1));
//! assert_eq!(service.sessions_by_tenant().keys(&7).len(), 2);
//!
//! // The index follows a change in place.
//! service.sessions().with_mut(&1, |session| session.tenant = 8);
//! assert_eq!(service.sessions_by_tenant().keys(&7), [2]);
//!
//! // An address that another session has is refused.
//! assert!(service.sessions().try_insert(3, session("bob@example.org", 9)).is_err());
//! service.sessions().remove(&2);
//! assert!(service.sessions().try_insert(3, session("bob@example.org", 9)).is_ok());
//! ```
//!
//! | declared as | kind | an index key has |
//! |---|---|---|
//! | `HashMap<I, K>` | [`UniqueIndex`] | one entry of the map, whose keys are `K`, at most |
//! | `HashMap<I, HashSet<K>>` | [`ManyIndex`] | any number of entries |
//!
//! # What a lookup finds
//!
//! **A lookup never returns an entry that does not have the index key, and never misses one that has it throughout.**
//! An index follows every way in which an entry comes, changes or goes: inserts, changes in place, transactions, loads,
//! the restore of a file, removals, expiry, eviction, `retain`, `drain`, `clear`, `invalidate_all`.
//!
//! A change of an entry and that of its indexes are made under the lock of the entry's shard. The shards of an index
//! have locks of their own, which are taken inside of that lock, or alone. A lookup reads keys from the index, releases
//! its lock, and then looks at each entry under the lock of the entry's shard: one that is not there any more, has
//! expired, or has another index key by now is passed over. An entry that has the index key throughout is in the index
//! throughout, so it is found. If an index key of a unique index goes from one entry to another meanwhile, the lookup
//! starts again. So a lookup of a unique index is one step, like a read of one key. Lookups with many keys look at one
//! entry after the other, each at its own moment, as all calls on many entries do.
//!
//! # Unique indexes
//!
//! An entry for which another live entry has the index key is refused, and nothing is changed. An entry that has
//! expired counts as gone, also if it was not removed yet. (Its shard is looked at for that. A transaction, a change in
//! place, a loaded value and a call inside a closure cannot wait for a shard that is in use: they count the entry as
//! there.) What a call does whose entry is refused:
//!
//! | calls | |
//! |---|---|
//! | `try_insert`, `insert_many`, `insert_if_absent` | give the entry back |
//! | [`transaction`](fn@crate::transaction) | fails with [`Taken`](crate::TransactionError::Taken) and gives all values back |
//! | loads | return the value, which is not stored: it is reported as evicted |
//! | the restore of a file | counts the entry as refused |
//! | `insert`, `insert_with_ttl`, `extend`, `upsert`, `compute`, `get_or_insert_with` | panic, with the map as it was |
//! | changes in place: `with_mut`, `upsert`, `compute`, `retain` | panic; the changed entry is evicted, since what it was before is not known |
//!
//! A transaction may give an index key from one entry to another, in any order of its rows.
//!
//! # The function of the index key
//!
//! It runs under the lock of the entry's shard, as do `Hash`, `Eq`, `Clone` and `Drop` of index keys and `Clone` of
//! keys: before and after an entry changes, before it leaves, and in a lookup. So it must be quick and must not access
//! a store. It must give the same result as long as the map has not changed the entry. If the result depends on
//! something else, such as a `Cell` in the value, a lookup may miss entries, though it never returns one with another
//! index key.
//!
//! If it panics before an entry is stored, nothing is stored. If it panics after a change in place, the entry is
//! indexed again, and evicted if that fails as well. If it panics for an entry that leaves, the entry leaves all the
//! same. Then its key stays in the index: lookups pass it over, a new entry with the index key is accepted, and `len`
//! counts it.
//!
//! # Cost
//!
//! A map without an index pays nothing. A new entry of a map that has one costs one more insert into another map, and
//! so does a removal. A change that leaves the index key as it is costs two calls of the function, one comparison of
//! their results, and an indirect call for each index. Both calls are needed: the value changes where it lies, so the
//! former index key must be there before, and whether it changes is known only after. They are cheap for index keys
//! that are `Copy`. An index key that owns memory, such as a `String`, is allocated and freed twice: if entries change
//! much more often than their index keys, an `Arc<str>` in the value makes an index key without allocating. Reads cost
//! nothing. `clear`, `drain` and `invalidate_all` of a map with an index remove 64 entries per lock hold, as with a
//! listener.
//!
//! An index has no bound of its own: it has as many entries as its map at most. Its memory is in its own
//! [`Stats::table_bytes`](crate::Stats::table_bytes), to which that of lists of keys is added approximately. It takes
//! `lock`, `shards`, `numa` and `hasher` of the struct, or its own; but if the struct has `lock = Optimistic` or `Rcu`,
//! it has the default lock: a lookup goes on to the map, so it would gain nothing from a read without a lock. A file
//! has no indexes: they are made anew from the entries that are restored.
//!
//! Keys of the map must be `Clone`, and a map can have at most 64 indexes.

mod build;
mod common;
mod many;
mod unique;
mod value;

pub use build::{BuildIndex, IndexKey};
pub(crate) use build::{KeyOf, ValueOf};
pub use many::ManyIndex;
pub use unique::UniqueIndex;
pub use value::IndexValue;
