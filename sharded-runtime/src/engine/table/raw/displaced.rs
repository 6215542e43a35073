//! How many entries lie behind their home.
//!
//! Each bucket has a byte for it, which is enough unless hundreds of hashes are wholly equal; what is above goes into a
//! tree beside the table. So the count is exact whatever it was before, and a search never goes on for the sake of entries that are gone.

use super::{header::MANY, table::RawTable};
use crate::Policy;

impl<K, V, P: Policy, I> RawTable<K, V, P, I> {
    /// Counts an entry of this home that lies in this bucket.
    ///
    /// # Safety
    ///
    /// The bucket must be one of this table's.
    pub(super) unsafe fn displace(&mut self, home: u32, number: u32) {
        for passed in home..number {
            // SAFETY: it is before a bucket of this table's.
            unsafe { self.displace_from(passed) }
        }
    }

    /// Takes back what [`displace`](RawTable::displace) counted.
    ///
    /// # Safety
    ///
    /// As of `displace`.
    pub(super) unsafe fn undisplace(&mut self, home: u32, number: u32) {
        for passed in home..number {
            // SAFETY: it is before a bucket of this table's.
            unsafe { self.undisplace_from(passed) }
        }
    }

    /// # Safety
    ///
    /// The bucket must be one of this table's.
    unsafe fn displace_from(&mut self, number: u32) {
        // SAFETY: the caller's promise, and `&mut self` keeps other writers out.
        unsafe {
            let bucket = self.bucket(number);
            match bucket.header().displaced() {
                MANY => self.uncounted.add(number),
                count => bucket.set_displaced(count + 1),
            }
        }
    }

    /// # Safety
    ///
    /// The bucket must be one of this table's.
    unsafe fn undisplace_from(&mut self, number: u32) {
        // SAFETY: as above.
        unsafe {
            let bucket = self.bucket(number);
            match bucket.header().displaced() {
                // Only where a key changed its hash.
                0 => {}
                MANY if self.uncounted.remove(number) => {}
                count => bucket.set_displaced(count - 1),
            }
        }
    }
}
