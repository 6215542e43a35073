//! The units in which a capacity is counted.

/// The units that one entry takes: one, or the result of the field's weigher.
#[repr(transparent)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Weight(u32);

impl Weight {
    pub(crate) const ZERO: Self = Weight(0);
    /// The weight of every entry of a field without a weigher.
    pub(crate) const ONE: Self = Weight(1);

    #[inline]
    pub(crate) const fn new(units: u32) -> Self {
        Weight(units)
    }

    #[inline]
    pub(crate) fn units(self) -> Units {
        Units(self.0.into())
    }
}

/// A number of units of the capacity.
#[repr(transparent)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Units(u64);

impl Units {
    pub(crate) const ZERO: Self = Units(0);

    #[inline]
    pub(crate) const fn new(count: u64) -> Self {
        Units(count)
    }

    #[inline]
    pub(crate) const fn get(self) -> u64 {
        self.0
    }

    #[inline]
    pub(crate) const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Rounded down.
    #[inline]
    pub(crate) const fn halved(self) -> Self {
        Units(self.0 / 2)
    }

    #[inline]
    pub(crate) const fn plus(self, more: Self) -> Self {
        Units(self.0.saturating_add(more.0))
    }

    /// The difference, at least zero.
    #[inline]
    pub(crate) const fn minus(self, less: Self) -> Self {
        Units(self.0.saturating_sub(less.0))
    }

    /// For sums that may be negative. No map has more units than `i64::MAX`: see `Budget::new`.
    #[inline]
    pub(crate) fn signed(self) -> i64 {
        i64::try_from(self.0).unwrap_or(i64::MAX)
    }
}
