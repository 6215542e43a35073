//! What the kernel says of pages, nodes and threads, and how memory is put where a scenario wants it.
//!
//! System calls of its own: nothing here may be what the library under test uses, or a mistake in that would hide
//! itself.

#![allow(unsafe_code, reason = "system calls")]

use libc::{c_int, c_long, c_uint, c_ulong, c_void};
use std::{collections::BTreeMap, fmt, io, mem::MaybeUninit, ptr};

pub(crate) const PAGE: usize = 4096;
pub(crate) const HUGE_PAGE: usize = 2 << 20;

/// As in `linux/mempolicy.h`.
const MPOL_MF_MOVE: c_int = 2;

/// The node of each page, or the number of the error that the kernel has for it: `ENOENT` where there is no page yet.
pub(crate) fn nodes_of(addresses: &[usize]) -> io::Result<Vec<Result<usize, i32>>> {
    move_pages(addresses, None)
}

/// Moves each page to the node; answers where it is then, or why it was not moved. An error may come when some have
/// moved.
pub(crate) fn migrate(addresses: &[usize], node: usize) -> io::Result<Vec<Result<usize, i32>>> {
    move_pages(addresses, Some(node))
}

fn move_pages(addresses: &[usize], to: Option<usize>) -> io::Result<Vec<Result<usize, i32>>> {
    let pages: Vec<usize> = addresses.iter().map(|address| address & !(PAGE - 1)).collect();
    let nodes = to.map(|node| vec![as_int(node); pages.len()]);
    // What the kernel leaves alone has failed.
    let mut status = vec![-libc::EAGAIN; pages.len()];
    // SAFETY: the arrays have as many elements as is said. Looking at a page, or moving it, changes no memory of ours.
    let result = unsafe {
        libc::syscall(
            libc::SYS_move_pages,
            0,
            pages.len(),
            pages.as_ptr(),
            nodes.as_ref().map_or(ptr::null(), Vec::as_ptr),
            status.as_mut_ptr(),
            if to.is_some() { MPOL_MF_MOVE } else { 0 },
        )
    };
    // A positive number is how many were not moved; their status says more.
    checked(result)?;
    Ok(status.into_iter().map(|status| usize::try_from(status).map_err(|_| -status)).collect())
}

/// How many pages are on each node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Census {
    pub(crate) by_node: BTreeMap<usize, usize>,
    /// Of which the kernel names no node.
    pub(crate) nowhere: usize,
}

impl Census {
    /// Of the pages that hold these addresses, each counted once.
    pub(crate) fn of(addresses: impl IntoIterator<Item = usize>) -> io::Result<Self> {
        let mut pages: Vec<usize> = addresses.into_iter().map(|address| address & !(PAGE - 1)).collect();
        pages.sort_unstable();
        pages.dedup();
        let mut census = Census::default();
        for node in nodes_of(&pages)? {
            census.add(node);
        }
        Ok(census)
    }

    fn add(&mut self, node: Result<usize, i32>) {
        match node {
            Ok(node) => *self.by_node.entry(node).or_default() += 1,
            Err(_) => self.nowhere += 1,
        }
    }

    pub(crate) fn merge(&mut self, other: &Census) {
        for (&node, pages) in &other.by_node {
            *self.by_node.entry(node).or_default() += pages;
        }
        self.nowhere += other.nowhere;
    }

    pub(crate) fn on(&self, node: usize) -> usize {
        self.by_node.get(&node).copied().unwrap_or_default()
    }

    pub(crate) fn pages(&self) -> usize {
        self.by_node.values().sum::<usize>() + self.nowhere
    }

    /// Pages that are not on the node, or nowhere.
    pub(crate) fn off(&self, node: usize) -> usize {
        self.pages() - self.on(node)
    }
}

impl fmt::Display for Census {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} pages", self.pages())?;
        for (node, pages) in &self.by_node {
            write!(formatter, ", {pages} on node {node}")?;
        }
        if self.nowhere > 0 { write!(formatter, ", {} nowhere", self.nowhere) } else { Ok(()) }
    }
}

/// By node: the pages of all mappings of this process that are bound to it, and where they are.
pub(crate) fn bound_pages() -> io::Result<BTreeMap<usize, Census>> {
    let maps = std::fs::read_to_string("/proc/self/numa_maps")?;
    let mut bound: BTreeMap<usize, Census> = BTreeMap::new();
    for line in maps.lines() {
        // 7f0000000000 prefer:1 anon=3 dirty=3 N0=1 N1=2 kernelpagesize_kB=4
        let mut words = line.split_whitespace().skip(1);
        let Some((_, node)) = words.next().and_then(|policy| policy.split_once(':')) else { continue };
        let Ok(node) = node.parse() else { continue };
        let on_node = |word: &str| -> Option<(usize, usize)> {
            let (on, pages) = word.strip_prefix('N')?.split_once('=')?;
            Some((on.parse().ok()?, pages.parse().ok()?))
        };
        let mut census = Census::default();
        census.by_node.extend(words.filter_map(on_node));
        bound.entry(node).or_default().merge(&census);
    }
    Ok(bound)
}

/// What a mapping's pages are to be taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// The node and no other.
    Only(usize),
    /// The node while it has some, then any.
    Rather(usize),
}

/// Memory of its own, unmapped when dropped.
#[derive(Debug)]
pub(crate) struct Mapping {
    at: *mut c_void,
    bytes: usize,
}

// SAFETY: the memory belongs to the mapping alone, and is written through atomics only.
unsafe impl Send for Mapping {}
// SAFETY: as above.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// Aligned to huge pages where it is as large as one.
    pub(crate) fn new(bytes: usize) -> io::Result<Self> {
        let align = if bytes < HUGE_PAGE { PAGE } else { HUGE_PAGE };
        let (protection, flags) =
            (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE);
        // SAFETY: a new private mapping at an address of the kernel's choice touches no memory that exists.
        let whole = unsafe { libc::mmap(ptr::null_mut(), bytes + align, protection, flags, -1, 0) };
        if whole == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let before = whole.addr().next_multiple_of(align) - whole.addr();
        let at = whole.wrapping_byte_add(before);
        // SAFETY: both pieces are of this mapping, and nobody has seen any of it yet. Of no bytes it is an error that
        // means nothing.
        unsafe {
            libc::munmap(whole, before);
            libc::munmap(at.wrapping_byte_add(bytes), align - before);
        }
        Ok(Mapping { at, bytes })
    }

    /// Says where pages come from that are not there yet.
    pub(crate) fn take(&self, source: Source) -> io::Result<()> {
        let (mode, node) = match source {
            Source::Only(node) => (libc::MPOL_BIND, node),
            Source::Rather(node) => (libc::MPOL_PREFERRED, node),
        };
        let mask: c_ulong = 1 << node;
        // The kernel reads one bit less than it is told.
        // SAFETY: the range is the mapping; the mask has as many bits as is said.
        let result =
            unsafe { libc::syscall(libc::SYS_mbind, self.at, self.bytes, mode, &raw const mask, c_ulong::BITS + 1, 0) };
        checked(result).map(drop)
    }

    /// Has the kernel provide all pages at once.
    pub(crate) fn populate(&self) -> io::Result<()> {
        self.advise(libc::MADV_POPULATE_WRITE)
    }

    pub(crate) fn want_huge_pages(&self, want: bool) -> io::Result<()> {
        self.advise(if want { libc::MADV_HUGEPAGE } else { libc::MADV_NOHUGEPAGE })
    }

    fn advise(&self, advice: c_int) -> io::Result<()> {
        // SAFETY: none of the advice given here changes what can be read.
        checked(unsafe { libc::madvise(self.at, self.bytes, advice) }.into()).map(drop)
    }

    /// Writes to each page, from the calling thread.
    pub(crate) fn touch(&self) {
        for address in self.addresses() {
            // SAFETY: a byte of the mapping, of which there is no other reference.
            unsafe { ptr::with_exposed_provenance_mut::<u8>(address).write_volatile(1) }
        }
    }

    /// One address in each page.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = usize> {
        let at = self.at.expose_provenance();
        (at..at + self.bytes).step_by(PAGE)
    }

    pub(crate) fn census(&self) -> io::Result<Census> {
        Census::of(self.addresses())
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the mapping is this one's own, and nobody can look at it any more.
        unsafe { libc::munmap(self.at, self.bytes) };
    }
}

/// The policy of what the calling thread allocates from now on.
pub(crate) fn set_thread_policy(source: Source) -> io::Result<()> {
    let (mode, node) = match source {
        Source::Only(node) => (libc::MPOL_BIND, node),
        Source::Rather(node) => (libc::MPOL_PREFERRED, node),
    };
    let mask: c_ulong = 1 << node;
    // SAFETY: the mask has as many bits as is said.
    checked(unsafe { libc::syscall(libc::SYS_set_mempolicy, mode, &raw const mask, c_ulong::BITS + 1) }).map(drop)
}

/// The processor and the node that the calling thread runs on.
pub(crate) fn here() -> io::Result<(usize, usize)> {
    let (mut cpu, mut node): (c_uint, c_uint) = (0, 0);
    // SAFETY: both places are there to be written; the third argument is not used any more.
    checked(unsafe { libc::syscall(libc::SYS_getcpu, &raw mut cpu, &raw mut node, ptr::null::<c_void>()) })?;
    Ok((cpu as usize, node as usize))
}

/// Runs something on a thread that stays on these processors. The calling thread stays where it may be, and so does the
/// process.
pub(crate) fn on<R: Send>(cpus: &[usize], work: impl FnOnce() -> R + Send) -> io::Result<R> {
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| pin(cpus).map(|()| work()));
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// Has the calling thread run on these processors only.
pub(crate) fn pin(cpus: &[usize]) -> io::Result<()> {
    let mut set = no_cpus();
    for &cpu in cpus {
        // SAFETY: it ignores numbers that are too large.
        unsafe { libc::CPU_SET(cpu, &mut set) }
    }
    // SAFETY: the set is as large as is said.
    checked(unsafe { libc::sched_setaffinity(0, size_of_val(&set), &raw const set) }.into()).map(drop)
}

/// The processors that the calling thread may run on.
pub(crate) fn allowed_cpus() -> io::Result<Vec<usize>> {
    let mut set = no_cpus();
    // SAFETY: the set is as large as is said.
    checked(unsafe { libc::sched_getaffinity(0, size_of_val(&set), &raw mut set) }.into())?;
    // SAFETY: each number is less than the set has bits.
    Ok((0..8 * size_of_val(&set)).filter(|&cpu| unsafe { libc::CPU_ISSET(cpu, &set) }).collect())
}

fn no_cpus() -> libc::cpu_set_t {
    // SAFETY: it consists of integers.
    unsafe { MaybeUninit::zeroed().assume_init() }
}

pub(crate) fn checked(result: c_long) -> io::Result<c_long> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

fn as_int(node: usize) -> c_int {
    c_int::try_from(node).unwrap_or(c_int::MAX)
}
