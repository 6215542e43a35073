//! The numbers of slots and of buckets.

#![allow(unreachable_pub, reason = "in a public trait that only this crate can implement")]

/// The number of a bucket in its table.
#[repr(transparent)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct BucketNo(u32);

impl BucketNo {
    pub(crate) const FIRST: Self = BucketNo(0);

    #[inline]
    pub(crate) const fn new(number: u32) -> Self {
        BucketNo(number)
    }

    #[inline]
    pub(crate) const fn get(self) -> u32 {
        self.0
    }

    /// Whether a table with this many buckets has the bucket.
    #[inline]
    pub(crate) const fn is_below(self, buckets: u32) -> bool {
        self.0 < buckets
    }

    #[inline]
    pub(crate) const fn next(self) -> Self {
        BucketNo(self.0 + 1)
    }

    /// The buckets from this one up to `end`, without `end`.
    #[inline]
    pub(crate) fn up_to(self, end: Self) -> impl DoubleEndedIterator<Item = Self> + Clone {
        (self.0..end.0).map(BucketNo)
    }
}

/// A slot of a table, occupied or vacant. The upper bits of its number are the number of its bucket.
#[repr(transparent)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot(u32);

impl Slot {
    /// The slot with an index in a bucket. The lower `bits` bits of its number are the index.
    #[inline]
    pub(crate) const fn at(bucket: BucketNo, index: usize, bits: u32) -> Self {
        #[allow(clippy::cast_possible_truncation, reason = "at most 15")]
        Slot(bucket.0 << bits | index as u32)
    }

    #[inline]
    pub(crate) const fn from_number(number: u32) -> Self {
        Slot(number)
    }

    /// The number by which an eviction knows the slot.
    ///
    /// The public trait [`Eviction`](crate::evict::Eviction) has plain numbers, as users' evictions index arrays with
    /// them. A wrong number does no harm, since the table checks each one that it gets back.
    #[inline]
    pub(crate) const fn number(self) -> u32 {
        self.0
    }
}
