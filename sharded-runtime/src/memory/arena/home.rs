//! On which node memory lies.

use crate::{
    memory::sys::{memory, numa, page},
    topology::NodeId,
};
use std::{io, ptr::NonNull, sync::OnceLock};

/// Where memory of an arena is to come from, and whether the system could be told.
#[derive(Debug)]
pub(crate) struct Home {
    /// `None`: wherever the system makes it.
    node: Option<NodeId>,
    /// Whether it may come from this node alone.
    only: bool,
    huge_pages: bool,
    refused: OnceLock<io::ErrorKind>,
}

impl Home {
    /// Memory on this node, or on another where it is full, unless `only` this one will do.
    pub(crate) fn on(node: NodeId, only: bool, huge_pages: bool) -> Self {
        Home { node: Some(node), only, huge_pages, refused: OnceLock::new() }
    }

    /// Memory wherever the system makes it.
    pub(crate) fn anywhere(huge_pages: bool) -> Self {
        Home { node: None, only: false, huge_pages, refused: OnceLock::new() }
    }

    pub(crate) fn is_anywhere(&self) -> bool {
        self.node.is_none()
    }

    pub(super) fn node(&self) -> Option<NodeId> {
        self.node
    }

    pub(super) fn huge_pages(&self) -> bool {
        self.huge_pages
    }

    /// The same node, or another where it is full.
    pub(super) fn lenient(&self, huge_pages: bool) -> Self {
        Home { node: self.node, only: false, huge_pages, refused: OnceLock::new() }
    }

    /// Memory of this home has come from that one, which may have been refused.
    pub(super) fn share_refusal(&self, of: &Home) {
        if let Some(&error) = of.refused.get() {
            // It may be known already.
            let _ = self.refused.set(error);
        }
    }

    /// Has pages made here. Says whether they may be used: where they may come from this node alone, they must all be there.
    ///
    /// # Safety
    ///
    /// The range must consist of whole pages of memory that was [bound](Home::bind) here.
    pub(super) unsafe fn populate(&self, at: NonNull<u8>, bytes: usize) -> bool {
        // SAFETY: the caller's promise.
        let populated = unsafe { memory::populate(at, bytes) };
        let Some(node) = self.node.filter(|_| self.only && self.refused.get().is_none()) else { return true };
        let pages: Vec<usize> = (0..bytes / page::size()).map(|page| at.addr().get() + page * page::size()).collect();
        let mut nodes = Vec::new();
        // Kernels before 5.14 make pages only when they are touched, which is too late.
        match populated.and_then(|()| numa::nodes_of(&pages, &mut nodes)) {
            Ok(()) => nodes.iter().all(|&there| u32::try_from(there) == Ok(node.get())),
            Err(error) => {
                self.note_refusal(node, &error);
                true
            }
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
    /// The range must consist of whole pages of memory from [`map`](crate::memory::sys::memory::map).
    pub(super) unsafe fn bind(&self, at: NonNull<u8>, bytes: usize) {
        let Some(node) = self.node else { return };
        // SAFETY: the caller's promise.
        if let Err(error) = unsafe { numa::bind(at, bytes, node.get()) } {
            self.note_refusal(node, &error);
        }
    }

    fn note_refusal(&self, node: NodeId, error: &io::Error) {
        if self.refused.set(error.kind()).is_ok() {
            warn(node, error);
        }
    }

    /// Whether pages have to be looked at before they are used.
    pub(super) fn is_strict(&self) -> bool {
        self.only
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
