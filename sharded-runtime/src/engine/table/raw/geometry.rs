//! Where the buckets of a table are.

use super::{homes::Homes, slot::BucketNo};
use crate::{
    Policy,
    evict::Eviction,
    hasher::KeyHash,
    lock::{Attempt, Raced, Shown, Stable, ViewState},
    memory::arena::{self, Directory},
};
use std::{ops::Deref, sync::atomic::AtomicPtr};

/// Where the buckets of a table are, and which of them a hash belongs to: all that a reader without a lock follows.
#[derive(Clone, Copy)]
#[repr(C)]
pub(super) struct Geometry {
    /// The middles of the chunks; that of the first block while there is only one, which may be smaller than a chunk.
    pub(super) directory: Directory,
    pub(super) homes: Homes,
    pub(super) buckets: u32,
    /// The logarithm of the directory's length.
    pub(super) directory_class: u32,
}

impl Geometry {
    /// That of a table without memory.
    pub(super) const EMPTY: Geometry =
        Geometry { directory: arena::EMPTY, homes: Homes::ONE, buckets: 0, directory_class: 0 };

    /// What readers without a lock follow.
    #[inline]
    fn shown(self) -> Shown {
        let Homes { count, mask, step, base } = self.homes;
        Shown { directory: self.directory, numbers: [count, mask, step, base, self.buckets] }
    }

    /// The directory that a view shows, and the home of a hash.
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
        // What was read must be of one moment before it is followed: a directory has just as many addresses as it says.
        attempt.check((directory, homes.of(hash.low()))).map(Stable::into_inner)
    }

    /// Buckets that have memory, at the moment of a [home](Geometry::home_in) that the same attempt returned.
    #[inline]
    pub(super) fn buckets_in(state: &ViewState, attempt: Attempt<'_>) -> Result<u32, Raced> {
        attempt.check(state.number(4)).map(Stable::into_inner)
    }
}

/// The geometry of a table. It changes only together with what the table's view shows, so nobody can forget to tell the
/// readers.
#[repr(transparent)]
pub(super) struct Published(Geometry);

impl Published {
    /// What a new view shows.
    pub(super) const EMPTY: Self = Published(Geometry::EMPTY);

    /// Changes the geometry of a table, and what its view shows, if it has one.
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
        self.0 = geometry;
    }

    /// Leaves that of a table without memory. The result is for a table that lies in no cell.
    pub(super) fn take(&mut self, view: Option<&ViewState>) -> Geometry {
        let before = self.0;
        self.set(view, Geometry::EMPTY);
        before
    }

    /// That of a table which lies in no cell.
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
