//! Tokens become what was written. Nothing is decided here that needs two options at once.

mod capacity;
mod choice;
mod duration;
mod entries;
mod function;
mod item;
mod options;
mod percent;
mod reason;
mod shards;
mod value;

pub(crate) use capacity::{Capacity, Most};
pub(crate) use choice::{CLOCKS, Choice, Choices, EVICTIONS, HASHERS, Hasher, LOCKS, PLACEMENTS, compact};
pub(crate) use duration::{Time, in_words};
pub(crate) use item::{Declaration, DeclaredField, Unsupported, conditional, parse};
pub(crate) use options::{Options, Written, krate};
pub(crate) use percent::Share;
pub(crate) use shards::Shards;
