//! One map: what it was built with, and what each of its calls is made of.
//!
//! | file | what is in it |
//! |---|---|
//! | `core.rs` | the map |
//! | `write.rs` | a write to one shard, and what is owed after it |
//! | `settings.rs` | what is declared and what overrides it, put together |
//! | `limits.rs` | how much one call does for others at most |
//! | `placing.rs`, `pieces.rs` | on which node each shard is, and where its memory lies |
//! | `look.rs` | how a read reaches an entry |
//! | `session.rs` | a shard while its exclusive lock is held |
//! | `plain.rs` | writes to maps whose entries neither expire nor are evicted |
//! | `rules.rs` | what functions of the user say of entries |
//! | `units.rs` | how much of the capacity an entry takes |
//! | `refused.rs` | what becomes of an entry that its shard has no room for |
//! | `earliest.rs`, `expired.rs` | which shards may have expired entries, which make room first |
//! | `whole.rs` | calls that concern every shard |
//! | `shard.rs` | what goes through a whole shard |
//! | `garbage.rs` | what a write leaves to be dropped |
//! | `tell.rs`, `removal/` | what it leaves to be told of, and who is told |
//! | `discard.rs` | tables that were taken out whole |
//! | `loading.rs`, `flight/` | what a load is made of |
//! | `recorded.rs` | what is noted for a recorder |

pub(crate) mod core;
pub(crate) mod discard;
mod earliest;
mod expired;
pub(crate) mod flight;
pub(crate) mod garbage;
pub(crate) mod limits;
pub(crate) mod loading;
mod look;
mod pieces;
mod placing;
mod plain;
mod recorded;
pub(crate) mod refused;
pub(crate) mod removal;
pub(crate) mod rules;
pub(crate) mod session;
mod settings;
pub(crate) mod shard;
mod tell;
pub(crate) mod units;
mod whole;
mod write;
