//! The whole struct: its fields by name, the overrides it is built with, and the thread that sweeps it.

pub mod builder;
pub(crate) mod sealed;
#[allow(clippy::module_inception, reason = "the trait of that name")]
mod store;
pub(crate) mod sweeper;

pub use store::{Field, Store};
