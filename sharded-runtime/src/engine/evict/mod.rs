//! Which entry leaves when a capacity is reached: one file per eviction.

mod adaptive;
mod context;
mod ghosts;
mod hooks;
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
pub(crate) use context::{FieldContext, InAdvance};
pub(crate) use hooks::Hooks;
pub use lru::Lru;
pub use reject::Reject;
pub use s3_fifo::S3Fifo;
pub use sieve::Sieve;
pub use tiny_lfu::TinyLfu;
pub use traits::{Bounded, Eviction, MakesRoom};
pub use unbounded::Unbounded;
