//! The rules about what goes together: one function per rule, under its prose.

use crate::diag::Diagnostics;
use crate::model::{MapField, Store, StoreField};
use crate::names::{self, Source};
use crate::resolve::{derives, unfit};
use crate::suggest;
use crate::syntax::{Shards, Share, Time, in_words};
use quote::ToTokens;
use syn::{Attribute, ext::IdentExt};

/// Judges the whole declaration.
pub(crate) fn check(store: &Store, diag: &mut Diagnostics) {
    check_lifetimes(store, diag);
    for attr in &store.attrs {
        check_repr(attr, diag);
        check_derives(attr, store, diag);
    }
    check_names(store, diag);
    check_skipped(store, diag);
    check_default_eviction(store, diag);
    check_default_of_ttl(store, diag);
    check_snapshot(store, crate::CAN_SNAPSHOT, diag);
    for map in store.maps() {
        check_bound(map, diag);
        check_unbounded(map, diag);
        check_eviction(map, diag);
        check_capacity(map, diag);
        check_bytes(map, diag);
        check_weight(map, diag);
        check_evictable(map, diag);
        check_idle_and_ttl(map, diag);
        check_idle_and_lock(map, diag);
        check_jitter(map, diag);
        check_refresh(map, diag);
        check_refresh_and_ttl(map, diag);
    }
}

/// The background thread may hold a map's entries after the function that made the store is left, so nothing in them may
/// be borrowed.
fn check_lifetimes(store: &Store, diag: &mut Diagnostics) {
    for parameter in store.generics.lifetimes() {
        let lifetime = &parameter.lifetime;
        diag.error(
            parameter,
            format!(
                "a store owns its entries, so it has no lifetime `{lifetime}`: use `String` for `&str`, or an `Arc`"
            ),
        );
    }
}

/// The fields are replaced by others, so a layout that was chosen for them means nothing.
fn check_repr(attr: &Attribute, diag: &mut Diagnostics) {
    if attr.path().is_ident("repr") {
        diag.error(
            attr,
            "the maps of a store are replaced by sharded ones, so `repr` has nothing to lay out: remove it",
        );
    }
}

/// A store is one shared thing behind locks: what copies, compares or reads it as a whole in one moment can't be derived.
fn check_derives(attr: &Attribute, store: &Store, diag: &mut Diagnostics) {
    let name = &store.ident;
    for path in derives(attr) {
        let Some(derive) = unfit(&path) else { continue };
        let message = match derive.as_str() {
            "Default" if store.skipped().next().is_none() => {
                "`#[sharded]` implements `Default` already: remove it here".to_owned()
            }
            "Default" => {
                format!("a store can't be `Default` without its skipped fields: build it with `{name}::builder()`")
            }
            "Clone" | "Copy" => {
                format!("a store can't be `{derive}`, as it is one thing that is shared: put it into an `Arc<{name}>`")
            }
            _ => format!(
                "a store can't be `{derive}`, as it is never at rest as a whole: use what `to_vec()` of its maps returns"
            ),
        };
        diag.error(&path, message);
    }
}

/// Methods of the store and of its builder have names that a field can't have as well.
fn check_names(store: &Store, diag: &mut Diagnostics) {
    for field in &store.fields {
        let (ident, source, kind) = match field {
            StoreField::Map(map) => {
                let is_set = map.field.ty.to_token_stream().to_string().contains("HashSet");
                (&map.ident, store.has_function(map), if is_set { "set" } else { "map" })
            }
            StoreField::Skipped(skipped) => (&skipped.ident, None, "value"),
        };
        let name = ident.unraw();
        let method = match source {
            Some(Source::Store) => format!("the store has a method `{name}` of its own"),
            Some(Source::Trait(of)) => format!("the store has a method `{name}`, of the trait `{of}`"),
            None if names::is_one_of(ident, &names::OF_BUILDER) => {
                format!("the store's builder has a method `{name}` of its own")
            }
            None => continue,
        };
        diag.error(ident, format!("{method}: give this field another name, such as `{name}_{kind}`"));
    }
}

/// A skipped field stays as it was written, so no option means anything for it. The builder counts on its being there.
fn check_skipped(store: &Store, diag: &mut Diagnostics) {
    for skipped in store.skipped() {
        for option in skipped.options.besides_skip() {
            diag.error(
                option,
                "a skipped field is no map of the store and takes no other option: remove this or `skip`",
            );
        }
        for attr in &skipped.cfg {
            let ident = &skipped.ident;
            diag.error(
                attr,
                format!("the builder always asks for a skipped field: give `{ident}` a type that depends on the `cfg` instead"),
            );
        }
    }
}

/// The runtime has what it takes to save a store only if it was asked to: serde comes with it.
pub(crate) fn check_snapshot(store: &Store, can_snapshot: bool, diag: &mut Diagnostics) {
    if let Some(snapshot) = store.options.snapshot.as_ref().filter(|_| !can_snapshot) {
        diag.error(
            &snapshot.tokens,
            "`snapshot` needs the feature `serde` of the `sharded` crate: `features = [\"serde\"]` beside its version in Cargo.toml",
        );
    }
}

/// Every map is bounded or says why not.
fn check_bound(map: &MapField, diag: &mut Diagnostics) {
    let policy = &map.declared;
    if policy.bounds().is_empty() && policy.unbounded.is_none() && !policy.unknown {
        let ident = &map.ident;
        diag.error(
            ident,
            format!(
                "nothing keeps `{ident}` from growing for ever: declare `ttl`, `idle` or `capacity`, or say why it stays \
                 small: `#[shard(unbounded = \"…\")]`"
            ),
        );
    }
}

/// The reason why a map needs no bound is nothing but misleading on one that has a bound.
fn check_unbounded(map: &MapField, diag: &mut Diagnostics) {
    let policy = &map.declared;
    let Some(unbounded) = &policy.unbounded else { return };
    let bounds = policy.bounds();
    if bounds.is_empty() {
        return;
    }
    let names = suggest::list(bounds.iter().map(|(name, _)| name), "and");
    let undo = bounds.iter().filter(|(_, inherited)| *inherited);
    let undo: Vec<String> = undo.map(|(name, _)| format!("{name} = {}", nothing(name))).collect();
    let ident = &map.ident;
    let message = if undo.len() == bounds.len() {
        let undo = undo.join(", ");
        format!("`{ident}` is bounded by the struct's {names}: undo that with `{undo}`, or remove `unbounded`")
    } else {
        format!("`{ident}` is bounded, by {names}, and needs no reason why not: keep one or the other")
    };
    diag.error(unbounded.tokens(), message);
}

/// The value by which an option is undone.
fn nothing(option: &str) -> &'static str {
    if option == "capacity" { "none" } else { "never" }
}

/// Which entry leaves when a capacity is reached is no question where there is none.
fn check_eviction(map: &MapField, diag: &mut Diagnostics) {
    let policy = &map.declared;
    let has_capacity = policy.bounds().iter().any(|(name, _)| *name == "capacity");
    if let Some(evict) = policy.evict.as_ref().filter(|evict| !evict.inherited && !has_capacity) {
        let ident = &map.ident;
        diag.error(
            evict.tokens(),
            format!(
                "`evict` says which entry leaves a full map, but `{ident}` has no capacity: add `capacity = 10_000`"
            ),
        );
    }
}

/// As [`check_eviction`], for the default of all fields: one of them at least has to use it.
fn check_default_eviction(store: &Store, diag: &mut Diagnostics) {
    let Some(evict) = &store.options.evict else { return };
    let used = store.maps().any(|map| map.declared.bounds().iter().any(|(name, _)| *name == "capacity"));
    if !used {
        diag.error(
            &evict.tokens,
            "`evict` says which entry leaves a full map, but no field has a capacity: add `capacity = 10_000`",
        );
    }
}

/// A shard that may hold less than one entry is a lock for nothing.
fn check_capacity(map: &MapField, diag: &mut Diagnostics) {
    let policy = &map.declared;
    let (Some(capacity), Shards::Fixed(shards)) = (policy.capacity(), policy.shards()) else { return };
    let capacity = capacity.number;
    let (Some(at), Some(of)) = (&policy.capacity, &policy.shards) else { return };
    if capacity >= shards || policy.weight.is_some() {
        return;
    }
    let fewer = 1_u64 << capacity.ilog2();
    let whose = if of.inherited && !at.inherited { "the struct's" } else { "the" };
    let at = if at.inherited { of.tokens() } else { at.tokens() };
    diag.error_once(
        at,
        &format!(
            "a capacity of {capacity} leaves some of {whose} {shards} shards empty for good: declare `capacity = {shards}` or \
             more, or `shards = {fewer}`"
        ),
    );
}

/// What is counted by itself is entries, not bytes.
fn check_bytes(map: &MapField, diag: &mut Diagnostics) {
    let policy = &map.declared;
    let (Some(capacity), Some(at)) = (policy.capacity(), &policy.capacity) else { return };
    if let Some(bytes) = capacity.bytes.as_ref().filter(|_| policy.weight.is_none()) {
        diag.error_once(
            at.tokens(),
            &format!(
                "`capacity` counts entries, not bytes: say how many, as in `capacity = 10_000`, or with `{bytes}` what each of them weighs: \
                 `weight = weight_of_entry`"
            ),
        );
    }
}

/// What an entry weighs is of interest to a capacity alone.
fn check_weight(map: &MapField, diag: &mut Diagnostics) {
    let policy = &map.declared;
    let has_capacity = policy.bounds().iter().any(|(name, _)| *name == "capacity");
    if let Some(weight) = policy.weight.as_ref().filter(|_| !has_capacity) {
        let ident = &map.ident;
        diag.error(
            weight.tokens(),
            format!("`weight` says how much of the capacity an entry takes, but `{ident}` has none: add `capacity = \"256MiB\"`"),
        );
    }
}

/// What may be evicted is no question where nothing is.
fn check_evictable(map: &MapField, diag: &mut Diagnostics) {
    let policy = &map.declared;
    let Some(evictable) = &policy.evictable else { return };
    let has_capacity = policy.bounds().iter().any(|(name, _)| *name == "capacity");
    let rejects = policy.evict().is_some_and(|evict| evict.is("Reject"));
    if !has_capacity || rejects {
        let (ident, why) = (&map.ident, if rejects { "`Reject` evicts none" } else { "it has no capacity" });
        diag.error(
            evictable.tokens(),
            format!("`evictable` says which entries may be evicted to make room, but of `{ident}` none is, since {why}: remove it"),
        );
    }
}

/// An entry never outlives its ttl, so an idle time that is not shorter never comes to its end.
fn check_idle_and_ttl(map: &MapField, diag: &mut Diagnostics) {
    let policy = &map.declared;
    let (Some(idle), Some(ttl)) = (policy.idle(), policy.ttl()) else { return };
    let (Some(at), Some(of)) = (&policy.idle, &policy.ttl) else { return };
    if idle < ttl {
        return;
    }
    let (idle, ttl) = (in_words(idle), in_words(ttl));
    let (at, message) = match (at.inherited, of.inherited) {
        (false, true) => (
            at.tokens(),
            format!(
                "the struct's ttl of {ttl} ends every entry before it is idle for {idle}: add `ttl = never`, or a shorter `idle`"
            ),
        ),
        (true, false) => (
            of.tokens(),
            format!("a ttl of {ttl} ends every entry before it is idle for the struct's {idle}: add `idle = never`"),
        ),
        _ => (
            at.tokens(),
            format!(
                "a ttl of {ttl} ends every entry before it is idle for {idle}: shorten `idle`, or remove one of the two"
            ),
        ),
    };
    diag.error_once(at, &message);
}

/// A read that leaves no trace can't keep an entry alive.
fn check_idle_and_lock(map: &MapField, diag: &mut Diagnostics) {
    let policy = &map.declared;
    if policy.idle().is_none() || !policy.lock().is_some_and(|lock| lock.is("Optimistic")) {
        return;
    }
    let (Some(idle), Some(lock)) = (&policy.idle, &policy.lock) else { return };
    let at = if idle.inherited { lock.tokens() } else { idle.tokens() };
    diag.error_once(
        at,
        "`idle` counts from the last read, which `Optimistic` leaves no trace of: choose `lock = Mutex` or `RwLock`, or a `ttl`",
    );
}

/// What a ttl is shortened by means nothing without one.
fn check_jitter(map: &MapField, diag: &mut Diagnostics) {
    let policy = &map.declared;
    let Some(jitter) = policy.ttl_jitter.as_ref().filter(|jitter| !jitter.inherited && !policy.has_ttl()) else {
        return;
    };
    if !matches!(jitter.value(), Some(Share::None)) {
        let ident = &map.ident;
        diag.error(
            jitter.tokens(),
            format!("`ttl_jitter` shortens the ttl of each entry, but `{ident}` has none: add `ttl = \"5m\"`"),
        );
    }
}

/// What is loaded anew is served meanwhile, and the ttl says until when at most.
fn check_refresh(map: &MapField, diag: &mut Diagnostics) {
    let policy = &map.declared;
    let Some(refresh) = policy.refresh_after.as_ref().filter(|refresh| !refresh.inherited && !policy.has_ttl()) else {
        return;
    };
    if !matches!(refresh.value(), Some(Time::Never)) {
        let ident = &map.ident;
        diag.error(
            refresh.tokens(),
            format!(
                "`refresh_after` has what is old loaded anew and served meanwhile, but no ttl says how long `{ident}` may serve \
                 it: add `ttl = \"5m\"`"
            ),
        );
    }
}

/// As [`check_jitter`] and [`check_refresh`], for the defaults of all fields: one of them at least has to use them.
fn check_default_of_ttl(store: &Store, diag: &mut Diagnostics) {
    if store.maps().any(|map| map.declared.has_ttl()) {
        return;
    }
    if let Some(jitter) = store.options.ttl_jitter.as_ref().filter(|jitter| !matches!(jitter.value, Some(Share::None)))
    {
        diag.error(
            &jitter.tokens,
            "`ttl_jitter` shortens the ttl of each entry, but no field has one: add `ttl = \"5m\"`",
        );
    }
    if let Some(refresh) =
        store.options.refresh_after.as_ref().filter(|refresh| !matches!(refresh.value, Some(Time::Never)))
    {
        diag.error(
            &refresh.tokens,
            "`refresh_after` has what is old loaded anew and served meanwhile, but no field has a ttl that says how long: add \
             `ttl = \"5m\"`",
        );
    }
}

/// What expires first is never loaded anew. With a jitter, the shortest ttl counts.
fn check_refresh_and_ttl(map: &MapField, diag: &mut Diagnostics) {
    let policy = &map.declared;
    let (Some(refresh), Some(ttl)) = (policy.refresh_after(), policy.ttl()) else { return };
    let (Some(at), Some(of)) = (&policy.refresh_after, &policy.ttl) else { return };
    let percent = policy.ttl_jitter().unwrap_or(0);
    if refresh.as_nanos() * 100 < ttl.as_nanos() * u128::from(100 - percent) {
        return;
    }
    let (after, ttl) = (in_words(refresh), in_words(ttl));
    let sooner = if percent == 0 { String::new() } else { format!(", or up to {percent}% less,") };
    // The one that is the field's own is wrong for it.
    let (at, cure) = match (at.inherited, of.inherited) {
        (true, false) => (of.tokens(), "add `refresh_after = never`, or a shorter one"),
        _ => (at.tokens(), "shorten `refresh_after`, or remove it"),
    };
    diag.error_once(
        at,
        &format!("a ttl of {ttl}{sooner} ends entries before they are refreshed after {after}: {cure}"),
    );
}
