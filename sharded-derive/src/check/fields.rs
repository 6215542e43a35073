//! Rules about the options of one field.

use crate::diag::Diagnostics;
use crate::model::MapField;
use crate::suggest;
use crate::syntax::declaration::Declaration;
use crate::syntax::options::setting::Mark;
use crate::syntax::options::table::OPTIONS;
use crate::syntax::values::duration::duration_text;
use crate::syntax::values::ttl::Ttl;

pub(super) fn check(map: &MapField, diag: &mut Diagnostics) {
    check_unbounded(map, diag);
    check_capacity(map, diag);
    check_bytes(map, diag);
    check_evictable(map, diag);
    check_preallocate(map, diag);
    check_idle_and_ttl(map, diag);
    check_idle_and_lock(map, diag);
    check_refresh_and_ttl(map, diag);
    check_times_of_entries(map, diag);
}

/// Every map is bounded or says why not.
pub(super) fn check_bound(map: &MapField, diag: &mut Diagnostics) {
    let (options, ident) = (&map.options, &map.ident);
    if bounds(map).next().is_some() || options.unbounded.is_given() || options.has_unknown {
        return;
    }
    if options.tier.is_given() {
        diag.error(
            ident,
            format!(
                "nothing keeps the entries of `{ident}` on the server from growing for ever: declare `ttl`, or say why \
                 they stay few: `#[shard(unbounded = \"…\")]`"
            ),
        );
        return;
    }
    let has_own_times = has_own_times(map);
    let bounds = OPTIONS.iter().filter(|option| option.is_bound && !(has_own_times && option.name == "ttl"));
    let bounds = suggest::list(bounds.map(|option| option.name), "or");
    let own = if has_own_times { ", since `ttl = own` leaves an entry that is given no time for ever" } else { "" };
    diag.error(
        ident,
        format!(
            "nothing keeps `{ident}` from growing for ever{own}: declare {bounds}, or say why it stays small: \
             `#[shard(unbounded = \"…\")]`"
        ),
    );
}

/// The options that bound a map. A capacity bounds only the near cache of a tiered field.
fn bounds(map: &MapField) -> impl Iterator<Item = (&'static Declaration, &Mark)> {
    let is_tiered = map.options.tier.is_given();
    let has_own_times = has_own_times(map);
    map.options.bounds().filter(move |(option, _)| if option.name == "ttl" { !has_own_times } else { !is_tiered })
}

/// Whether an entry that is given no time lives for ever, although there is a `ttl`.
fn has_own_times(map: &MapField) -> bool {
    matches!(map.options.ttl.value(), Some(Ttl::Own))
}

/// A bounded map needs no `unbounded` reason, and the reason would mislead a reader.
fn check_unbounded(map: &MapField, diag: &mut Diagnostics) {
    let (options, ident) = (&map.options, &map.ident);
    let bounds: Vec<_> = bounds(map).collect();
    if !options.unbounded.is_given() || bounds.is_empty() {
        return;
    }
    let names = suggest::list(bounds.iter().map(|(option, _)| option.name), "and");
    let message = if bounds.iter().all(|(_, given)| given.is_inherited) {
        let undo: Vec<String> = bounds.iter().map(|(option, _)| option.undone()).collect();
        let undo = undo.join(", ");
        format!("`{ident}` is bounded by the struct's {names}: undo that with `{undo}`, or remove `unbounded`")
    } else {
        format!("`{ident}` is bounded by {names}, so it is not `unbounded`: keep one or the other")
    };
    diag.error(&options.unbounded.tokens, message);
}

/// A shard without room for one entry is useless.
fn check_capacity(map: &MapField, diag: &mut Diagnostics) {
    let options = &map.options;
    let (Some(capacity), Some(&shards)) = (options.capacity.value(), options.shards.value()) else { return };
    let capacity = capacity.number;
    if capacity >= shards || options.weight.is_given() {
        return;
    }
    let fewer = 1_u64 << capacity.ilog2();
    let is_inherited = options.capacity.is_inherited;
    let whose = if options.shards.is_inherited && !is_inherited { "the struct's" } else { "the" };
    let at = if is_inherited { &options.shards.tokens } else { &options.capacity.tokens };
    diag.error_once(
        at,
        &format!(
            "a capacity of {capacity} leaves some of {whose} {shards} shards without room for an entry: declare \
             `capacity = {shards}` or more, or `shards = {fewer}`"
        ),
    );
}

/// Without a weight, a capacity counts entries.
fn check_bytes(map: &MapField, diag: &mut Diagnostics) {
    let capacity = &map.options.capacity;
    let bytes = capacity.value().and_then(|capacity| capacity.bytes.as_ref());
    if let Some(bytes) = bytes.filter(|_| !map.options.weight.is_given()) {
        diag.error_once(
            &capacity.tokens,
            &format!(
                "`capacity` counts entries, not bytes: write their number, as in `capacity = 10_000`, or keep `{bytes}` \
                 and declare what an entry weighs: `weight = weight_of_entry`"
            ),
        );
    }
}

/// Where nothing is evicted, no entry has to be protected.
fn check_evictable(map: &MapField, diag: &mut Diagnostics) {
    let options = &map.options;
    if options.evictable.is_given() && options.evict.value().is_some_and(|evict| evict.is("Reject")) {
        diag.error(
            &options.evictable.tokens,
            "`evictable` says which entries may be evicted, but `evict = Reject` evicts none: remove `evictable`",
        );
    }
}

/// The memory of all entries must be known from their number, and lie in tables.
fn check_preallocate(map: &MapField, diag: &mut Diagnostics) {
    let options = &map.options;
    if !options.preallocate.is_given() || options.tier.is_given() {
        return;
    }
    if options.weight.is_given() {
        diag.error(
            &options.preallocate.tokens,
            "`preallocate` takes the memory for a number of entries, and a weight does not count them: \
             remove one of the two",
        );
    }
    if options.lock.value().is_some_and(|lock| lock.is("Rcu")) {
        diag.error(
            &options.preallocate.tokens,
            "`preallocate` takes the memory of tables, and under `Rcu` each insert allocates its entry: choose another \
             `lock`, or remove `preallocate`",
        );
    }
}

/// An entry never outlives its ttl, so an idle time that is not shorter never ends.
fn check_idle_and_ttl(map: &MapField, diag: &mut Diagnostics) {
    let (idle, ttl) = (&map.options.idle, &map.options.ttl);
    let (Some(&idle_time), Some(ttl_time)) = (idle.value(), ttl.value().and_then(Ttl::same)) else { return };
    if idle_time < ttl_time {
        return;
    }
    let (idle_words, ttl_words) = (duration_text(idle_time), duration_text(ttl_time));
    let (at, whose_ttl, whose_idle, cure) = match (idle.is_inherited, ttl.is_inherited) {
        (false, true) => (&idle.tokens, "the struct's", "", "add `ttl = never`, or a shorter `idle`"),
        (true, false) => (&ttl.tokens, "a", "the struct's ", "add `idle = never`"),
        _ => (&idle.tokens, "a", "", "shorten `idle`, or remove one of the two"),
    };
    diag.error_once(
        at,
        &format!(
            "{whose_ttl} ttl of {ttl_words} ends every entry before it is idle for {whose_idle}{idle_words}: {cure}"
        ),
    );
}

/// A read that writes nothing can't extend the life of an entry.
fn check_idle_and_lock(map: &MapField, diag: &mut Diagnostics) {
    let (idle, lock) = (&map.options.idle, &map.options.lock);
    if idle.value().is_none() || !lock.value().is_some_and(|lock| lock.is("Optimistic")) {
        return;
    }
    let at = if idle.is_inherited { &lock.tokens } else { &idle.tokens };
    diag.error_once(
        at,
        "`idle` counts from the last read, but `Optimistic` does not record reads: choose `lock = Mutex` or `RwLock`, \
         or a `ttl`",
    );
}

/// An entry that expires before it is old enough is never loaded again. With a jitter, the shortest ttl counts.
fn check_refresh_and_ttl(map: &MapField, diag: &mut Diagnostics) {
    let (refresh, ttl) = (&map.options.refresh_after, &map.options.ttl);
    let (Some(&after), Some(time)) = (refresh.value(), ttl.value().and_then(Ttl::same)) else { return };
    let percent = map.options.ttl_jitter.value().copied().unwrap_or(0);
    if after.as_nanos() * 100 < time.as_nanos() * u128::from(100 - percent) {
        return;
    }
    let sooner = if percent == 0 { String::new() } else { format!(", or up to {percent}% less,") };
    let (after, time) = (duration_text(after), duration_text(time));
    // The error stands on the field's own option: the struct's may be right for other fields.
    let (at, cure) = match (refresh.is_inherited, ttl.is_inherited) {
        (true, false) => (&ttl.tokens, "add `refresh_after = never`, or a shorter one"),
        _ => (&refresh.tokens, "shorten `refresh_after`, or remove it"),
    };
    diag.error_once(
        at,
        &format!("a ttl of {time}{sooner} ends entries before they are refreshed after {after}: {cure}"),
    );
}

/// What is a share of the ttl, or is counted back from it, needs one that all entries have: an entry keeps when it
/// expires, not when it was written.
fn check_times_of_entries(map: &MapField, diag: &mut Diagnostics) {
    let options = &map.options;
    if options.ttl.value().is_none_or(|ttl| ttl.same().is_some()) {
        return;
    }
    let needing = [(&*options.ttl_jitter, "ttl_jitter", "none"), (&*options.refresh_after, "refresh_after", "never")];
    for (given, name, undo) in needing.into_iter().filter(|(given, ..)| given.is_meant()) {
        let (at, cure) = if given.is_inherited {
            (&options.ttl.tokens, format!("add `{name} = {undo}`"))
        } else {
            (&given.tokens, format!("remove `{name}`"))
        };
        diag.error_once(
            at,
            &format!("`{name}` needs a ttl that all entries have: declare one, such as `ttl = \"5m\"`, or {cure}"),
        );
    }
}
