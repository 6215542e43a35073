//! Whether what was read over a connection may still be what the server has.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

/// Given to all that is read over one connection, until it is lost or the server says that it has flushed everything.
/// What is read over the connection after a flush gets another licence.
///
/// While it holds, what was read with it was valid when the latest answered sign of life was sent, as far as single
/// keys have not been invalidated: see [`Stamps`](super::stamps::Stamps).
#[derive(Debug)]
pub(super) struct Licence {
    /// When the latest answered sign of life was sent.
    heard: AtomicU64,
    state: AtomicU8,
}

const HOLDS: u8 = 0;
const LOST: u8 = 1;
const REVOKED: u8 = 2;

impl Licence {
    /// For a connection on which a sign of life that was sent then has been answered.
    pub(super) fn new(heard: u64) -> Self {
        Licence { heard: AtomicU64::new(heard), state: AtomicU8::new(HOLDS) }
    }

    /// When the latest answered sign of life was sent. A caller that relies on it loads it before it asks for anything
    /// that can become invalid.
    #[inline]
    pub(super) fn heard(&self) -> u64 {
        // Acquire pairs with the Release in `set_heard`: who sees the time sees the invalidations before the answer.
        self.heard.load(Ordering::Acquire)
    }

    pub(super) fn set_heard(&self, sent: u64) {
        self.heard.fetch_max(sent, Ordering::Release);
    }

    /// Whether neither the connection is lost nor everything was flushed.
    #[inline]
    pub(super) fn holds(&self) -> bool {
        // Relaxed: see `heard`.
        self.state.load(Ordering::Relaxed) == HOLDS
    }

    /// Whether the server has said that what was read with it is gone, and not only the connection is lost.
    pub(super) fn is_revoked(&self) -> bool {
        self.state.load(Ordering::Relaxed) & REVOKED != 0
    }

    /// The connection is lost: nobody tells what has changed.
    pub(super) fn lose(&self) {
        self.state.fetch_or(LOST, Ordering::Release);
    }

    /// What was read is gone, or belongs to another server now.
    pub(super) fn revoke(&self) {
        self.state.fetch_or(REVOKED, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::Licence;

    #[test]
    fn it_holds_until_it_ends_in_either_way() {
        let licence = Licence::new(3);
        licence.set_heard(2);
        assert_eq!((licence.heard(), licence.holds()), (3, true));
        licence.lose();
        assert_eq!((licence.holds(), licence.is_revoked()), (false, false));
        licence.revoke();
        assert_eq!((licence.holds(), licence.is_revoked()), (false, true));
    }
}
