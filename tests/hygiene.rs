//! What the macro writes means the same wherever it stands: whatever types, values, traits and macros have names that
//! it might use, and whatever the crate is called. That it passes on what the user wrote is shown in
//! `macro_passthrough.rs`.

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
