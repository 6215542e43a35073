//! Displaced entries beyond those that the byte of a bucket counts.

use super::slot::BucketNo;
use std::collections::BTreeMap;

/// By bucket: what its byte has no room for.
#[derive(Debug, Default)]
#[allow(clippy::box_collection, reason = "a word where there is none, as in almost every table")]
pub(super) struct Uncounted(Option<Box<BTreeMap<BucketNo, u64>>>);

impl Uncounted {
    pub(super) fn add(&mut self, number: BucketNo) {
        *self.0.get_or_insert_default().entry(number).or_default() += 1;
    }

    /// Says whether there was one.
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
