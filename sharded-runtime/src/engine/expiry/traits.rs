//! When entries expire.

use stamp::Stamp;

/// When entries expire, chosen by declaring `ttl`, `idle`, both or neither.
///
/// It determines what is stored with each entry: nothing under [`Never`](crate::expiry::Never), a deadline under
/// [`AfterWrite`](crate::expiry::AfterWrite), a deadline and the time of the last use under
/// [`AfterAccess`](crate::expiry::AfterAccess). The durations are [`Policy::TTL`](crate::Policy::TTL) and
/// [`Policy::IDLE`](crate::Policy::IDLE). This trait is sealed.
pub trait Expiry: sealed::Sealed + 'static {
    /// The data that is stored with an entry.
    #[doc(hidden)]
    type Stamp: Stamp;
}

/// An [`Expiry`] under which entries expire: all but [`Never`](crate::expiry::Never).
#[diagnostic::on_unimplemented(
    message = "the entries of this field never expire",
    label = "its expiry is `{Self}`",
    note = "declare `ttl = \"5m\"` or `idle = \"30m\"` on the field, or `ttl = own` if entries have only times that calls give them"
)]
pub trait Expires: Expiry {}

/// An [`Expiry`] that records when an entry was last used: [`AfterAccess`](crate::expiry::AfterAccess).
#[diagnostic::on_unimplemented(
    message = "this field does not note when an entry was last used",
    label = "its expiry is `{Self}`",
    note = "declare `idle = \"30m\"` on the field; the builder can then override the time"
)]
pub trait TracksAccess: Expires {}

pub(super) mod sealed {
    pub trait Sealed {}
}

pub(super) mod stamp {
    use crate::clock::{Deadline, Moment, Nanos};

    /// The part of an entry that says when it expires, by the clock of the map.
    ///
    /// It consists of atomics for which zeros are valid. So it can lie in memory that was never written, and can be
    /// read while it is written. All accesses are relaxed: the lock of the shard, or its sequence number, orders a
    /// stamp with its entry.
    pub trait Stamp: Send + Sync + 'static {
        /// Whether entries expire. If not, no clock is read.
        const EXPIRES: bool;
        /// Whether reading an entry moves its deadline.
        const TRACKS_ACCESS: bool;

        /// Notes that the entry was written at `now`, and when its time to live ends.
        fn set(&self, now: Moment, deadline: Deadline);
        /// Copies another stamp.
        fn copy(&self, from: &Self);
        /// When the entry expires if it is not used again, with this idle time.
        fn deadline(&self, idle: Nanos) -> Deadline;
        /// When the entry was last used, if that is noted.
        fn used(&self) -> Moment;
        /// Notes a use at `now`.
        fn accessed(&self, now: Moment);
    }
}
