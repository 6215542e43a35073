//! Memory from the system, in pages.
//!
//! On Linux it is mapped by itself, so that pages can be given back one by one while the addresses stay valid. Elsewhere it
//! comes from the global allocator and stays until it is unmapped.

use std::{io, ptr::NonNull};

/// What mapped memory is aligned to.
pub(crate) const PAGE: usize = 4096;

/// Zeroed memory, which takes up room only where it has been touched. `None` where there is none to be had, or less than `room`
/// would be left: who can't go on without a few bytes of the global allocator's is aborted, who can't have a large piece is told.
pub(crate) fn map(bytes: usize, room: usize) -> Option<NonNull<u8>> {
    system::map(bytes, room)
}

/// # Safety
///
/// The memory must come from [`map`] with the same size, and nobody may look at it any more.
pub(crate) unsafe fn unmap(at: NonNull<u8>, bytes: usize) {
    // SAFETY: the caller's promise.
    unsafe { system::unmap(at, bytes) }
}

/// Gives the pages back to the system: they read as zeros from here on. Says whether it did; where not, they are as before.
///
/// # Safety
///
/// The range must consist of whole pages of memory from [`map`], and nobody may count on what is in it. Reading it
/// meanwhile is allowed, by atomic loads: either finds the old bytes or zeros.
pub(crate) unsafe fn discard(at: NonNull<u8>, bytes: usize) -> bool {
    // SAFETY: the caller's promise.
    unsafe { system::discard(at, bytes) }
}

/// Has the system provide the pages now, in one call, rather than one by one when they are touched. Where it can't, they come when they are touched.
///
/// # Safety
///
/// The range must consist of whole pages of memory from [`map`].
pub(crate) unsafe fn populate(at: NonNull<u8>, bytes: usize) -> io::Result<()> {
    // SAFETY: the caller's promise.
    unsafe { system::populate(at, bytes) }
}

/// Asks for huge pages where the range allows them. Only a hint.
///
/// # Safety
///
/// The range must consist of whole pages of memory from [`map`].
pub(crate) unsafe fn prefer_huge_pages(at: NonNull<u8>, bytes: usize) {
    // SAFETY: the caller's promise.
    unsafe { system::prefer_huge_pages(at, bytes) }
}

#[cfg(target_os = "linux")]
mod system {
    use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap_anonymous, munmap};
    use std::{
        io,
        ptr::{self, NonNull},
    };

    pub(super) fn map(bytes: usize, room: usize) -> Option<NonNull<u8>> {
        let access = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: a new private mapping at an address of the kernel's choice touches no memory that exists.
        let at =
            unsafe { mmap_anonymous(ptr::null_mut(), bytes + room, access, MapFlags::PRIVATE | MapFlags::NORESERVE) };
        let at = at.ok().and_then(|at| NonNull::new(at.cast::<u8>()))?;
        if room > 0 {
            // SAFETY: nobody has seen any of it yet.
            unsafe { unmap(at.add(bytes), room) }
        }
        Some(at)
    }

    pub(super) unsafe fn unmap(at: NonNull<u8>, bytes: usize) {
        // SAFETY: the caller gives back whole pages that nobody looks at.
        let unmapped = unsafe { munmap(at.as_ptr().cast(), bytes) };
        debug_assert!(unmapped.is_ok(), "a mapping of our own can be unmapped");
    }

    pub(super) unsafe fn discard(at: NonNull<u8>, bytes: usize) -> bool {
        // SAFETY: private anonymous pages read as zeros after this; the caller counts on nothing in them.
        unsafe { madvise(at.as_ptr().cast(), bytes, Advice::LinuxDontNeed) }.is_ok()
    }

    pub(super) unsafe fn populate(at: NonNull<u8>, bytes: usize) -> io::Result<()> {
        // SAFETY: this changes nothing that can be read. Kernels before 5.14 don't know it.
        Ok(unsafe { madvise(at.as_ptr().cast(), bytes, Advice::LinuxPopulateWrite) }?)
    }

    pub(super) unsafe fn prefer_huge_pages(at: NonNull<u8>, bytes: usize) {
        // SAFETY: this changes nothing that can be read.
        let _ = unsafe { madvise(at.as_ptr().cast(), bytes, Advice::LinuxHugepage) };
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use super::PAGE;
    use std::{
        alloc::{Layout, alloc_zeroed, dealloc},
        io,
        ptr::NonNull,
    };

    fn layout(bytes: usize) -> Option<Layout> {
        Layout::from_size_align(bytes, PAGE).ok().filter(|layout| layout.size() > 0)
    }

    pub(super) fn map(bytes: usize, _: usize) -> Option<NonNull<u8>> {
        // SAFETY: the size is not zero.
        layout(bytes).and_then(|layout| NonNull::new(unsafe { alloc_zeroed(layout) }))
    }

    pub(super) unsafe fn unmap(at: NonNull<u8>, bytes: usize) {
        if let Some(layout) = layout(bytes) {
            // SAFETY: it was allocated with this layout, by `map`.
            unsafe { dealloc(at.as_ptr(), layout) }
        }
    }

    pub(super) unsafe fn discard(_: NonNull<u8>, _: usize) -> bool {
        false
    }
    pub(super) unsafe fn populate(_: NonNull<u8>, _: usize) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
    pub(super) unsafe fn prefer_huge_pages(_: NonNull<u8>, _: usize) {}
}
