//! The node of pages: binding memory to a node, and asking where pages lie.

use super::page;
use std::{io, ptr::NonNull};

/// Makes the untouched pages of a range come from a node, or, if it is full, from another.
///
/// There is no strict variant: when the node is full, the kernel would kill a process instead of refusing.
///
/// # Safety
///
/// The range must consist of whole pages of memory from [`map`](super::memory::map).
pub(crate) unsafe fn bind(at: NonNull<u8>, bytes: usize, node: u32) -> io::Result<()> {
    debug_assert!(page::is_whole(at, bytes));
    // SAFETY: as the caller guarantees.
    unsafe { system::bind(at, bytes, node) }
}

/// Asks for the node of the page at each address. Negative: the page does not exist (yet, or any more).
pub(crate) fn nodes_of(pages: &[usize], nodes: &mut Vec<i32>) -> io::Result<()> {
    nodes.clear();
    nodes.resize(pages.len(), -1);
    let Some(size) = page::emulated() else { return system::nodes_of(pages, nodes) };
    // The pages of the kernel are smaller than emulated ones. The first one that exists stands for the whole page.
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

    /// The most nodes of any kernel (`CONFIG_NODES_SHIFT` is at most 10).
    const MOST_NODES: usize = 1024;
    const BITS: usize = c_long::BITS as usize;

    pub(super) unsafe fn bind(at: NonNull<u8>, bytes: usize, node: u32) -> io::Result<()> {
        let bytes = page::as_kernel_rounds(at, bytes)?;
        let mode = libc::MPOL_PREFERRED;
        let mut mask = [0 as c_long; MOST_NODES / BITS];
        let node = node as usize;
        let word = mask.get_mut(node / BITS).ok_or(io::ErrorKind::InvalidInput)?;
        *word = 1 << (node % BITS);
        // The kernel reads one bit less than this number.
        let bits = mask.len() * BITS + 1;
        // SAFETY: this decides where pages will come from and changes nothing that can be read. The mask has this many
        // bits.
        let result = unsafe { libc::syscall(libc::SYS_mbind, at.as_ptr(), bytes, mode, mask.as_ptr(), bits, 0) };
        check(result)
    }

    pub(super) fn nodes_of(pages: &[usize], nodes: &mut [i32]) -> io::Result<()> {
        debug_assert!(nodes.len() >= pages.len());
        const { assert!(size_of::<usize>() == size_of::<*const u8>()) }
        let no_move = ptr::null::<i32>();
        // SAFETY: without target nodes the call moves nothing. `nodes` has room for the results. The addresses need not
        // be valid.
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
