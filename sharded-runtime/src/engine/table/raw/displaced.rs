//! Counts of displaced entries: of those that lie behind their home.
//!
//! Each bucket has a count in one byte. That is enough unless hundreds of hashes are equal. A higher count is kept in a
//! tree beside the table. So the counts are always exact, and a search never goes on for entries that were removed.

use super::{address::Address, buckets::Buckets, header::MANY, shape::Shape, slot::BucketNo};

impl Buckets {
    /// Counts an entry of this home that lies in the bucket `number`.
    ///
    /// # Safety
    ///
    /// The bucket must be one of this table's, and the shape must be the table's. (Generic code passes it as a
    /// constant.)
    #[inline]
    pub(super) unsafe fn displace(&mut self, home: BucketNo, number: BucketNo, shape: &Shape) {
        for passed in home.up_to(number) {
            // SAFETY: it is before a bucket of this table's.
            unsafe { self.displace_from(passed, shape) }
        }
    }

    /// Takes back what [`displace`](Buckets::displace) counted.
    ///
    /// # Safety
    ///
    /// As of `displace`.
    #[inline]
    pub(super) unsafe fn undisplace(&mut self, home: BucketNo, number: BucketNo, shape: &Shape) {
        for passed in home.up_to(number) {
            // SAFETY: it is before a bucket of this table's.
            unsafe { self.undisplace_from(passed, shape) }
        }
    }

    /// # Safety
    ///
    /// The bucket must be one of this table's.
    #[inline]
    unsafe fn displace_from(&mut self, number: BucketNo, shape: &Shape) {
        // SAFETY: the caller's promise, and `&mut self` keeps other writers out.
        unsafe {
            let bucket = Address::of_directory(self.geometry.directory.as_ptr(), number, shape);
            match bucket.header().displaced() {
                MANY => self.uncounted.add(number),
                count => bucket.set_displaced(count + 1),
            }
        }
    }

    /// # Safety
    ///
    /// The bucket must be one of this table's.
    #[inline]
    unsafe fn undisplace_from(&mut self, number: BucketNo, shape: &Shape) {
        // SAFETY: as above.
        unsafe {
            let bucket = Address::of_directory(self.geometry.directory.as_ptr(), number, shape);
            match bucket.header().displaced() {
                // Only if a key has changed its hash.
                0 => {}
                MANY if self.uncounted.remove(number) => {}
                count => bucket.set_displaced(count - 1),
            }
        }
    }
}
