//! Declare the concurrency policy of shared state; the compiler checks it.
//!
//! [`#[sharded]`](macro@sharded) turns a struct of maps into a store: each map becomes a [`ShardedMap`] or
//! [`ShardedSet`] behind an accessor, with the lock, the shards, the expiry and the eviction that were declared for it.
//!
//! ```
//! use sharded::sharded;
//! use std::collections::HashMap;
//!
//! #[sharded(shards = 64, ttl = "5m")]
//! pub struct Shop {
//!     /// What is in each customer's cart.
//!     #[shard(idle = "30m", ttl = never)]
//!     carts: HashMap<u64, Vec<String>>,
//!     /// Rendered pages.
//!     #[shard(lock = RwLock, capacity = 10_000, evict = Lru)]
//!     pages: HashMap<String, String>,
//! }
//!
//! let shop = Shop::new();
//! shop.carts().upsert(7, || vec!["apple".to_owned()], |cart| cart.push("apple".to_owned()));
//! assert_eq!(shop.carts().with(&7, Vec::len), Some(1));
//! ```
//!
//! # Where to look
//!
//! - [`guide`] has the first store, what to choose, how to move code from other libraries, testing, operating, costs.
//! - [`mod@reference`] has every option, which options go together, what the attribute writes, and the cure for each
//!   error. It lists the features of this crate, too.
//! - [`ShardedMap`] has all operations of a map, and documents nested accesses, panics and removal listeners.
//!   [`ShardedSet`] is the map without values, [`Store`] the whole struct.
//! - [`mod@rows`] changes or reads several keys in one critical section, also of several maps: [`transaction`] and
//!   [`observe`](fn@observe).
//! - [`mod@index`] finds the entries of a map by something else than their key.
//! - [`lock`], [`expiry`], [`evict`], [`clock`], [`shards`] and [`hasher`] have one type for each choice of a
//!   declaration.
//! - [`placement`] decides on which NUMA node shards lie, and [`mod@numa`] says when that helps.
//! - `snapshot`, with the feature `serde`, saves and restores a store.
//! - `tier`, with the feature `redis`, has fields that several processes share through a Redis or Valkey server.
//! - To observe a service: [`Stats`] has the counters of a map. `export`, with the features `prometheus`, `metrics`,
//!   `tracing` and `usdt`, exports them to monitoring systems. That page is for operators, too.
//! - [`builder`] overrides what was declared, for tests and small machines.
//! - [`topology`] has the NUMA nodes of this machine, and [`node`] runs jobs on them.
//! - [`Policy`] is what the attribute writes for a field, and can be written by hand.
//!
//! # Fork
//!
//! A child of `fork` has a copy of each map, and one thread: the one that called `fork`. The standard library and the C
//! library may restrict such a child further. This library does the following:
//!
//! - **Maps and stores work** in the child as in the parent, under each lock of the library. Threads of the parent that
//!   slept or waited in the library do no harm.
//! - **Background threads** do not exist in the child, unless one of them has forked. They start again, for all maps,
//!   with the next entry in any map that is due earlier than the others, or with a `sweep()`. Until then, only writes
//!   remove expired entries. So a child that goes on with the parent's maps should call [`Store::sweep`] once.
//! - **A load** that another thread of the parent had begun is not finished in the child. The next call for that key
//!   loads it again. Async tasks that waited for it are not woken.
//! - **A removal listener** that another thread of the parent was calling is called in the child by the next thread
//!   that removes an entry, but not again with the entry of the interrupted call.
//! - **A listener or a loader that forks** continues in the child as in the parent. (On systems other than Linux, if it
//!   is the first thread of the child that calls this library.) The listener is called for other entries after it
//!   returns, and the child stores the value of the loader.
//! - **A pool** of the parent returns [`JobError::Forked`](node::JobError::Forked) for every job, see
//!   [there](node#fork).
//! - **A lock** that another thread held at the moment of the fork stays locked in the child for ever. This concerns a
//!   shard that a thread was inside, whose entries may be half changed. It also concerns the locks that all maps share,
//!   each held for a few instructions: of memory for new tables, of where the locks of maps lie, of the schedule of the
//!   background threads, and of waiting loaders. So fork while no other thread is inside a map. Otherwise, neither use
//!   nor drop in the child a map that another thread was inside.

mod bounds;
pub mod clock;
mod contain;
mod declared;
#[cfg(feature = "tracing")]
mod deferred;
#[cfg(test)]
mod dice;
mod engine;
mod error;
#[cfg(any(feature = "metrics", feature = "prometheus", feature = "tracing", feature = "usdt"))]
pub mod export;
mod field;
#[doc = include_str!("../guide/README.md")]
pub mod guide {
    #[allow(unused_imports, reason = "the links of the pages")]
    use crate::{Change, Policy, ShardedMap, Stats, clock, observe, transaction};

    #[doc = include_str!("../guide/choices.md")]
    pub mod choices {}
    #[doc = include_str!("../guide/costs.md")]
    pub mod costs {}
    #[doc = include_str!("../guide/first_store.md")]
    pub mod first_store {}
    #[doc = include_str!("../guide/from_cached.md")]
    pub mod from_cached {}
    #[doc = include_str!("../guide/from_dashmap.md")]
    pub mod from_dashmap {}
    #[doc = include_str!("../guide/from_moka.md")]
    pub mod from_moka {}
    #[doc = include_str!("../guide/from_mutex.md")]
    pub mod from_mutex {}
    #[doc = include_str!("../guide/operating.md")]
    pub mod operating {}
    #[doc = include_str!("../guide/testing.md")]
    pub mod testing {}
    #[doc = include_str!("../guide/when_not.md")]
    pub mod when_not {}
}
pub mod hasher;
pub mod index;
#[doc(hidden)]
pub mod macro_support;
mod map;
mod memory;
pub mod node;
#[doc = include_str!("../numa.md")]
pub mod numa {}
mod observe;
mod policy;
#[doc = include_str!("../reference.md")]
pub mod reference {}
mod record;
pub mod rows;
mod set;
mod shard;
#[cfg(feature = "serde")]
pub mod snapshot;
mod store;
#[cfg(feature = "redis")]
pub mod tier;
mod waker;

pub use bounds::{Key, Value};
pub use declared::Declared;
pub use engine::cause::Cause;
pub use engine::{evict, expiry};
pub use error::{HasListener, LoadError, Occupied, Refused, RefusedMany, SharedError};
pub use field::{
    change::Change,
    removal::{Removal, Removals},
};
pub use map::{ShardedMap, WithTtl};
pub use memory::{placement, topology};
pub use observe::{
    stats::{Loads, Stats},
    waits::LockWaits,
};
pub use policy::Policy;
pub(crate) use policy::{StorageOf, names_of};
pub use record::Recorder;
#[doc(hidden)]
pub use record::Recording;
pub use rows::{TransactionError, observe, transaction};
pub use set::ShardedSet;
pub use shard::{count as shards, lock};
pub use sharded_derive::sharded;
pub use store::{Field, FieldInfo, Store, builder};

/// The examples of the README, as tests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
mod readme {}
