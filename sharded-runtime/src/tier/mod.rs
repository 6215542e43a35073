//! Fields whose entries are on a Redis or Valkey server, for services that run on more than one machine.
//!
//! This needs the feature `redis` of this crate, and a tokio runtime. A field with `tier = Redis` keeps its entries on
//! the server. Each process has a *near cache*, a [`ShardedMap`](crate::ShardedMap) of decoded values. Its accessor is
//! a [`TieredMap`], whose calls are async and can fail.
//!
//! ```no_run
//! use serde::{Deserialize, Serialize};
//! use sharded::{sharded, tier::Redis};
//! use std::collections::HashMap;
//!
//! #[derive(Serialize, Deserialize)]
//! struct Profile {
//!     name: String,
//! }
//!
//! #[sharded]
//! struct Shop {
//!     #[shard(tier = Redis, ttl = "10m", staleness = "3s", capacity = 100_000)]
//!     profiles: HashMap<u64, Profile>,
//! }
//!
//! # async fn fetch(_: u64) -> std::io::Result<Profile> { Ok(Profile { name: "ada".to_owned() }) }
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let shop = Shop::builder().redis(Redis::connect("redis://127.0.0.1:6379").await?).build();
//! let profile = shop.profiles().get_or_try_insert_with(&7, || fetch(7)).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # The promise
//!
//! A read returns what the primary of the key held at some moment within the last `staleness`. A write returns once the
//! primary has it, and this process sees it from then on.
//!
//! - Usually another process sees a write after a round trip, since the server tells it which keys have changed. The
//!   staleness is the bound if that message, or the connection, is delayed: a near cache answers only while the server
//!   has said within it that it is the primary.
//! - Without the server there are no reads: after the staleness they fail with [`TierError::Unreachable`]. A field with
//!   [`stale`](TieredMap::get_or_stale) may serve marked values meanwhile. Writes are never kept to be sent later.
//!
//! What the promise does not cover:
//!
//! - **A failover may lose acknowledged writes.** A replica that becomes the primary before it has everything has lost
//!   the rest, as the server documents. So has a server that restarts empty, or one that evicts by `maxmemory`. The
//!   near caches show it as it is.
//! - **A primary that is cut off from its Sentinels together with this process** stays the primary for it, until the
//!   process reaches a Sentinel that knows of another one. Set `min-replicas-to-write` on the server, so that such a
//!   primary takes no writes. A node of a cluster notices by itself that it is cut off, after its
//!   `cluster-node-timeout`.
//! - **Several keys** are read and written one by one, also by `get_many` and `insert_many`.
//!
//! # Which servers
//!
//! [`Redis::connect`] takes the URL of one server, of Sentinels, or of nodes of a cluster. There is one connection to
//! each server that has keys. `get_many` and `insert_many` ask each server once, for all of its keys.
//!
//! - **Sentinel:** the primary is the one that a Sentinel names which knows of the latest failover. All are asked each
//!   second, or twice within a staleness below two seconds, and at once when the connection is lost. One that does not
//!   answer keeps nobody from the answers of the others.
//! - **Cluster:** a key belongs to the node of its hash slot. Each second some nodes are asked which ones have which
//!   slots, and at once when a node says that a key has moved. What was read from a node that has lost a slot is
//!   invalid from then on. A value that is read while its slot moves is not kept in the near cache.
//!
//! # What is on the server
//!
//! - **A key** is `store:field:key`, after the [prefix](RedisOptions::prefix) if there is one: `Shop:profiles:7`.
//!   Braces in a prefix or a key are a hash tag, by which a cluster chooses the node. Numbers, texts, variants without
//!   values, and newtypes of them are text; other keys are `MessagePack`. A key that does not deserialize to itself is
//!   refused ([`TierError::Encode`]).
//! - **A value** is `MessagePack` as in a snapshot, structs with the names of their fields, after six bytes. These have
//!   the declared `schema`. So a struct may gain a field with a default. For other changes declare another `schema`: an
//!   entry with the old one is then an error ([`TierError::Decode`]) and not a wrong value. Write or remove the entry
//!   to be rid of the error.
//! - **A lease** is under the key of an entry that is being loaded. It counts as no entry.
//!
//! # What the near cache is
//!
//! The options of the field, such as `lock`, `shards`, `capacity` and `evict`, are those of the near cache. The `ttl`
//! is that of the entries on the server; the near cache never keeps one for longer. [`Field`](crate::Field) and
//! exporters see the near cache. [`Store::clear`](crate::Store::clear) empties it, and nothing on the server. A
//! snapshot of the store leaves the field out.
//!
//! # When to use it
//!
//! Use a tier for state that several processes share and that is read more often than it is written: sessions,
//! profiles, what is costly to compute. A near hit costs about as much as a read of a local map, anything else a round
//! trip.
//!
//! Do not use it for state that only one process needs, for counters that every request changes, and where a lost
//! acknowledged write is a loss of money: that is work for a database.
//!
//! # Without tokio
//!
//! [`Redis::connect_blocking`] needs no runtime, and [`Redis::block_on`] waits for the end of a call.
//!
//! # Encrypted connections
//!
//! With the feature `redis-tls` a URL may begin with `rediss` in place of `redis`. The connections to all servers are
//! encrypted then, those to Sentinels too. Each server has to have a certificate for the host by which it is named.
//! Nodes of a cluster, and primaries that Sentinels name, have the names that they announce, which are IP addresses
//! unless they are configured otherwise. The authorities are those that the system trusts, or those
//! [of the options](RedisOptions::root_certificates).
//!
//! # What is not there
//!
//! Transactions with other fields, and removal listeners.

mod address;
mod change;
mod command;
mod declared;
mod error;
mod finder;
mod keeper;
mod key;
mod licence;
mod load;
mod map;
mod node;
mod options;
mod parts;
mod read;
mod request;
mod route;
mod scan;
mod sentinels;
mod server;
mod servers;
mod shared;
mod stale;
mod stamps;
mod stats;
mod tls;
mod value;
mod wait;
mod write;

pub use declared::Tiered;
pub use error::{TierError, TierLoadError};
#[doc(hidden)]
pub use map::{HasRows, Near};
pub use map::{TieredKey, TieredMap, TieredValue};
pub use options::RedisOptions;
pub use scan::Scan;
#[doc(hidden)]
pub use server::Connected;
pub use server::Redis;
pub use stale::{MaybeStale, ServesStale};
pub use stats::TierStats;
