//! Rules about a field whose entries are on a server.

use crate::diag::Diagnostics;
use crate::model::MapField;
use crate::syntax::options::table::Options;
use std::time::Duration;

/// The staleness of a field that declares none, as the runtime has it.
const STALENESS: Duration = Duration::from_secs(1);

/// Options that a tiered field can't have, and why.
const NOT_SERVED: [(&str, &str); 6] = [
    ("ttl_jitter", "the server keeps each entry for the whole `ttl`"),
    ("idle", "the server does not note when an entry was read"),
    ("refresh_after", "a value is loaded again when the server has it no more"),
    ("weight", "the capacity of its near cache counts entries"),
    ("evictable", "its near cache evicts what the server still has"),
    ("preallocate", "each value of its near cache is an allocation of its own"),
];

pub(crate) fn check(map: &MapField, can_tier: bool, diag: &mut Diagnostics) {
    let options = &map.options;
    if !options.tier.is_given() {
        return;
    }
    check_feature(options, can_tier, diag);
    if map.is_visibly_a_set() {
        diag.error(&map.field.ty, "a set can't be a tiered field: declare a `HashMap<K, ()>` in its place");
    }
    check_ttl(options, diag);
    check_stale(options, diag);
    check_lock(options, diag);
    check_eviction(options, diag);
    check_others(map, diag);
}

/// The runtime has tiers only with its feature `redis`.
fn check_feature(options: &Options, can_tier: bool, diag: &mut Diagnostics) {
    if !can_tier {
        diag.error_once(
            &options.tier.tokens,
            "`tier` needs the feature `redis` of the `sharded` crate: `features = [\"redis\"]` beside its version in \
             Cargo.toml",
        );
    }
}

/// The server is told one time for all entries, or one by a call.
fn check_ttl(options: &Options, diag: &mut Diagnostics) {
    if options.ttl.value().is_some_and(|ttl| ttl.same().is_none()) {
        let at = if options.ttl.is_inherited { &options.tier.tokens } else { &options.ttl.tokens };
        diag.error_once(
            at,
            "a tiered field has one ttl for all entries, and calls may give others: declare one, such as \
             `ttl = \"10m\"`",
        );
    }
}

/// A value that is younger than the staleness is served in any case.
fn check_stale(options: &Options, diag: &mut Diagnostics) {
    let staleness = options.staleness.value().copied().unwrap_or(STALENESS);
    if options.stale.value().is_some_and(|stale| *stale <= staleness) {
        diag.error_once(
            &options.stale.tokens,
            "`stale` must be longer than `staleness`, up to which values are served in any case: write a longer time, \
             or remove it",
        );
    }
}

/// Readers under `Optimistic` copy, and the near cache shares its values. Under `Rcu` it was not tried.
fn check_lock(options: &Options, diag: &mut Diagnostics) {
    let lock = &options.lock;
    let at = if lock.is_inherited { &options.tier.tokens } else { &lock.tokens };
    if lock.value().is_some_and(|lock| lock.is("Optimistic")) {
        diag.error_once(
            at,
            "`Optimistic` serves `Copy` values, and the near cache of a tiered field holds references to its values: \
             choose `lock = Mutex` or `RwLock`",
        );
    }
    if lock.value().is_some_and(|lock| lock.is("Rcu")) {
        diag.error_once(at, "a tiered field can't be `Rcu` yet: choose `lock = Mutex` or `RwLock`");
    }
}

/// The near cache takes in what the server has.
fn check_eviction(options: &Options, diag: &mut Diagnostics) {
    let evict = &options.evict;
    if evict.value().is_some_and(|evict| evict.is("Reject")) {
        let at = if evict.is_inherited { &options.tier.tokens } else { &evict.tokens };
        diag.error_once(
            at,
            "`Reject` keeps the first entries, and the near cache of a tiered field makes room for those that are \
             read: choose another `evict`",
        );
    }
}

fn check_others(map: &MapField, diag: &mut Diagnostics) {
    let options = &map.options;
    for (option, given) in options.given().filter(|(_, given)| given.is_meant()) {
        let Some((name, why)) = NOT_SERVED.iter().find(|(name, _)| *name == option.name) else { continue };
        let (at, cure) = if given.is_inherited {
            (&options.tier.tokens, format!("add `{}`", option.undone()))
        } else {
            (&given.tokens, "remove it".to_owned())
        };
        diag.error_once(at, &format!("a tiered field can't have `{name}`, since {why}: {cure}"));
    }
}
