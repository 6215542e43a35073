//! Memory on a node: where pages are to lie, and where they lie.

use super::page;
use std::{io, ptr::NonNull};

/// Has the pages of a range that are not there yet made on a node, or on another where it is full.
///
/// Never on this one alone: the kernel would not refuse when it is full, but kill a process.
///
/// # Safety
///
/// The range must consist of whole pages of memory from [`map`](super::memory::map).
pub(crate) unsafe fn bind(at: NonNull<u8>, bytes: usize, node: u32) -> io::Result<()> {
    debug_assert!(page::is_whole(at, bytes));
    // SAFETY: the caller's promise.
    unsafe { system::bind(at, bytes, node) }
}

/// Asks on which node each page is that these addresses lie in. Negative: on none, since the page is not there (yet, or any more).
pub(crate) fn nodes_of(pages: &[usize], nodes: &mut Vec<i32>) -> io::Result<()> {
    nodes.clear();
    nodes.resize(pages.len(), -1);
    let Some(size) = page::emulated() else { return system::nodes_of(pages, nodes) };
    // The kernel's own pages are smaller: the first one that is there answers for the whole.
    for (page, node) in pages.iter().zip(nodes) {
        let parts: Vec<usize> = (*page..page + size).step_by(page::GRAIN).collect();
        let mut of_parts = vec![-1; parts.len()];
        system::nodes_of(&parts, &mut of_parts)?;
        *node = of_parts.into_iter().find(|&node| node >= 0).unwrap_or(-1);
    }
    Ok(())
}

#[cfg(target_os = "linux")]
mod system {
    use crate::memory::sys::page;
    use std::{ffi::c_long, io, mem::size_of, ptr, ptr::NonNull};

    /// Highest number of a node, more than any kernel is built for (`CONFIG_NODES_SHIFT` is at most 10).
    const MOST_NODES: usize = 1024;
    const BITS: usize = c_long::BITS as usize;

    pub(super) unsafe fn bind(at: NonNull<u8>, bytes: usize, node: u32) -> io::Result<()> {
        let bytes = page::as_kernel_rounds(at, bytes)?;
        let mode = libc::MPOL_PREFERRED;
        let mut mask = [0 as c_long; MOST_NODES / BITS];
        let node = node as usize;
        let word = mask.get_mut(node / BITS).ok_or(io::ErrorKind::InvalidInput)?;
        *word = 1 << (node % BITS);
        // The kernel looks at one bit less than it is told.
        let bits = mask.len() * BITS + 1;
        // SAFETY: this decides where pages will come from and changes nothing that can be read; the mask is as long as said.
        let result = unsafe { libc::syscall(libc::SYS_mbind, at.as_ptr(), bytes, mode, mask.as_ptr(), bits, 0) };
        check(result)
    }

    pub(super) fn nodes_of(pages: &[usize], nodes: &mut [i32]) -> io::Result<()> {
        debug_assert!(nodes.len() >= pages.len());
        const { assert!(size_of::<usize>() == size_of::<*const u8>()) }
        let no_move = ptr::null::<i32>();
        // SAFETY: without nodes to move to, this only asks; there is room for the answers. The addresses may be anyone's.
        let result = unsafe {
            libc::syscall(libc::SYS_move_pages, 0, pages.len(), pages.as_ptr(), no_move, nodes.as_mut_ptr(), 0)
        };
        check(result)
    }

    fn check(result: c_long) -> io::Result<()> {
        if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use std::{io, ptr::NonNull};

    pub(super) unsafe fn bind(_: NonNull<u8>, _: usize, _: u32) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(super) fn nodes_of(_: &[usize], _: &mut [i32]) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
