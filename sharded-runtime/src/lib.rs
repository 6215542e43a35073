//! Declare the concurrency policy of shared state; the compiler checks it.
//!
//! [`#[sharded]`](macro@sharded) turns a struct of maps into a store: each map becomes a [`ShardedMap`] or [`ShardedSet`]
//! behind an accessor, with the lock, the shards, the expiry and the eviction that were declared for it.
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
//! - [`mod@reference`] has every option, what goes with what, what the attribute writes, and what to do about each error.
//! - [`ShardedMap`] has all that can be done to a map, and says what holds for nested accesses, panics and removal listeners; [`ShardedSet`]
//!   is the map without values, [`Store`] the whole struct.
//! - [`lock`], [`expiry`], [`evict`], [`clock`], [`shards`] and [`hasher`] have one type for each choice of a declaration.
//! - [`placement`] says on which NUMA node shards lie, and [`mod@numa`] when that helps.
//! - `snapshot`, with the feature `serde`, saves a store and restores it.
//! - [`builder`] overrides what was declared, for tests and small machines.
//! - [`topology`] says what NUMA nodes this machine has, and [`node`] runs jobs on them.
//! - [`Policy`] is what the attribute writes for a field, and can be written by hand.
//!
//! # Fork
//!
//! A child of `fork` has a copy of each map, and one thread: the one that called `fork`. What the standard library and the C library allow in such a child
//! is a narrower question than what this library does:
//!
//! - **Maps and stores work** in the child as in the parent, under each of the library's locks. Threads of the parent that slept or waited in the library
//!   do no harm there.
//! - **Background threads** are not there. The next entry that is due earlier than what was known, in any map, starts them anew, for all
//!   maps. So does a `sweep()`. Until then writes alone remove what has expired.
//! - **A load** that another thread of the parent had begun is not finished in the child. The next call for that key loads it anew. Async tasks that waited for
//!   it are not woken.
//! - **A removal listener** that another thread of the parent was calling is called in the child by the next thread that removes an entry. The
//!   entry that it was called with at the fork is not told again.
//! - **A pool** of the parent gives [`JobError::Forked`](node::JobError::Forked) for every job, see [there](node#fork).
//! - **A lock** that another thread held at the very moment of the fork stays locked in the child for ever. Such is the shard that a thread was inside, whose
//!   entries may be half changed. Such are, for the few instructions that they are ever held, the locks that all maps share: of memory for new tables,
//!   of the background threads' schedule, of loaders that wait.
//!   So fork while no other thread is inside a map. Or else leave the maps that others were inside alone in the child: neither use nor drop them.

mod bounds;
pub mod clock;
mod contain;
mod declared;
#[cfg(test)]
mod dice;
mod engine;
mod error;
mod field;
pub mod hasher;
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
mod set;
mod shard;
#[cfg(feature = "serde")]
pub mod snapshot;
mod store;
mod waker;

pub use bounds::{Key, Value};
pub use declared::Declared;
pub use engine::cause::Cause;
pub use engine::{evict, expiry};
pub use error::{HasListener, LoadError, Occupied, Refused};
pub use field::removal::{Removal, Removals};
pub use map::{ShardedMap, change::Change};
pub use memory::{placement, topology};
pub use observe::stats::Stats;
pub use policy::Policy;
pub(crate) use policy::StorageOf;
pub use record::Recorder;
#[doc(hidden)]
pub use record::Recording;
pub use set::ShardedSet;
pub use shard::{count as shards, lock};
pub use sharded_derive::sharded;
pub use store::{Field, Store, builder};

/// The examples of the README, as tests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
mod readme {}
