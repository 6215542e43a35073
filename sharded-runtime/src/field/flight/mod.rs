//! One load per key, however many callers ask for it.
//!
//! A *flight* is one key whose value is being loaded. Its *leader* runs the loader, outside of any lock; the other
//! callers wait, as threads or as tasks. A lead that is given up, by a panic or because a future was dropped, goes to
//! the waiter that came first.
//!
//! | file | what is in it |
//! |---|---|
//! | `crew.rs` | the leader of a flight, and its waiters |
//! | `registry.rs` | which keys of a map are being loaded |
//! | `nesting.rs` | loaders and jobs that wait for each other in a circle |
//! | `park.rs` | waiting as a thread |
//!
//! The locks are taken in this order: the shard's, its registry's, the flight's. The last is also taken alone, even
//! inside closures of the user, since a future may be dropped anywhere. So no user code runs under it.

mod crew;
mod nesting;
mod park;
mod registry;

pub(crate) use crew::{Flight, Told};
pub(crate) use nesting::{Need, new_id, run_as};
pub(crate) use park::block_on;
pub(crate) use registry::{Boarded, Flights, Landed, Registry};
