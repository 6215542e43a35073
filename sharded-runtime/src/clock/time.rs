//! Moments, lengths of time and deadlines, by the clock of a map.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// A length of time in nanoseconds.
#[repr(transparent)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Nanos(u64);

impl Nanos {
    pub(crate) const ZERO: Self = Nanos(0);
    /// Longer than any clock can count.
    pub(crate) const FOREVER: Self = Nanos(u64::MAX);

    #[inline]
    pub(crate) const fn new(nanos: u64) -> Self {
        Nanos(nanos)
    }

    #[inline]
    pub(crate) const fn get(self) -> u64 {
        self.0
    }

    /// A duration of more than 584 years is [`FOREVER`](Nanos::FOREVER).
    pub(crate) fn from_duration(duration: Duration) -> Self {
        Nanos(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX))
    }

    pub(crate) const fn to_duration(self) -> Duration {
        Duration::from_nanos(self.0)
    }

    #[inline]
    pub(crate) const fn is_forever(self) -> bool {
        self.0 == u64::MAX
    }

    /// This percentage of it.
    pub(crate) fn percent(self, percent: u8) -> Self {
        Nanos(self.0 / 100 * u64::from(percent))
    }

    /// The sum, at most [`FOREVER`](Nanos::FOREVER).
    #[inline]
    pub(crate) const fn plus(self, more: Self) -> Self {
        Nanos(self.0.saturating_add(more.0))
    }

    /// A sixteenth of it.
    #[inline]
    pub(crate) const fn sixteenth(self) -> Self {
        Nanos(self.0 / 16)
    }

    /// The difference, at least zero.
    #[inline]
    pub(crate) const fn minus(self, less: Self) -> Self {
        Nanos(self.0.saturating_sub(less.0))
    }
}

/// A moment: the nanoseconds since the zero of a map's clock. It is less than 2^64 - 1.
#[repr(transparent)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment(u64);

impl Moment {
    pub(crate) const ZERO: Self = Moment(0);

    #[inline]
    pub(crate) const fn from_nanos(nanos: u64) -> Self {
        Moment(if nanos < u64::MAX { nanos } else { u64::MAX - 1 })
    }

    #[inline]
    pub(crate) const fn as_nanos(self) -> u64 {
        self.0
    }

    /// The end of a time that begins at this moment.
    #[inline]
    pub(crate) const fn plus(self, time: Nanos) -> Deadline {
        Deadline(self.0.saturating_add(time.0))
    }

    /// The moment that is earlier by this time, but not before zero.
    #[cfg(feature = "serde")]
    pub(crate) const fn minus(self, time: Nanos) -> Self {
        Moment(self.0.saturating_sub(time.0))
    }

    #[inline]
    pub(crate) const fn is_before(self, other: Self) -> bool {
        self.0 < other.0
    }

    /// How long ago an earlier moment was.
    #[inline]
    pub(crate) const fn since(self, earlier: Self) -> Nanos {
        Nanos(self.0.saturating_sub(earlier.0))
    }
}

/// When an entry expires, or another time that follows from that: a moment, or never.
#[repr(transparent)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline(u64);

impl Deadline {
    pub(crate) const NEVER: Self = Deadline(u64::MAX);
    /// A deadline that has always passed.
    pub(crate) const PASSED: Self = Deadline(0);

    #[inline]
    pub(crate) const fn from_nanos(nanos: u64) -> Self {
        Deadline(nanos)
    }

    #[inline]
    pub(crate) const fn as_nanos(self) -> u64 {
        self.0
    }

    #[inline]
    pub(crate) const fn is_never(self) -> bool {
        self.0 == u64::MAX
    }

    #[inline]
    pub(crate) const fn has_passed(self, now: Moment) -> bool {
        self.0 <= now.0
    }

    #[inline]
    pub(crate) const fn is_before(self, other: Self) -> bool {
        self.0 < other.0
    }

    /// The earlier one of two.
    #[inline]
    pub(crate) const fn or_earlier(self, other: Self) -> Self {
        if other.0 < self.0 { other } else { self }
    }

    /// A deadline that is later by this time.
    #[inline]
    pub(crate) const fn plus(self, time: Nanos) -> Self {
        Deadline(self.0.saturating_add(time.0))
    }

    /// How long it is until then: zero if it has passed, and [`FOREVER`](Nanos::FOREVER) if it never comes.
    #[inline]
    pub(crate) const fn left(self, now: Moment) -> Nanos {
        if self.is_never() { Nanos::FOREVER } else { Nanos(self.0.saturating_sub(now.0)) }
    }

    /// How long ago it has passed: zero if it has not.
    #[cfg(feature = "serde")]
    pub(crate) const fn overdue(self, now: Moment) -> Nanos {
        Nanos(now.0.saturating_sub(self.0))
    }
}

/// A moment that several threads use.
#[repr(transparent)]
#[derive(Debug)]
pub(crate) struct AtomicMoment(AtomicU64);

impl AtomicMoment {
    #[inline]
    pub(crate) fn load(&self, order: Ordering) -> Moment {
        Moment(self.0.load(order))
    }

    #[inline]
    pub(crate) fn store(&self, moment: Moment, order: Ordering) {
        self.0.store(moment.0, order);
    }

    /// Sets it to this moment if that is later.
    #[inline]
    pub(crate) fn raise(&self, moment: Moment, order: Ordering) {
        self.0.fetch_max(moment.0, order);
    }
}

/// A deadline that several threads use.
#[repr(transparent)]
#[derive(Debug)]
pub(crate) struct AtomicDeadline(AtomicU64);

impl AtomicDeadline {
    pub(crate) const fn never() -> Self {
        AtomicDeadline(AtomicU64::new(u64::MAX))
    }

    #[inline]
    pub(crate) fn load(&self, order: Ordering) -> Deadline {
        Deadline(self.0.load(order))
    }

    #[inline]
    pub(crate) fn store(&self, deadline: Deadline, order: Ordering) {
        self.0.store(deadline.0, order);
    }

    /// Sets it to this deadline if that is earlier. Returns what it was.
    #[inline]
    pub(crate) fn lower(&self, deadline: Deadline, order: Ordering) -> Deadline {
        Deadline(self.0.fetch_min(deadline.0, order))
    }
}
