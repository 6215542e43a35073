//! What all connections of a tier have in common.

use super::{stamps::Stamps, stats::LinkCounts};
use crate::clock::{Clock, System};
use redis::RedisError;
use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    runtime::Handle,
    sync::{Notify, watch},
};

/// Tells of a change of state: the subscriber of `tracing` with that feature, and else the logger.
macro_rules! tell {
    ($level:ident, $($message:tt)*) => {{
        #[cfg(feature = "tracing")]
        tracing::$level!(target: "sharded", $($message)*);
        #[cfg(not(feature = "tracing"))]
        log::$level!(target: "sharded", $($message)*);
    }};
}
pub(super) use tell;

/// Whether this fault is planted. Only a build with `--cfg sharded_faults` has any: see `.ci/tier`.
pub(super) fn is_planted(fault: &str) -> bool {
    cfg!(sharded_faults) && std::env::var("SHARDED_FAULT").is_ok_and(|planted| planted == fault)
}

/// See [the module](self).
pub(super) struct Shared {
    pub(super) stamps: Stamps,
    pub(super) counts: LinkCounts,
    /// Has the servers be looked for again: see `finder.rs`.
    pub(super) refresh: Notify,
    /// Where the tasks live that keep the connections.
    pub(super) runtime: Handle,
    /// How long the answer to a write may take.
    pub(super) patience: Duration,
    /// The shortest staleness of a field.
    staleness: watch::Sender<Duration>,
    clock: System,
    resolution: u64,
    last_error: Mutex<Option<RedisError>>,
}

impl Shared {
    pub(super) fn new(patience: Duration, runtime: Handle) -> Self {
        let clock = System::default();
        Shared {
            stamps: Stamps::new(),
            counts: LinkCounts::default(),
            refresh: Notify::new(),
            runtime,
            patience,
            staleness: watch::Sender::new(Duration::MAX),
            resolution: clock.resolution(),
            clock,
            last_error: Mutex::new(None),
        }
    }

    /// The time in nanoseconds, exactly.
    pub(super) fn now(&self) -> u64 {
        self.clock.precise_nanos().unwrap_or_else(|| self.clock.nanos())
    }

    /// The time or a little later, read more quickly if some milliseconds do not matter for this staleness.
    #[inline]
    pub(super) fn now_or_later(&self, staleness: u64) -> u64 {
        if staleness / 32 > self.resolution { self.clock.nanos() + self.resolution } else { self.now() }
    }

    /// Has the servers asked often enough for this staleness.
    pub(super) fn require(&self, staleness: Duration) {
        self.staleness.send_if_modified(|shortest| {
            let is_shorter = staleness < *shortest;
            *shortest = staleness.min(*shortest);
            is_shorter
        });
    }

    pub(super) fn required(&self) -> watch::Receiver<Duration> {
        self.staleness.subscribe()
    }

    /// Keeps an error of a connection, for those who find none.
    pub(super) fn note(&self, error: Option<RedisError>) {
        if error.is_some() {
            *self.last_error.lock().unwrap_or_else(PoisonError::into_inner) = error;
        }
    }

    pub(super) fn last_error(&self) -> Option<RedisError> {
        self.last_error.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
