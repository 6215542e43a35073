//! Where the buckets of a table are.

use super::{EMPTY_DIRECTORY, Shown, homes::Homes};
use crate::{Policy, lock::Lock, memory::arena::Directory};
use std::{ops::Deref, ptr::NonNull};

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
        Geometry { directory: NonNull::from_ref(&EMPTY_DIRECTORY), homes: Homes::ONE, buckets: 0, directory_class: 0 };
}

/// The geometry of a table. It changes only together with what the table's view shows, so nobody can forget to tell the readers.
#[repr(transparent)]
pub(super) struct Published(Geometry);

impl Published {
    /// What a new view shows.
    pub(super) const EMPTY: Self = Published(Geometry::EMPTY);

    /// Changes the geometry of a table, and what its view shows. `view` is `None` where no reader is without a lock.
    ///
    /// # Panics
    ///
    /// If readers race, and this is not the view of the cell that the table lies in.
    #[inline]
    pub(super) fn set<K, V, P: Policy>(&mut self, view: Shown<'_, K, V, P>, geometry: Geometry) {
        if let Some(view) = self.shown_by(view) {
            view.show(&geometry);
        }
        self.0 = geometry;
    }

    /// As [`set`](Published::set), of the homes alone.
    #[inline]
    pub(super) fn set_homes<K, V, P: Policy>(&mut self, view: Shown<'_, K, V, P>, homes: Homes) {
        if let Some(view) = self.shown_by(view) {
            view.show_homes(homes);
        }
        self.0.homes = homes;
    }

    /// The view that shows this geometry, where readers race.
    #[inline]
    fn shown_by<'a, K, V, P: Policy>(&self, view: Shown<'a, K, V, P>) -> Shown<'a, K, V, P> {
        if !<P::Lock as Lock>::READS_RACE {
            return None;
        }
        let view = view.expect("a lock whose readers race has a view");
        assert!(view.is_of::<K, V, P>(&raw const *self), "the view of another table");
        debug_assert!(view.shows(&self.0), "a table was moved out of its cell, or into it");
        Some(view)
    }
}

impl Published {
    /// Leaves that of a table without memory; the result is for a table that lies in no cell.
    pub(super) fn take<K, V, P: Policy>(&mut self, view: Shown<'_, K, V, P>) -> Self {
        let Published(before) = *self;
        self.set(view, Geometry::EMPTY);
        Published(before)
    }
}

impl Deref for Published {
    type Target = Geometry;

    #[inline]
    fn deref(&self) -> &Geometry {
        &self.0
    }
}
