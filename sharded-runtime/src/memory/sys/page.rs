//! The size of a page: 4 KiB on some machines, 16 or 64 KiB on others.

use std::{
    ptr::NonNull,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

/// The smallest page of any system. Sizes that are fixed at compile time are multiples of it, so they may be less than
/// a page.
pub(crate) const GRAIN: usize = 4096;

/// Bytes of a page: a power of two, at least [`GRAIN`].
///
/// The system maps, binds and takes back memory in pages. It rounds the length of a range up, so a range must not end
/// inside a page: the rest of that page may belong to other code.
pub(crate) fn size() -> usize {
    /// Zero until the system has been asked.
    static SIZE: AtomicUsize = AtomicUsize::new(0);
    // Relaxed: the number is the only shared data, and every thread computes the same.
    match SIZE.load(Relaxed) {
        0 => {
            let size = emulated().unwrap_or_else(ask);
            assert!(size.is_power_of_two() && size >= GRAIN, "a page of {size} bytes");
            SIZE.store(size, Relaxed);
            size
        }
        size => size,
    }
}

/// Whether a range consists of whole pages.
pub(crate) fn is_whole(at: NonNull<u8>, bytes: usize) -> bool {
    at.addr().get().is_multiple_of(size()) && bytes.is_multiple_of(size())
}

/// The whole pages in the addresses `from..to`. The result may be empty.
pub(crate) fn within(from: usize, to: usize) -> (usize, usize) {
    let from = from.next_multiple_of(size());
    (from, (to - to % size()).max(from))
}

/// The address and the bytes of all pages that a range overlaps.
///
/// # Safety
///
/// These pages must belong to one allocation.
pub(crate) unsafe fn covering(at: NonNull<u8>, bytes: usize) -> (NonNull<u8>, usize) {
    let before = at.addr().get() % size();
    // SAFETY: as the caller guarantees.
    (unsafe { at.sub(before) }, (before + bytes).next_multiple_of(size()))
}

#[cfg(target_os = "linux")]
fn ask() -> usize {
    // SAFETY: it only reads a number.
    let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    usize::try_from(size).unwrap_or(GRAIN)
}

/// On other systems no pages go back, so the size does not matter.
#[cfg(not(target_os = "linux"))]
fn ask() -> usize {
    GRAIN
}

/// The emulated page size, from `SHARDED_PAGE_SIZE`: for tests with larger pages than the machine has.
#[cfg(any(test, sharded_pages))]
pub(crate) fn emulated() -> Option<usize> {
    Some(std::env::var("SHARDED_PAGE_SIZE").ok()?.parse().expect("a number of bytes"))
}

#[cfg(not(any(test, sharded_pages)))]
pub(crate) fn emulated() -> Option<usize> {
    None
}

/// What a kernel with emulated pages does to a range: it refuses one that begins inside a page, and rounds the length
/// up.
#[cfg(all(target_os = "linux", any(test, sharded_pages)))]
pub(crate) fn as_kernel_rounds(at: NonNull<u8>, bytes: usize) -> rustix::io::Result<usize> {
    if at.addr().get().is_multiple_of(size()) {
        Ok(bytes.next_multiple_of(size()))
    } else {
        Err(rustix::io::Errno::INVAL)
    }
}

/// The kernel rounds.
#[cfg(all(target_os = "linux", not(any(test, sharded_pages))))]
#[allow(clippy::unnecessary_wraps, reason = "the emulation may refuse")]
pub(crate) fn as_kernel_rounds(_: NonNull<u8>, bytes: usize) -> rustix::io::Result<usize> {
    Ok(bytes)
}
