//! How many entries lie behind their home.
//!
//! Each bucket has a byte for it, which is enough unless hundreds of hashes are wholly equal; what is above goes into a
//! tree beside the table. So the count is exact whatever it was before, and a search never goes on for the sake of entries that are gone.

use super::{RawTable, bucket::MANY};
use crate::Policy;
use std::collections::BTreeMap;

/// By bucket: what its byte has no room for.
#[derive(Debug, Default)]
#[allow(clippy::box_collection, reason = "a word where there is none, as in almost every table")]
pub(super) struct Uncounted(Option<Box<BTreeMap<u32, u64>>>);

impl Uncounted {
    fn add(&mut self, number: u32) {
        *self.0.get_or_insert_default().entry(number).or_default() += 1;
    }

    /// Says whether there was one.
    fn remove(&mut self, number: u32) -> bool {
        let Some(count) = self.0.as_mut().and_then(|counts| counts.get_mut(&number)) else { return false };
        *count -= 1;
        if *count == 0
            && let Some(counts) = &mut self.0
        {
            counts.remove(&number);
            self.0.take_if(|counts| counts.is_empty());
        }
        true
    }
}

impl<K, V, P: Policy> RawTable<K, V, P> {
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
