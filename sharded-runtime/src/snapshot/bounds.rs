//! The types that can be saved, and the version of the format.

use serde::{Serialize, de::DeserializeOwned};

/// The version of the file format that this crate writes, and the latest that it reads.
pub const FORMAT_VERSION: u32 = 1;

/// A type that can be saved and restored: `Clone + serde::Serialize + serde::de::DeserializeOwned`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be saved",
    label = "can't be saved and restored",
    note = "keys and values of a store with `snapshot` are `Clone + Serialize + Deserialize` and borrow nothing: derive these traits"
)]
pub trait Saved: Clone + Serialize + DeserializeOwned {}
#[diagnostic::do_not_recommend]
impl<T: Clone + Serialize + DeserializeOwned> Saved for T {}
