//! A whole store, which knows its fields without their types: the traits of both, the overrides that it is built with,
//! and the background threads that sweep its maps.

pub mod builder;
mod field;
pub(crate) mod info;
pub(crate) mod name;
pub(crate) mod sealed;
#[allow(clippy::module_inception, reason = "the trait of that name")]
mod store;
pub(crate) mod sweeper;

pub use field::Field;
pub use info::FieldInfo;
pub use store::Store;
