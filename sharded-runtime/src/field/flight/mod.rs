//! One load per key, however many callers ask for it.
//!
//! A *flight* is one key whose value is being loaded. Whoever *leads* it runs the loader, outside of any lock; the others wait, as
//! threads or as tasks. A lead that is given up, by a panic or since a future was dropped, goes to the one who waits longest.
//!
//! | file | what is in it |
//! |---|---|
//! | `crew.rs` | who leads a flight, and who waits for it |
//! | `registry.rs` | which keys of a map are being loaded |
//! | `nesting.rs` | loaders and jobs that wait for each other in a circle |
//! | `park.rs` | waiting as a thread |
//!
//! The order of the locks: a shard's, then its registry's, then a flight's. The last is taken without the others too, also from inside
//! closures of the user, since a future may be dropped anywhere; so no code of the user runs under it.

mod crew;
mod nesting;
mod park;
mod registry;

pub(crate) use crew::{Flight, Told};
pub(crate) use nesting::{Need, new_id, run_as, within};
pub(crate) use park::block_on;
pub(crate) use registry::{Boarded, Flights, Landed, Registry};
