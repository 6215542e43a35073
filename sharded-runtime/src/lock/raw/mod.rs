//! What the locks of this crate are made of.

mod by_hash;
mod mutex;
mod parking;

pub(crate) use by_hash::ByHash;
#[allow(unreachable_pub, reason = "the associated type of a public trait")]
pub use mutex::RawMutex;
