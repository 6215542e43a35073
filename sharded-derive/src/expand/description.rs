//! A policy in words, for the docs of its accessor and its type.

use crate::syntax::declaration::Choices;
use crate::syntax::options::table::{CLOCKS, EVICTIONS, LOCKS, Options, PLACEMENTS};
use crate::syntax::values::choice::{Choice, compact};
use crate::syntax::values::duration::duration_text;
use crate::syntax::values::ttl::Ttl;
use std::time::Duration;

/// "16 shards, each behind a `Mutex`; entries expire 5m after they were written"
pub(super) fn policy(options: &Options) -> String {
    let mut parts = vec![shards(options)];
    parts.extend(tier(options));
    if let (Some(of), Some(key)) = (options.index_of.value(), options.key.value()) {
        parts.insert(0, format!("an index of `{of}` by `{}`", compact(key)));
    }
    parts.extend(expiry(options));
    parts.extend(bound(options));
    parts.extend(options.preallocate.value().map(|()| "its memory is taken when the store is built".to_owned()));
    parts.extend(options.hasher.value().map(|hasher| format!("hashed by `{}`", hasher.text())));
    parts.extend(placement(options));
    parts.extend(changed(options.clock.value(), &CLOCKS).map(|clock| format!("timed by `{}`", clock.text())));
    parts.join("; ")
}

/// The choice, if it is not the default.
fn changed<'a>(choice: Option<&'a Choice>, choices: &Choices) -> Option<&'a Choice> {
    choice.filter(|choice| !choice.is(choices.names[0]))
}

/// The choice or the default.
fn words(choice: Option<&Choice>, choices: &Choices) -> String {
    choice.map_or_else(|| choices.names[0].to_owned(), Choice::text)
}

fn shards(options: &Options) -> String {
    let lock = words(options.lock.value(), &LOCKS);
    let article = if lock.starts_with(['A', 'E', 'I', 'O', 'U']) { "an" } else { "a" };
    match options.shards.value() {
        Some(1) => format!("one shard behind {article} `{lock}`"),
        Some(shards) => format!("{shards} shards, each behind {article} `{lock}`"),
        None => format!("as many shards as suit the machine, each behind {article} `{lock}`"),
    }
}

fn placement(options: &Options) -> Option<String> {
    let numa = changed(options.numa.value(), &PLACEMENTS)?;
    Some(if numa.is("Off") {
        "on no NUMA node in particular".to_owned()
    } else {
        format!("placed by `{}`", numa.text())
    })
}

fn tier(options: &Options) -> Option<String> {
    options.tier.value()?;
    let staleness = options.staleness.value().map_or_else(|| "1s".to_owned(), |time| duration_text(*time));
    let stale = options.stale.value().map(|stale| format!(", or marked and at most {} old", duration_text(*stale)));
    Some(format!("the near cache of a server, so that a read is at most {staleness} old{}", stale.unwrap_or_default()))
}

fn expiry(options: &Options) -> Option<String> {
    let time = |time: Option<&Duration>| time.copied().map(duration_text);
    let written = options.ttl.value().map(|ttl| match ttl {
        Ttl::Same(time) => {
            let jitter = options.ttl_jitter.value();
            let sooner = jitter.map(|percent| format!(", or up to {percent}% sooner")).unwrap_or_default();
            format!("{} after they were written{sooner}", duration_text(*time))
        }
        Ttl::Own => "at times of their own".to_owned(),
        Ttl::Of(path) => format!("as `{}` says when they are written", compact(path)),
    });
    let used = time(options.idle.value()).map(|idle| format!("{idle} after they were last used"));
    let expire = match (written, used) {
        (None, None) => return None,
        (Some(time), None) | (None, Some(time)) => format!("entries expire {time}"),
        (Some(written), Some(used)) => format!("entries expire {written}, or {used}"),
    };
    let refresh = time(options.refresh_after.value());
    Some(expire + &refresh.map(|after| format!(", and are loaded again once they are {after} old")).unwrap_or_default())
}

fn bound(options: &Options) -> Option<String> {
    let Some(capacity) = options.capacity.value() else {
        return options.unbounded.value().map(|reason| format!("unbounded: {}", reason.trim_end_matches('.')));
    };
    let pinned =
        options.evictable.value().map(|path| format!(" entries that `{}` allows", compact(path))).unwrap_or_default();
    let full = if options.evict.value().is_some_and(|evict| evict.is("Reject")) {
        "more are refused".to_owned()
    } else {
        format!("then `{}` evicts{pinned}", words(options.evict.value(), &EVICTIONS))
    };
    let most = match (options.weight.value(), &capacity.bytes, capacity.number) {
        (Some(weight), Some(bytes), _) => format!("{bytes} as weighed by `{}`", compact(weight)),
        (Some(weight), None, number) => format!("{number} as weighed by `{}`", compact(weight)),
        (None, _, 1) => "1 entry".to_owned(),
        (None, _, number) => format!("{number} entries"),
    };
    Some(format!("at most {most}, {full}"))
}
