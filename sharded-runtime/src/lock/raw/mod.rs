//! What the locks of this crate are made of.

mod mutex;
mod word;

#[allow(unreachable_pub, reason = "the associated type of a public trait")]
pub use mutex::RawMutex;
