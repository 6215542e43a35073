//! Memory on a node by the piece, and the system as the first who has some.

use super::home::Home;
use crate::memory::sys::{memory, page};
use std::{ptr::NonNull, sync::Arc};

/// What has memory on a node.
pub(super) trait Supply {
    /// The node, and what else is asked of the memory.
    fn home(&self) -> &Home;

    /// The bytes that a piece has which is to have so many: whole pages.
    fn size(&self, bytes: usize) -> usize;

    /// A piece of this [size](Supply::size). `None` where there is none to be had, or a new mapping would leave less than `room` to others.
    fn take(&self, bytes: usize, room: usize) -> Option<NonNull<u8>>;

    /// Takes a piece back.
    ///
    /// # Safety
    ///
    /// The piece must come from [`take`](Supply::take) with this size, and nobody may look at it any more.
    unsafe fn give(&self, at: NonNull<u8>, bytes: usize);
}

/// Mappings of the system.
#[derive(Clone)]
pub(super) struct System {
    home: Arc<Home>,
    /// Whether a mapping is for many arenas.
    is_shared: bool,
}

impl System {
    pub(super) fn new(home: Arc<Home>) -> Self {
        System { home, is_shared: false }
    }

    /// For memory that many arenas share.
    pub(super) fn to_share(home: Arc<Home>) -> Self {
        System { home, is_shared: true }
    }
}

impl Supply for System {
    fn home(&self) -> &Home {
        &self.home
    }

    fn size(&self, bytes: usize) -> usize {
        bytes.next_multiple_of(page::size())
    }

    fn take(&self, bytes: usize, room: usize) -> Option<NonNull<u8>> {
        let at = memory::map(bytes, room)?;
        // SAFETY: this is the whole mapping.
        unsafe {
            self.home.bind(at, bytes);
            if self.home.huge_pages() {
                memory::prefer_huge_pages(at, bytes);
            } else if self.is_shared {
                // The first entry of a map would take up a huge page for all of its piece.
                memory::avoid_huge_pages(at, bytes);
            }
        }
        Some(at)
    }

    unsafe fn give(&self, at: NonNull<u8>, bytes: usize) {
        // SAFETY: the caller's promise.
        unsafe { memory::unmap(at, bytes) }
    }
}
