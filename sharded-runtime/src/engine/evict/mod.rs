//! Which entry leaves when a capacity is reached: one file per choice.

mod adaptive;
mod field;
mod ghosts;
mod lru;
mod parts;
mod queue;
mod reject;
mod s3_fifo;
mod sieve;
mod tiny_lfu;
mod traits;
mod unbounded;

pub use adaptive::Adaptive;
#[doc(hidden)]
pub use field::Field;
pub use lru::Lru;
pub use reject::Reject;
pub use s3_fifo::S3Fifo;
pub use sieve::Sieve;
pub use tiny_lfu::TinyLfu;
pub use traits::{Bounded, Eviction, MakesRoom};
pub use unbounded::Unbounded;
