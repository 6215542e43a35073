//! Rare events for observing a running program: static probes (feature `usdt`), and events of the crate `tracing`
//! (feature `tracing`).
//!
//! Each event is a function that is not inlined, so the program has one probe for it, for all types of maps. Without
//! both features the functions are empty. `export/mod.rs` documents the events.
#![cfg_attr(
    feature = "usdt",
    allow(unsafe_code, reason = "in what the crate `probe` expands to: an instruction that does nothing")
)]
#![cfg_attr(
    not(all(feature = "usdt", feature = "tracing")),
    allow(unused_variables, clippy::missing_const_for_fn, reason = "what a feature would use that is off")
)]

#[cfg(feature = "usdt")]
use crate::clock::Nanos;
#[cfg(feature = "tracing")]
use crate::deferred::{self, Note};
use crate::hasher::KeyHash;
use std::{fmt, time::Duration};

/// A load that takes longer is reported as slow.
#[cfg(feature = "tracing")]
const SLOW_LOAD: Duration = Duration::from_secs(1);

/// A wait for a lock that takes longer is reported.
#[cfg(feature = "tracing")]
const LONG_WAIT: Duration = Duration::from_millis(100);

/// The least time between two reports of a thread that a table could not grow. Each write tries again.
#[cfg(feature = "tracing")]
const NEXT_REFUSAL: Duration = Duration::from_secs(1);

/// The store and the field of an event.
#[derive(Debug)]
#[cfg_attr(not(any(feature = "usdt", feature = "tracing")), allow(dead_code, reason = "what a feature would use"))]
pub(crate) struct Names {
    pub(crate) store: &'static str,
    pub(crate) field: &'static str,
}

impl fmt::Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.store {
            "" => f.write_str(self.field),
            store => write!(f, "{store}::{}", self.field),
        }
    }
}

/// A static probe of the provider `sharded`. Its first arguments are the addresses and lengths of the names of the
/// store and the field.
macro_rules! probe {
    ($event:ident, $names:expr $(, $argument:expr)*) => {
        #[cfg(feature = "usdt")]
        ::probe::probe!(
            sharded,
            $event,
            $names.store.as_ptr(),
            $names.store.len(),
            $names.field.as_ptr(),
            $names.field.len()
            $(, $argument)*
        );
    };
}

#[cfg(feature = "tracing")]
macro_rules! warn_of_load {
    ($names:expr, $hash:expr, $time:expr, $message:literal) => {{
        let (Names { store, field }, hash, time) = ($names, $hash.bits(), $time);
        trace(|| tracing::warn!(target: "sharded", store, field, hash, ?time, $message));
    }};
}

/// Declares functions that are not inlined unless they are empty.
macro_rules! events {
    ($($(#[doc = $doc:literal])* fn $name:ident($($parameter:ident: $type:ty),*) $body:block)*) => {
        $(
            $(#[doc = $doc])*
            #[cfg_attr(any(feature = "usdt", feature = "tracing"), inline(never))]
            #[cfg_attr(not(any(feature = "usdt", feature = "tracing")), inline(always))]
            #[cfg_attr(
                not(any(feature = "usdt", feature = "tracing")),
                allow(clippy::inline_always, reason = "it is empty")
            )]
            pub(crate) fn $name($($parameter: $type),*) $body
        )*
    };
}

events! {
    /// A table has split a bucket, and has this many buckets and entries now.
    fn grown(names: &Names, buckets: u32, entries: usize) {
        probe!(grow, names, buckets, entries);
    }

    /// A table has merged two buckets, and has this many buckets and entries now.
    fn shrunk(names: &Names, buckets: u32, entries: usize) {
        probe!(shrink, names, buckets, entries);
    }

    /// The system has refused memory for a table with this many entries: it can't grow, or the call `is_to_panic`.
    /// Called under a lock.
    fn memory_refused(names: &Names, entries: usize, is_to_panic: bool) {
        probe!(memory_refused, names, entries);
        #[cfg(feature = "tracing")]
        if is_to_panic {
            defer(names, entries as u64, |&Note { names: [store, field], numbers: [entries, _], .. }| {
                tracing::error!(target: "sharded", store, field, entries, "memory was refused for one more entry");
            });
        } else if is_time_for_refusal() {
            defer(names, entries as u64, |&Note { names: [store, field], numbers: [entries, _], .. }| {
                tracing::warn!(target: "sharded", store, field, entries, "memory was refused for a table to grow");
            });
        }
    }

    /// An entry with this weight was evicted.
    fn evicted(names: &Names, weight: u64) {
        probe!(evict, names, weight);
    }

    /// An expired entry with this weight was removed.
    fn expired(names: &Names, weight: u64) {
        probe!(expire, names, weight);
    }

    /// A call gives an entry back, because there is no room for it.
    fn refused(names: &Names) {
        probe!(refused, names);
    }

    /// A pass over a shard has removed this many expired entries.
    fn swept(names: &Names, removed: usize) {
        probe!(sweep, names, removed);
    }

    /// A thread has slept for the lock of a shard, this many nanoseconds. Called under that lock.
    fn lock_waited(names: &Names, nanos: u64) {
        probe!(lock_wait, names, nanos);
        #[cfg(feature = "tracing")]
        if Duration::from_nanos(nanos) >= LONG_WAIT {
            defer(names, nanos, |&Note { names: [store, field], numbers: [nanos, _], .. }| {
                let time = Duration::from_nanos(nanos);
                tracing::warn!(target: "sharded", store, field, ?time, "a thread waited long for the lock of a shard");
            });
        }
    }

    /// A loader begins, for a key with this hash.
    fn load_begun(names: &Names, hash: KeyHash) {
        probe!(load_begin, names, hash.bits());
    }

    /// A loader has ended. Called when no caller waits for it any more, since a subscriber is user code. No `tracing`
    /// event if the thread `is_inside` a shard, where it drops a future.
    fn load_ended(names: &Names, hash: KeyHash, time: Duration, is_failure: bool, is_inside: bool) {
        probe!(load_end, names, hash.bits(), Nanos::from_duration(time).get());
        if is_failure {
            probe!(load_fail, names, hash.bits(), Nanos::from_duration(time).get());
        }
        #[cfg(feature = "tracing")]
        if is_inside {
        } else if is_failure {
            warn_of_load!(names, hash, time, "a load failed");
        } else if time >= SLOW_LOAD {
            warn_of_load!(names, hash, time, "a load was slow");
        }
    }

    /// A removal listener, or the `Drop` of an entry that it was called with, has panicked.
    fn listener_panicked(names: &Names) {
        #[cfg(feature = "tracing")]
        {
            let Names { store, field } = names;
            trace(|| tracing::error!(target: "sharded", store, field, "a removal listener panicked"));
        }
    }
}

/// Reports an event when this thread holds no lock any more.
#[cfg(feature = "tracing")]
fn defer(names: &Names, number: u64, tell: fn(&Note)) {
    deferred::note(Note { tell, names: [names.store, names.field], numbers: [number, 0] });
}

/// Whether the last report of this thread that a table could not grow is old enough.
#[cfg(feature = "tracing")]
fn is_time_for_refusal() -> bool {
    use std::{cell::Cell, time::Instant};
    thread_local! {
        static LAST: Cell<Option<Instant>> = const { Cell::new(None) };
    }
    let is_time = LAST.get().is_none_or(|last| last.elapsed() >= NEXT_REFUSAL);
    if is_time {
        LAST.set(Some(Instant::now()));
    }
    is_time
}

/// Calls the subscriber. Its panics are contained, since this may run while another panic unwinds.
#[cfg(feature = "tracing")]
fn trace(event: impl FnOnce()) {
    let _ = crate::contain::contain(event);
}
