//! A whole store, without the types of its fields: the traits of stores and fields, the overrides for building them,
//! and the background threads that sweep maps.

pub mod builder;
mod field;
pub(crate) mod info;
pub(crate) mod name;
pub(crate) mod schedule;
pub(crate) mod sealed;
#[allow(clippy::module_inception, reason = "the trait of that name")]
mod store;
pub(crate) mod sweeper;

pub use field::Field;
pub use info::FieldInfo;
pub use store::Store;
