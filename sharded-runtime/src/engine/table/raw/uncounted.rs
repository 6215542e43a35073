//! Counts of displaced entries that exceed the byte of a bucket.

use super::slot::BucketNo;
use std::collections::BTreeMap;

/// For each bucket, the part of the count that exceeds its byte.
#[derive(Debug, Default)]
#[allow(clippy::box_collection, reason = "only a word if empty, as in almost every table")]
pub(super) struct Uncounted(Option<Box<BTreeMap<BucketNo, u64>>>);

impl Uncounted {
    pub(super) fn add(&mut self, number: BucketNo) {
        *self.0.get_or_insert_default().entry(number).or_default() += 1;
    }

    /// Subtracts one. Returns `false` if the count was zero.
    pub(super) fn remove(&mut self, number: BucketNo) -> bool {
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
