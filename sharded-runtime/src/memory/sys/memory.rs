//! Memory from the system, in pages.
//!
//! On Linux it is mapped by itself, so that pages can be given back one by one while the addresses stay valid. Elsewhere it
//! comes from the global allocator and stays until it is unmapped.

use super::page;
use std::{io, ptr::NonNull};

/// Zeroed memory in whole pages, which takes up room only where it has been touched. `None` where there is none to be had, or less than
/// `room` would be left: a thread that finds no few bytes in the global allocator is aborted, one that finds no large piece is told.
pub(crate) fn map(bytes: usize, room: usize) -> Option<NonNull<u8>> {
    debug_assert!(bytes.is_multiple_of(page::size()));
    system::map(bytes, room)
}

/// # Safety
///
/// The memory must come from [`map`] with the same size, and nobody may look at it any more.
pub(crate) unsafe fn unmap(at: NonNull<u8>, bytes: usize) {
    debug_assert!(page::is_whole(at, bytes));
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
    debug_assert!(page::is_whole(at, bytes));
    // SAFETY: the caller's promise.
    unsafe { system::discard(at, bytes) }
}

/// Has the system provide the pages now, in one call, rather than one by one when they are touched. Where it can't, they come when they are touched.
///
/// # Safety
///
/// The range must consist of whole pages of memory from [`map`].
pub(crate) unsafe fn populate(at: NonNull<u8>, bytes: usize) -> io::Result<()> {
    debug_assert!(page::is_whole(at, bytes));
    // SAFETY: the caller's promise.
    unsafe { system::populate(at, bytes) }
}

/// Asks for small pages, also where the system would make huge ones by itself. Only a hint.
///
/// # Safety
///
/// The range must consist of whole pages of memory from [`map`].
pub(crate) unsafe fn avoid_huge_pages(at: NonNull<u8>, bytes: usize) {
    debug_assert!(page::is_whole(at, bytes));
    // SAFETY: the caller's promise.
    unsafe { system::avoid_huge_pages(at, bytes) }
}

/// Asks for huge pages where the range allows them. Only a hint.
///
/// # Safety
///
/// The range must consist of whole pages of memory from [`map`].
pub(crate) unsafe fn prefer_huge_pages(at: NonNull<u8>, bytes: usize) {
    debug_assert!(page::is_whole(at, bytes));
    // SAFETY: the caller's promise.
    unsafe { system::prefer_huge_pages(at, bytes) }
}

#[cfg(target_os = "linux")]
mod system {
    use crate::memory::sys::page;
    use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap_anonymous, munmap};
    use std::{
        io,
        ptr::{self, NonNull},
    };

    pub(super) fn map(bytes: usize, room: usize) -> Option<NonNull<u8>> {
        // What is mapped is aligned to pages, but not to those that are only emulated.
        let slack = if cfg!(any(test, sharded_pages)) { page::size() } else { 0 };
        let access = ProtFlags::READ | ProtFlags::WRITE;
        let flags = MapFlags::PRIVATE | MapFlags::NORESERVE;
        // SAFETY: a new private mapping at an address of the kernel's choice touches no memory that exists.
        let begin = unsafe { mmap_anonymous(ptr::null_mut(), slack + bytes + room, access, flags) };
        let begin = begin.ok().and_then(|begin| NonNull::new(begin.cast::<u8>()))?;
        let before = begin.addr().get().next_multiple_of(page::size()) - begin.addr().get();
        // SAFETY: all of this lies in the mapping, and nobody has seen any of it yet.
        unsafe {
            let at = begin.add(before);
            unmap_any(begin, before);
            unmap_any(at.add(bytes), slack - before + room);
            Some(at)
        }
    }

    pub(super) unsafe fn unmap(at: NonNull<u8>, bytes: usize) {
        let rounded = page::as_kernel_rounds(at, bytes);
        debug_assert!(rounded.is_ok(), "a mapping begins with a page");
        // SAFETY: the caller's promise.
        unsafe { unmap_any(at, rounded.unwrap_or(0)) }
    }

    /// # Safety
    ///
    /// The range must consist of pages, as the kernel has them, that nobody looks at.
    unsafe fn unmap_any(at: NonNull<u8>, bytes: usize) {
        if bytes > 0 {
            // SAFETY: the caller's promise.
            let unmapped = unsafe { munmap(at.as_ptr().cast(), bytes) };
            debug_assert!(unmapped.is_ok(), "a mapping of our own can be unmapped");
        }
    }

    /// # Safety
    ///
    /// As for `madvise`: the kernel rounds the length up to whole pages.
    unsafe fn advise(at: NonNull<u8>, bytes: usize, advice: Advice) -> rustix::io::Result<()> {
        let bytes = page::as_kernel_rounds(at, bytes)?;
        // SAFETY: the caller's promise.
        unsafe { madvise(at.as_ptr().cast(), bytes, advice) }
    }

    pub(super) unsafe fn discard(at: NonNull<u8>, bytes: usize) -> bool {
        // SAFETY: private anonymous pages read as zeros after this; the caller counts on nothing in them.
        unsafe { advise(at, bytes, Advice::LinuxDontNeed) }.is_ok()
    }

    pub(super) unsafe fn populate(at: NonNull<u8>, bytes: usize) -> io::Result<()> {
        // SAFETY: this changes nothing that can be read. Kernels before 5.14 don't know it.
        Ok(unsafe { advise(at, bytes, Advice::LinuxPopulateWrite) }?)
    }

    pub(super) unsafe fn avoid_huge_pages(at: NonNull<u8>, bytes: usize) {
        // SAFETY: this changes nothing that can be read.
        let _ = unsafe { advise(at, bytes, Advice::LinuxNoHugepage) };
    }

    pub(super) unsafe fn prefer_huge_pages(at: NonNull<u8>, bytes: usize) {
        // SAFETY: this changes nothing that can be read.
        let _ = unsafe { advise(at, bytes, Advice::LinuxHugepage) };
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use crate::memory::sys::page::GRAIN;
    use std::{
        alloc::{Layout, alloc_zeroed, dealloc},
        io,
        ptr::NonNull,
    };

    fn layout(bytes: usize) -> Option<Layout> {
        Layout::from_size_align(bytes, GRAIN).ok().filter(|layout| layout.size() > 0)
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
    pub(super) unsafe fn avoid_huge_pages(_: NonNull<u8>, _: usize) {}
    pub(super) unsafe fn prefer_huge_pages(_: NonNull<u8>, _: usize) {}
}
