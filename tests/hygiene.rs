//! The expansion means the same in every scope: types, values, traits and macros of the user may have any names, and so
//! may the crate. `macro_passthrough.rs` shows that the macro passes on the user's code.

#[path = "hygiene/by_hand.rs"]
mod by_hand;
#[path = "hygiene/collisions.rs"]
mod collisions;
#[path = "hygiene/names.rs"]
mod names;
#[path = "hygiene/packages.rs"]
mod packages;
#[path = "hygiene/types.rs"]
mod types;
#[path = "hygiene/values.rs"]
mod values;
