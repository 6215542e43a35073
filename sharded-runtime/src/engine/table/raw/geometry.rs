//! The addresses of the buckets of a table.

use super::{homes::Homes, slot::BucketNo};
use crate::{
    Policy,
    evict::Eviction,
    hasher::KeyHash,
    lock::{Attempt, Raced, Shown, Stable, ViewState},
    memory::arena::{self, Directory},
};
use std::{ops::Deref, sync::atomic::AtomicPtr};

/// Where the buckets of a table are, and which of them a hash belongs to. This is all that a reader without a lock
/// follows. The number of entries comes before `buckets`, since the fields until there lie on the cache line of the
/// lock: see `Shard`.
#[derive(Clone, Copy)]
#[repr(C)]
pub(super) struct Geometry {
    /// The middles of the chunks. While there is only one block, which may be smaller than a chunk, the middle of that.
    pub(super) directory: Directory,
    pub(super) homes: Homes,
    /// Entries in the table.
    pub(super) len: usize,
    /// Buckets that have memory.
    pub(super) buckets: u32,
    /// The logarithm of the directory's length.
    pub(super) directory_class: u32,
}

impl Geometry {
    /// That of a table without memory.
    pub(super) const EMPTY: Geometry =
        Geometry { directory: arena::EMPTY, homes: Homes::ONE, len: 0, buckets: 0, directory_class: 0 };

    /// The part that readers without a lock follow.
    #[inline]
    fn shown(self) -> Shown {
        let Homes { count, mask, step, base } = self.homes;
        Shown { directory: self.directory, numbers: [count, mask, step, base, self.buckets] }
    }

    /// The directory in a view, and the home of a hash.
    #[inline]
    pub(super) fn home_in<P: Policy>(
        state: &ViewState,
        attempt: Attempt<'_>,
        hash: KeyHash,
    ) -> Result<(*const AtomicPtr<u8>, BucketNo), Raced> {
        let homes = Homes {
            count: state.number(0),
            mask: state.number(1),
            step: state.number(2),
            base: if P::Eviction::BOUNDED { state.number(3) } else { 1 },
        };
        let directory = state.directory();
        // The values must be of one moment before an address is followed: a directory has only as many addresses as its
        // own geometry needs.
        attempt.check((directory, homes.of(hash.low()))).map(Stable::into_inner)
    }

    /// The number of buckets with memory, at the moment of a [home](Geometry::home_in) that the same attempt has
    /// returned.
    #[inline]
    pub(super) fn buckets_in(state: &ViewState, attempt: Attempt<'_>) -> Result<u32, Raced> {
        attempt.check(state.number(4)).map(Stable::into_inner)
    }
}

/// The geometry of a table. It changes only together with the view of the table, so a change is always published.
#[repr(transparent)]
pub(super) struct Published(Geometry);

impl Published {
    /// The content of a new view.
    pub(super) const EMPTY: Self = Published(Geometry::EMPTY);

    /// Changes the geometry of a table, except the number of entries, and its view, if it has one.
    ///
    /// `view` is what [`view_state`](super::table::RawTable::view_state) has returned for this table.
    #[inline]
    pub(super) fn set(&mut self, view: Option<&ViewState>, geometry: Geometry) {
        if let Some(view) = view {
            debug_assert!(view.shown() == Some(self.shown()), "a table was moved out of its cell, or into it");
            // SAFETY: it is the view of this table's cell: `RawTable::view_state` has checked that, and nothing else in
            // this folder writes to a view. The exclusive lock is held, so the number is odd or nobody looks. The
            // directory has an address for each bucket below their number, and for each home.
            unsafe { view.show(geometry.shown()) }
        }
        self.0 = Geometry { len: self.0.len, ..geometry };
    }

    /// The number of entries, for changing. Readers do not follow it.
    #[inline]
    pub(super) fn len_mut(&mut self) -> &mut usize {
        &mut self.0.len
    }

    /// Replaces the geometry by that of a table without memory. The returned one is for a table that lies in no cell.
    pub(super) fn take(&mut self, view: Option<&ViewState>) -> Geometry {
        let before = self.0;
        self.set(view, Geometry::EMPTY);
        before
    }

    /// The geometry of a table that lies in no cell.
    pub(super) fn unshown(geometry: Geometry) -> Self {
        Published(geometry)
    }
}

impl Deref for Published {
    type Target = Geometry;

    #[inline]
    fn deref(&self) -> &Geometry {
        &self.0
    }
}
