//! The size of a page, which is 4 KiB on some machines and 16 or 64 KiB on others.

use std::{
    ptr::NonNull,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

/// The smallest page of any system. Sizes that are fixed when the library is compiled are multiples of this, so they may be less
/// than a page.
pub(crate) const GRAIN: usize = 4096;

/// Bytes of a page: a power of two, at least [`GRAIN`].
///
/// The system maps, places and takes back memory in these units alone. It rounds the length of a range up, so it must never be told of a
/// part of a page: the rest of that page may be somebody else's.
pub(crate) fn size() -> usize {
    /// Zero until the system has been asked.
    static SIZE: AtomicUsize = AtomicUsize::new(0);
    // Relaxed: the number is all there is to see, and every thread that asks gets the same.
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

/// The addresses `from..to` without the pages that they have only a part of. It may be empty.
pub(crate) fn within(from: usize, to: usize) -> (usize, usize) {
    let from = from.next_multiple_of(size());
    (from, (to - to % size()).max(from))
}

/// The pages that a range has a part of: where they begin, and their bytes.
///
/// # Safety
///
/// These pages must belong to one allocation.
pub(crate) unsafe fn covering(at: NonNull<u8>, bytes: usize) -> (NonNull<u8>, usize) {
    let before = at.addr().get() % size();
    // SAFETY: the caller's promise.
    (unsafe { at.sub(before) }, (before + bytes).next_multiple_of(size()))
}

#[cfg(target_os = "linux")]
fn ask() -> usize {
    // SAFETY: it reads a number that the kernel gave to the process when it started.
    let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    usize::try_from(size).unwrap_or(GRAIN)
}

/// Nothing is given back on other systems, so it does not matter.
#[cfg(not(target_os = "linux"))]
fn ask() -> usize {
    GRAIN
}

/// The size of a page that `SHARDED_PAGE_SIZE` says, in tests that are to see larger pages than the machine has.
#[cfg(any(test, sharded_pages))]
pub(crate) fn emulated() -> Option<usize> {
    Some(std::env::var("SHARDED_PAGE_SIZE").ok()?.parse().expect("a number of bytes"))
}

#[cfg(not(any(test, sharded_pages)))]
pub(crate) fn emulated() -> Option<usize> {
    None
}

/// What a kernel with such pages makes of a range that it is told of: it refuses one that begins inside a page, and rounds the length up.
#[cfg(all(target_os = "linux", any(test, sharded_pages)))]
pub(crate) fn as_kernel_rounds(at: NonNull<u8>, bytes: usize) -> rustix::io::Result<usize> {
    if at.addr().get().is_multiple_of(size()) {
        Ok(bytes.next_multiple_of(size()))
    } else {
        Err(rustix::io::Errno::INVAL)
    }
}

/// The kernel does it itself.
#[cfg(all(target_os = "linux", not(any(test, sharded_pages))))]
#[allow(clippy::unnecessary_wraps, reason = "the emulation may refuse")]
pub(crate) fn as_kernel_rounds(_: NonNull<u8>, bytes: usize) -> rustix::io::Result<usize> {
    Ok(bytes)
}
