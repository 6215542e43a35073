//! Single flight: one load per key, for any number of callers.
//!
//! A *flight* is the load of one key. Its *leader* runs the loader, outside of any lock. The other callers are
//! *waiters*, as threads or as tasks. If the leader gives up, by a panic or because its future is dropped, the waiter
//! that came first becomes the leader.
//!
//! | file | what is in it |
//! |---|---|
//! | `crew.rs` | the leader of a flight, and its waiters |
//! | `registry.rs` | which keys of a map are being loaded |
//! | `nesting.rs` | loaders and jobs that wait for each other in a circle |
//! | `park.rs` | waiting as a thread |
//!
//! Locks are taken in this order: that of the shard, of its registry, of the flight. The last one is also taken alone,
//! even inside closures of the user, since a future may be dropped anywhere. So no user code runs under it.

mod crew;
mod nesting;
mod park;
mod registry;

pub(crate) use crew::{Flight, Told};
pub(crate) use nesting::{Need, new_id, run_as};
pub(crate) use park::block_on;
pub(crate) use registry::{Boarded, Flights, Landed, Registry};
