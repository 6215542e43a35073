//! A policy in words, for the docs of what it governs.

use crate::model::Policy;
use crate::syntax::{Choice, Shards, compact, in_words};

/// "16 shards, each behind a `Mutex`; entries expire 5m after they were written"
pub(super) fn policy(policy: &Policy) -> String {
    let mut parts = vec![shards(policy)];
    parts.extend(expiry(policy));
    parts.extend(bound(policy));
    parts.extend(policy.hasher().map(|hasher| format!("hashed by `{}`", hasher.words())));
    parts.extend(numa(policy));
    parts.extend(
        policy.clock().filter(|clock| !clock.is("System")).map(|clock| format!("timed by `{}`", clock.words())),
    );
    parts.join("; ")
}

fn shards(policy: &Policy) -> String {
    let lock = policy.lock().map_or_else(|| "Mutex".to_owned(), Choice::words);
    let article = if lock.starts_with(['A', 'E', 'I', 'O', 'U']) { "an" } else { "a" };
    match policy.shards() {
        Shards::Fixed(1) => format!("one shard behind {article} `{lock}`"),
        Shards::Fixed(shards) => format!("{shards} shards, each behind {article} `{lock}`"),
        Shards::Auto => format!("as many shards as suit the machine, each behind {article} `{lock}`"),
    }
}

/// Nothing where they are spread, as by default.
fn numa(policy: &Policy) -> Option<String> {
    let numa = policy.numa().filter(|numa| !numa.is("Spread"))?;
    Some(if numa.is("Off") {
        "on no NUMA node in particular".to_owned()
    } else {
        format!("placed by `{}`", numa.words())
    })
}

fn expiry(policy: &Policy) -> Option<String> {
    let written = policy.ttl().map(in_words).map(|ttl| {
        let sooner = policy.ttl_jitter().map(|percent| format!(", or up to {percent}% sooner")).unwrap_or_default();
        format!("{ttl} after they were written{sooner}")
    });
    let used = policy.idle().map(in_words).map(|idle| format!("{idle} after they were last used"));
    let expire = match (written, used) {
        (None, None) => return None,
        (Some(time), None) | (None, Some(time)) => format!("entries expire {time}"),
        (Some(written), Some(used)) => format!("entries expire {written}, or {used}"),
    };
    let refresh = policy.refresh_after().map(in_words);
    Some(expire + &refresh.map(|after| format!(", and are loaded anew once they are {after} old")).unwrap_or_default())
}

fn bound(policy: &Policy) -> Option<String> {
    let Some(capacity) = policy.capacity() else {
        return policy.unbounded().map(|reason| format!("unbounded: {}", reason.trim_end_matches('.')));
    };
    let pinned = policy.evictable().map(|path| format!(" what `{}` lets go", compact(path))).unwrap_or_default();
    let full = match policy.evict() {
        None => format!("then `Adaptive` evicts{pinned}"),
        Some(evict) if evict.is("Reject") => "more are refused".to_owned(),
        Some(evict) => format!("then `{}` evicts{pinned}", evict.words()),
    };
    let most = match (policy.weight(), &capacity.bytes, capacity.number) {
        (Some(weight), Some(bytes), _) => format!("{bytes} as weighed by `{}`", compact(weight)),
        (Some(weight), None, number) => format!("{number} as weighed by `{}`", compact(weight)),
        (None, _, 1) => "1 entry".to_owned(),
        (None, _, number) => format!("{number} entries"),
    };
    Some(format!("at most {most}, {full}"))
}
