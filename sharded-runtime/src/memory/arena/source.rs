//! The memory of an arena: small pieces come from reservations that all arenas of a node share, large ones from the
//! system.
//!
//! A process may have 65,530 mappings on Linux, so a map with a few entries must not have one of its own. A
//! *reservation* is a large mapping that the [buddy allocator](super::blocks) splits into pieces. An arena asks for
//! twice as much each time, so requests are rare, and the lock of a reservation does not slow down a map that grows.
//!
//! An arena keeps its pieces until it is dropped. A reader borrows the map that owns the arena, so no reader looks at a
//! piece that comes back. The pages of a piece go back to the system before another arena gets it.

use super::{
    blocks::Blocks,
    memory_node::MemoryNode,
    shape::BlockShape,
    supply::{Supply, System},
};
use crate::{
    memory::sys::{memory, page},
    topology::NodeId,
};
use std::{
    collections::BTreeMap,
    ptr::NonNull,
    sync::{Arc, Mutex, PoisonError},
};

/// The smallest piece, unless a page is larger.
const SMALLEST: usize = 16 << 10;
/// The largest piece that is taken from a reservation.
const LARGEST: usize = 1 << 20;
/// A chunk of a reservation.
const CHUNK: usize = 4 << 20;

/// Whether arenas share reservations. Other systems have no such limit, and can't give back a part of a mapping. The
/// locks of loom do not outlive a run of a model.
pub(super) const SHARES: bool = cfg!(all(target_os = "linux", not(loom)));

/// Memory for one arena.
#[derive(Clone)]
pub(super) struct Source {
    system: System,
    /// The origin of small pieces.
    reservation: Option<Arc<Reservation>>,
}

/// Memory that the arenas of one node share.
struct Reservation {
    node: Arc<MemoryNode>,
    pieces: Blocks<System>,
}

/// By node, and by whether they use huge pages.
type Reservations = BTreeMap<(Option<NodeId>, bool), Arc<Reservation>>;

/// The reservations of the process.
static RESERVATIONS: Mutex<Reservations> = Mutex::new(BTreeMap::new());

impl Source {
    pub(super) fn new(node: Arc<MemoryNode>) -> Self {
        let reservation = SHARES.then(|| {
            let mut reservations = RESERVATIONS.lock().unwrap_or_else(PoisonError::into_inner);
            let key = (node.id(), node.huge_pages());
            Arc::clone(reservations.entry(key).or_insert_with(|| Arc::new(Reservation::new(&node))))
        });
        Source { system: System::new(node), reservation }
    }

    /// The reservation that serves pieces of this size. `None`: such a piece is a mapping.
    fn reservation(&self, bytes: usize) -> Option<&Reservation> {
        self.reservation.as_deref().filter(|_| bytes <= LARGEST)
    }
}

impl Supply for Source {
    fn node(&self) -> &MemoryNode {
        self.system.node()
    }

    fn size(&self, bytes: usize) -> usize {
        match self.reservation(bytes) {
            Some(_) => smallest() << class(bytes),
            None => self.system.size(bytes),
        }
    }

    fn take(&self, bytes: usize, room: usize) -> Option<NonNull<u8>> {
        debug_assert_eq!(bytes, self.size(bytes));
        let Some(reservation) = self.reservation(bytes) else { return self.system.take(bytes, room) };
        let at = reservation.pieces.take(class(bytes))?;
        self.node().share_refusal(&reservation.node);
        Some(at)
    }

    unsafe fn give(&self, at: NonNull<u8>, bytes: usize) {
        match self.reservation(bytes) {
            // SAFETY: as the caller guarantees; a piece consists of whole pages.
            Some(reservation) => unsafe {
                memory::discard(at, bytes);
                reservation.pieces.give(at, class(bytes));
            },
            // SAFETY: as the caller guarantees.
            None => unsafe { self.system.give(at, bytes) },
        }
    }
}

impl Reservation {
    fn new(node: &MemoryNode) -> Self {
        let node = Arc::new(node.lenient(node.huge_pages()));
        let smallest = smallest();
        let shape = BlockShape {
            bucket: smallest,
            classes: (CHUNK / smallest).ilog2(),
            chunk: CHUNK,
            populated: CHUNK,
            is_racy: false,
        };
        Reservation { pieces: Blocks::new(shape, System::to_share(Arc::clone(&node))), node }
    }
}

fn smallest() -> usize {
    SMALLEST.max(page::size())
}

/// The class of a piece with this many bytes.
fn class(bytes: usize) -> u32 {
    bytes.div_ceil(smallest()).next_power_of_two().ilog2()
}
