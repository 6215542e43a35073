//! The passes of background threads over a map end when it is dropped.

use super::{discard::Discarded, release::Release, removal::must_not_wait};
use crate::{memory::reclaim::is_reading, shard::order, store::sweeper::Registration};
use std::sync::Arc;

/// When this is dropped, no background thread owns the map any more, nor entries of it. A map drops this before the
/// rest. Then nobody else owns the rest, so all values are dropped before the drop of the map returns.
pub(crate) struct Passes([Option<Arc<Registration>>; 3]);

impl Passes {
    /// Those that remove expired entries, that release retired ones, and that drop discarded ones.
    pub(crate) fn of(expiry: Option<&Arc<Registration>>, release: Option<&Release>, discarded: &Discarded) -> Self {
        Passes([expiry, release.map(Release::background), discarded.background()].map(|pass| pass.map(Arc::clone)))
    }
}

impl Drop for Passes {
    fn drop(&mut self) {
        // What a pass drops may wait for a shard that this thread is inside, for a reader, or for a listener.
        let may_wait = || !order::is_inside() && !is_reading() && !must_not_wait();
        for registration in self.0.iter().flatten() {
            registration.end_passes(may_wait);
        }
    }
}
