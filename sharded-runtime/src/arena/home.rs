//! On which node memory lies.

use super::room;
use crate::{sys::numa, topology::NodeId};
use std::{io, ptr::NonNull, sync::OnceLock};

/// Where memory of an arena is to come from, and whether the system could be told.
#[derive(Debug)]
pub(crate) struct Home {
    /// `None`: wherever the system makes it.
    node: Option<NodeId>,
    /// Whether it may come from this node alone.
    only: bool,
    /// Whether it is looked whether there is any left.
    asks: bool,
    huge_pages: bool,
    refused: OnceLock<io::ErrorKind>,
}

impl Home {
    /// Memory on this node, or on another where it is full, unless `only` this one will do.
    pub(crate) fn on(node: NodeId, only: bool, huge_pages: bool) -> Self {
        Home { node: Some(node), only, asks: only, huge_pages, refused: OnceLock::new() }
    }

    /// Memory wherever the system makes it.
    pub(crate) fn anywhere(huge_pages: bool) -> Self {
        Home { node: None, only: false, asks: false, huge_pages, refused: OnceLock::new() }
    }

    pub(crate) fn is_anywhere(&self) -> bool {
        self.node.is_none()
    }

    pub(super) fn huge_pages(&self) -> bool {
        self.huge_pages
    }

    /// The same for what is known of entries: a small part of what the entries themselves take. It is not asked for room, since what they find
    /// no room for adds nothing to it.
    pub(super) fn beside(&self) -> Self {
        Home { node: self.node, only: self.only, asks: false, huge_pages: false, refused: OnceLock::new() }
    }

    /// Whether there are so many bytes to be had here, which are then the caller's to take.
    pub(super) fn has_room(&self, bytes: usize) -> bool {
        match self.node {
            Some(node) if self.asks && self.refused.get().is_none() => room::take(node, bytes as u64),
            _ => true,
        }
    }

    /// Why the system refused to be told, if it did.
    pub(crate) fn refused(&self) -> Option<io::ErrorKind> {
        self.refused.get().copied()
    }

    /// Has memory that nobody has touched yet come from here. Where the system refuses, it comes from wherever it is first touched.
    ///
    /// # Safety
    ///
    /// The range must consist of whole pages of memory from [`map`](crate::sys::memory::map).
    pub(super) unsafe fn bind(&self, at: NonNull<u8>, bytes: usize) {
        let Some(node) = self.node else { return };
        // SAFETY: the caller's promise.
        let bound = unsafe { numa::bind(at, bytes, node.get(), self.only) };
        if let Err(error) = bound
            && self.refused.set(error.kind()).is_ok()
        {
            warn(node, &error);
        }
    }
}

/// Says so once, whatever is built after it.
#[cold]
fn warn(node: NodeId, error: &io::Error) {
    static SAID: std::sync::Once = std::sync::Once::new();
    SAID.call_once(|| {
        log::warn!(
            "memory can't be bound to node {node}: {error}. Shards lie wherever they are first touched; `placement()` says where that is"
        );
    });
}
