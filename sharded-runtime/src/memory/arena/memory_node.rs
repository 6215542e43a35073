//! The node that memory should lie on.

#[cfg(feature = "tracing")]
use crate::deferred::{self, Note};
use crate::{
    contain::contain,
    memory::sys::{memory, numa, page},
    topology::NodeId,
};
use std::{
    io,
    ptr::NonNull,
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

/// The node that the memory of an arena should lie on, and whether the system refused to bind it.
#[derive(Debug)]
pub(crate) struct MemoryNode {
    /// `None`: the system chooses.
    id: Option<NodeId>,
    /// Whether memory of other nodes is refused.
    only: bool,
    huge_pages: bool,
    refused: OnceLock<io::ErrorKind>,
}

impl MemoryNode {
    /// Memory on this node. If it is full, memory comes from another, unless `only` is set.
    pub(crate) fn on(id: NodeId, only: bool, huge_pages: bool) -> Self {
        MemoryNode { id: Some(id), only, huge_pages, refused: OnceLock::new() }
    }

    /// Memory on any node.
    pub(crate) fn anywhere(huge_pages: bool) -> Self {
        MemoryNode { id: None, only: false, huge_pages, refused: OnceLock::new() }
    }

    pub(crate) fn is_anywhere(&self) -> bool {
        self.id.is_none()
    }

    pub(super) fn id(&self) -> Option<NodeId> {
        self.id
    }

    pub(super) fn huge_pages(&self) -> bool {
        self.huge_pages
    }

    /// The same node, but if it is full, memory comes from another.
    pub(super) fn lenient(&self, huge_pages: bool) -> Self {
        MemoryNode { id: self.id, only: false, huge_pages, refused: OnceLock::new() }
    }

    /// Notes that the system refused to bind `source`, from which memory of this node came.
    pub(super) fn share_refusal(&self, source: &MemoryNode) {
        if let Some(&error) = source.refused.get() {
            // An error that was noted before stays.
            let _ = self.refused.set(error);
        }
    }

    /// Populates pages. Returns whether they may be used: with `only`, all of them must lie on this node.
    ///
    /// # Safety
    ///
    /// The range must consist of whole pages of memory that was [bound](MemoryNode::bind) to this node.
    pub(super) unsafe fn populate(&self, at: NonNull<u8>, bytes: usize) -> bool {
        // SAFETY: as the caller guarantees.
        let populated = unsafe { memory::populate(at, bytes) };
        let Some(node) = self.id.filter(|_| self.only && self.refused.get().is_none()) else { return true };
        let pages: Vec<usize> = (0..bytes / page::size()).map(|page| at.addr().get() + page * page::size()).collect();
        let mut nodes = Vec::new();
        // Kernels before 5.14 can't populate pages, so their node is not known yet.
        match populated.and_then(|()| numa::nodes_of(&pages, &mut nodes)) {
            Ok(()) => nodes.iter().all(|&there| u32::try_from(there) == Ok(node.get())),
            Err(error) => {
                self.note_refusal(node, &error);
                true
            }
        }
    }

    /// Why the system refused to bind memory, if it did.
    pub(crate) fn refused(&self) -> Option<io::ErrorKind> {
        self.refused.get().copied()
    }

    /// Binds untouched memory to this node. If the system refuses, each page comes from the node of the thread that
    /// first touches it.
    ///
    /// # Safety
    ///
    /// The range must consist of whole pages of memory from [`map`](crate::memory::sys::memory::map).
    pub(super) unsafe fn bind(&self, at: NonNull<u8>, bytes: usize) {
        let Some(node) = self.id else { return };
        // SAFETY: as the caller guarantees.
        if let Err(error) = unsafe { numa::bind(at, bytes, node.get()) } {
            self.note_refusal(node, &error);
        }
    }

    fn note_refusal(&self, node: NodeId, error: &io::Error) {
        if self.refused.set(error.kind()).is_ok() {
            warn(node, error);
        }
    }

    /// Whether pages must be [populated](MemoryNode::populate) before they are used.
    pub(super) fn is_strict(&self) -> bool {
        self.only
    }
}

/// Warns of the first refusal of the process. Locks may be held.
#[cold]
fn warn(node: NodeId, error: &io::Error) {
    static SAID: AtomicBool = AtomicBool::new(false);
    if SAID.swap(true, Relaxed) {
        return;
    }
    #[cfg(feature = "tracing")]
    if let Some(code) = error.raw_os_error() {
        let numbers = [node.get().into(), u64::from(code.unsigned_abs())];
        deferred::note(Note { tell: tell_refusal, names: ["", ""], numbers });
        return;
    }
    // A logger is user code. Locks are held here, so a panic must not pass.
    let _ = contain(|| log::warn!(target: "sharded", "{}", refusal(node, error)));
}

#[cfg(feature = "tracing")]
fn tell_refusal(note: &Note) {
    let [id, code] = note.numbers.map(|number| u32::try_from(number).unwrap_or(u32::MAX));
    let message = refusal(NodeId::new(id), &io::Error::from_raw_os_error(code.cast_signed()));
    tracing::warn!(target: "sharded", "{message}");
}

fn refusal(node: NodeId, error: &io::Error) -> String {
    format!(
        "memory can't be bound to node {node}: {error}. Shards lie wherever they are first touched; `placement()` says \
         where that is"
    )
}
