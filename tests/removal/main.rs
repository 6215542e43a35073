//! The listener is called for every entry that leaves a map: once, with the cause, in order per key, outside of all
//! locks.

#[path = "../common/mod.rs"]
mod common;

mod bound;
mod causes;
mod channel;
mod everything;
mod many_threads;
mod nested;
mod panicking;
mod refused;
mod registration;

use sharded::{
    Cause, Policy, ShardedMap,
    builder::{BuildField, FieldOptions, StoreOptions},
    clock::Manual,
};
use std::sync::{Arc, Mutex};

/// All that was told so far.
type Told = Arc<Mutex<Vec<(u64, u64, Cause)>>>;

/// A map by itself, with a clock of ours.
fn map_with<P: Policy>(clock: &Manual, options: FieldOptions<P>) -> ShardedMap<u64, u64, P>
where
    ShardedMap<u64, u64, P>: BuildField<P>,
{
    BuildField::build(&StoreOptions::new().clock(clock.clone()).start(), 0, options)
}

/// Has all that leaves written down.
fn log<P: Policy>(map: &ShardedMap<u64, u64, P>) -> Told {
    let told = Told::default();
    let log = Arc::clone(&told);
    map.on_removal(move |&key, &value, cause| log.lock().unwrap().push((key, value, cause))).unwrap();
    told
}

/// What was told since this was asked last.
fn news(told: &Told) -> Vec<(u64, u64, Cause)> {
    std::mem::take(&mut *told.lock().unwrap())
}
