//! Memory from the system, in pages.
//!
//! On Linux it is mapped, so that single pages can go back while the addresses stay valid. Elsewhere it comes from the
//! global allocator and stays until it is unmapped.

use super::page;
use std::{io, ptr::NonNull};

/// Zeroed memory in whole pages, which occupies physical memory only where it was touched. `None` if there is no
/// address space, or if less than `room` bytes of it would be left: a failed small allocation aborts the process,
/// whereas a caller of this can report the failure.
pub(crate) fn map(bytes: usize, room: usize) -> Option<NonNull<u8>> {
    debug_assert!(bytes.is_multiple_of(page::size()));
    system::map(bytes, room)
}

/// # Safety
///
/// The memory must come from [`map`] with the same size, and must not be used any more.
pub(crate) unsafe fn unmap(at: NonNull<u8>, bytes: usize) {
    debug_assert!(page::is_whole(at, bytes));
    // SAFETY: as the caller guarantees.
    unsafe { system::unmap(at, bytes) }
}

/// Gives the pages back to the system, after which they read as zeros. Returns `false` if they keep their contents.
///
/// # Safety
///
/// The range must consist of whole pages of memory from [`map`], whose contents are not needed. Other threads may read
/// it meanwhile by atomic loads, which return old bytes or zeros.
pub(crate) unsafe fn discard(at: NonNull<u8>, bytes: usize) -> bool {
    debug_assert!(page::is_whole(at, bytes));
    // SAFETY: as the caller guarantees.
    unsafe { system::discard(at, bytes) }
}

/// Populates the pages in one call. If the system can't, each is populated when it is first touched.
///
/// # Safety
///
/// The range must consist of whole pages of memory from [`map`].
pub(crate) unsafe fn populate(at: NonNull<u8>, bytes: usize) -> io::Result<()> {
    debug_assert!(page::is_whole(at, bytes));
    // SAFETY: as the caller guarantees.
    unsafe { system::populate(at, bytes) }
}

/// Makes all pages of a range resident. Returns `false` if the system has no memory for them. The contents are then
/// unspecified.
///
/// # Safety
///
/// All pages that the range overlaps must belong to one piece of memory from [`map`], and only the caller may use the
/// range.
pub(crate) unsafe fn touch(at: NonNull<u8>, bytes: usize) -> bool {
    // SAFETY: as the caller guarantees.
    let populated = unsafe {
        let (first, whole) = page::covering(at, bytes);
        populate(first, whole)
    };
    match populated.map_err(|error| error.kind()) {
        Ok(()) => true,
        // Kernels before 5.14, sandboxes, and other systems.
        Err(io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied) => {
            for offset in (0..bytes).step_by(page::GRAIN) {
                // SAFETY: it lies in the range, which only the caller uses.
                unsafe { at.add(offset).write_volatile(0) }
            }
            true
        }
        Err(_) => false,
    }
}

/// Asks for huge pages where the range allows them, or for small ones even where the system would use huge ones. A
/// hint.
///
/// # Safety
///
/// The range must consist of whole pages of memory from [`map`].
pub(crate) unsafe fn ask_for_huge_pages(at: NonNull<u8>, bytes: usize, are_wanted: bool) {
    debug_assert!(page::is_whole(at, bytes));
    // SAFETY: as the caller guarantees.
    unsafe { system::ask_for_huge_pages(at, bytes, are_wanted) }
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
        // A mapping is aligned to the pages of the kernel, but not to emulated ones.
        let slack = if cfg!(any(test, sharded_pages)) { page::size() } else { 0 };
        let access = ProtFlags::READ | ProtFlags::WRITE;
        let flags = MapFlags::PRIVATE | MapFlags::NORESERVE;
        // SAFETY: a new private mapping at an address that the kernel chooses overlaps no other memory.
        let begin = unsafe { mmap_anonymous(ptr::null_mut(), slack + bytes + room, access, flags) };
        let begin = begin.ok().and_then(|begin| NonNull::new(begin.cast::<u8>()))?;
        let before = begin.addr().get().next_multiple_of(page::size()) - begin.addr().get();
        // SAFETY: these ranges lie in the mapping, which no other code has seen yet.
        unsafe {
            let at = begin.add(before);
            unmap_any(begin, before);
            unmap_any(at.add(bytes), slack - before + room);
            Some(at)
        }
    }

    pub(super) unsafe fn unmap(at: NonNull<u8>, bytes: usize) {
        let rounded = page::as_kernel_rounds(at, bytes);
        debug_assert!(rounded.is_ok(), "a mapping begins at a page");
        // SAFETY: as the caller guarantees.
        unsafe { unmap_any(at, rounded.unwrap_or(0)) }
    }

    /// # Safety
    ///
    /// The range must consist of pages of the kernel, which must not be used any more.
    unsafe fn unmap_any(at: NonNull<u8>, bytes: usize) {
        if bytes > 0 {
            // SAFETY: as the caller guarantees.
            let unmapped = unsafe { munmap(at.as_ptr().cast(), bytes) };
            debug_assert!(unmapped.is_ok(), "a mapping of our own can be unmapped");
        }
    }

    /// # Safety
    ///
    /// As for `madvise`: the kernel rounds the length up to whole pages.
    unsafe fn advise(at: NonNull<u8>, bytes: usize, advice: Advice) -> rustix::io::Result<()> {
        let bytes = page::as_kernel_rounds(at, bytes)?;
        // SAFETY: as the caller guarantees.
        unsafe { madvise(at.as_ptr().cast(), bytes, advice) }
    }

    pub(super) unsafe fn discard(at: NonNull<u8>, bytes: usize) -> bool {
        // SAFETY: private anonymous pages read as zeros after this, and the caller does not need their contents.
        unsafe { advise(at, bytes, Advice::LinuxDontNeed) }.is_ok()
    }

    pub(super) unsafe fn populate(at: NonNull<u8>, bytes: usize) -> io::Result<()> {
        // SAFETY: this changes nothing that can be read. Kernels before 5.14 refuse it.
        Ok(unsafe { advise(at, bytes, Advice::LinuxPopulateWrite) }?)
    }

    pub(super) unsafe fn ask_for_huge_pages(at: NonNull<u8>, bytes: usize, are_wanted: bool) {
        let advice = if are_wanted { Advice::LinuxHugepage } else { Advice::LinuxNoHugepage };
        // SAFETY: this changes nothing that can be read.
        let _ = unsafe { advise(at, bytes, advice) };
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
    pub(super) unsafe fn ask_for_huge_pages(_: NonNull<u8>, _: usize, _: bool) {}
}
