//! The number of a slot.

/// A slot of a table, with an entry or without. Its number has that of the bucket in the upper bits.
#[repr(transparent)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot(u32);

impl Slot {
    #[inline]
    pub(crate) const fn from_number(number: u32) -> Self {
        Slot(number)
    }

    /// What an eviction knows the slot by.
    #[inline]
    pub(crate) const fn number(self) -> u32 {
        self.0
    }
}
