//! An array whose elements lie on different nodes.

use super::{
    memory_node::MemoryNode,
    source::{SHARES, Source},
    striped::{OwnMapping, Stripes},
    supply::Supply,
};
use crate::hasher::KeyHash;
use crate::memory::sys::{
    memory,
    page::{self, GRAIN},
};
use crate::memory::waits::Extent;
use std::{
    alloc::{Layout, alloc, dealloc, handle_alloc_error},
    marker::PhantomData,
    ptr::{self, NonNull},
    sync::Arc,
};

/// An array whose elements lie on nodes of their own. Elements of different nodes lie on different pages, those of one
/// node as close together as that allows.
pub(crate) struct Placed<T> {
    memory: PlacedMemory,
    len: usize,
    elements: PhantomData<T>,
}

/// The memory of such an array, independent of the element type.
struct PlacedMemory {
    first: NonNull<u8>,
    /// Bytes from one element to the next.
    stride: usize,
    memory: Memory,
}

/// Where the elements' memory comes from.
enum Memory {
    Allocated(Layout),
    /// All of it on one node.
    Taken(Source, usize),
    /// On several nodes, in a mapping of its own.
    Mapped {
        bytes: usize,
        _own: Option<OwnMapping>,
    },
    /// On several nodes, in mappings shared with other maps.
    Shared {
        _stripes: Stripes,
    },
}

// SAFETY: it owns its elements.
unsafe impl<T: Send> Send for Placed<T> {}
// SAFETY: what is shared is `&T`.
unsafe impl<T: Sync> Sync for Placed<T> {}

impl<T> Placed<T> {
    /// Makes an element on each of these nodes, of which several may be the same.
    ///
    /// # Panics
    ///
    /// If there is no node, or if `element` panics. Without memory the process aborts, as for any small allocation.
    pub(crate) fn new(nodes: &[Arc<MemoryNode>], mut element: impl FnMut(usize) -> T) -> Self {
        assert!(!nodes.is_empty());
        const { assert!(align_of::<T>() <= GRAIN && size_of::<T>() > 0) }
        let mut placed =
            Placed { memory: PlacedMemory::allocate(nodes, Layout::new::<T>()), len: 0, elements: PhantomData };
        // The length grows with each element, so that a panic drops those that exist.
        while placed.len < nodes.len() {
            let made = element(placed.len);
            // SAFETY: there is room for an element on each of `nodes`, and none has been written here.
            unsafe { placed.at(placed.len).write(made) }
            placed.len += 1;
        }
        placed
    }

    /// The address of an element, which need not exist yet.
    ///
    /// # Safety
    ///
    /// The index must be below the length of the array.
    #[inline]
    unsafe fn at(&self, index: usize) -> NonNull<T> {
        // SAFETY: it lies in the memory, as the caller guarantees.
        unsafe { self.memory.first.add(index * self.memory.stride).cast() }
    }

    /// The index of a hash, by its top bits.
    #[inline]
    #[allow(clippy::cast_possible_truncation, reason = "it is less than the length")]
    pub(crate) fn index_of(&self, hash: KeyHash) -> usize {
        // For a power of two this equals a shift, without a stored shift count.
        ((u128::from(hash.bits()) * self.len as u128) >> 64) as usize
    }

    /// The element of a hash.
    #[inline]
    pub(crate) fn of(&self, hash: KeyHash) -> &T {
        // SAFETY: a hash is less than 2^64, so the index is less than the length, which is not zero. The element lives
        // as long as `self`.
        pinned(unsafe { self.at(self.index_of(hash)).as_ref() })
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// # Panics
    ///
    /// Unless the index is below the length.
    #[inline]
    pub(crate) fn get(&self, index: usize) -> &T {
        assert!(index < self.len);
        // SAFETY: the element lives as long as `self`.
        unsafe { self.at(index).as_ref() }
    }

    /// Where the elements lie.
    pub(crate) fn extent(&self) -> Extent {
        Extent {
            first: self.memory.first.addr().get(),
            stride: self.memory.stride,
            size: size_of::<T>(),
            len: self.len,
        }
    }

    /// The index of an element.
    pub(crate) fn position(&self, element: &T) -> usize {
        (ptr::from_ref(element).addr() - self.memory.first.addr().get()) / self.memory.stride
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        (0..self.len).map(|index| self.get(index))
    }
}

impl PlacedMemory {
    /// Memory for an element on each of these nodes. The size of `element` must not be zero.
    fn allocate(nodes: &[Arc<MemoryNode>], element: Layout) -> Self {
        let (size, align) = (element.size(), element.align());
        let bytes = size.checked_mul(nodes.len()).expect("fits in memory");
        let layout = Layout::from_size_align(bytes, align).expect("fits in memory");
        let dense = |first, memory| PlacedMemory { first, stride: size, memory };
        if nodes.iter().all(|node| node.is_anywhere()) {
            // SAFETY: the layout has a size, because there is a node and an element has a size.
            let first = NonNull::new(unsafe { alloc(layout) });
            return dense(first.unwrap_or_else(|| handle_alloc_error(layout)), Memory::Allocated(layout));
        }
        let begins = || (1..nodes.len()).filter(|&at| !Arc::ptr_eq(&nodes[at - 1], &nodes[at]));
        if begins().next().is_none() {
            let source = Source::new(Arc::clone(&nodes[0]));
            let bytes = source.size(layout.size());
            let first = source.take(bytes, 0).unwrap_or_else(|| handle_alloc_error(layout));
            return dense(first, Memory::Taken(source, bytes));
        }
        let own = OwnMapping::new();
        if SHARES && own.is_none() {
            let stripes = Stripes::new(nodes, size).unwrap_or_else(|| handle_alloc_error(layout));
            let Stripes { first, stride, .. } = stripes;
            return PlacedMemory { first, stride, memory: Memory::Shared { _stripes: stripes } };
        }
        let page = page::size();
        let stride = stride(page, size, align, begins());
        let bytes = (stride * nodes.len()).next_multiple_of(page);
        let first = memory::map(bytes, 0).unwrap_or_else(|| handle_alloc_error(layout));
        let mut begin = 0;
        for end in begins().chain([nodes.len()]) {
            let (from, to) = (begin * stride, (end * stride).next_multiple_of(page));
            // SAFETY: the range lies in the mapping. It consists of whole pages, because the elements of each node
            // begin at a page.
            unsafe { nodes[begin].bind(first.add(from), to - from) }
            begin = end;
        }
        PlacedMemory { first, stride, memory: Memory::Mapped { bytes, _own: own } }
    }

    /// # Safety
    ///
    /// No element may be used any more.
    unsafe fn free(&self) {
        match self.memory {
            // SAFETY: it was allocated with this layout, and no element is used, as the caller guarantees.
            Memory::Allocated(layout) => unsafe { dealloc(self.first.as_ptr(), layout) },
            // SAFETY: it was taken with this size, and no element is used, as the caller guarantees.
            Memory::Taken(ref source, bytes) => unsafe { source.give(self.first, bytes) },
            // SAFETY: it was mapped with this size, and no element is used, as the caller guarantees.
            Memory::Mapped { bytes, .. } => unsafe { memory::unmap(self.first, bytes) },
            // The drop of the stripes frees it.
            Memory::Shared { .. } => {}
        }
    }
}

/// The same reference, with its address in one register. Otherwise the compiler keeps the address of the array, the
/// index and the offset in three registers and adds them up for each access. That cost a read under `RwLock` five
/// instructions.
#[inline]
fn pinned<T>(at: &T) -> &T {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    {
        let mut address = std::ptr::from_ref(at);
        #[allow(clippy::pointers_in_nomem_asm_block, reason = "nothing is read through the pointer")]
        // SAFETY: the assembly is empty, so the address stays the same.
        unsafe {
            std::arch::asm!("/* {0} */", inout(reg) address, options(pure, nomem, nostack, preserves_flags));
            &*address
        }
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    at
}

/// The least distance of elements at which each index in `begins` begins a page.
fn stride(page: usize, size: usize, align: usize, begins: impl Iterator<Item = usize>) -> usize {
    // The largest power of two, up to a page, that divides all of them.
    let common = begins.fold(page, |common, begin| common.min(1 << begin.trailing_zeros().min(page.trailing_zeros())));
    size.next_multiple_of(align.max(page / common))
}

impl<T> Drop for Placed<T> {
    fn drop(&mut self) {
        Rest { array: self, next: 0 }.drop_all();
    }
}

/// The elements that are not dropped yet. If the drop of one panics, the others are still dropped, and then the memory
/// is freed.
struct Rest<'a, T> {
    array: &'a Placed<T>,
    next: usize,
}

impl<T> Rest<'_, T> {
    fn drop_all(&mut self) {
        while self.next < self.array.len {
            self.next += 1;
            // SAFETY: the element exists, and `next` has passed it, so it is dropped once and not used afterwards.
            unsafe { self.array.at(self.next - 1).drop_in_place() }
        }
    }
}

impl<T> Drop for Rest<'_, T> {
    fn drop(&mut self) {
        self.drop_all();
        // SAFETY: all elements are dropped, and the array is being dropped.
        unsafe { self.array.memory.free() }
    }
}

#[cfg(test)]
mod tests {
    use super::{MemoryNode, Placed, stride};
    use crate::{memory::sys::page, topology::NodeId};
    use std::{
        cell::Cell,
        collections::BTreeSet,
        panic::{AssertUnwindSafe, catch_unwind},
        rc::Rc,
        sync::Arc,
    };

    #[test]
    fn elements_begin_at_the_starts_of_pages() {
        for (page, size, begins, expected) in [
            (4096, 256, vec![], 256),
            (4096, 256, vec![32], 256),
            (4096, 384, vec![16, 32, 48], 512),
            (4096, 256, vec![8], 512),
            (4096, 256, vec![4, 8, 12], 1024),
            (4096, 256, vec![21, 42], 4096),
            (4096, 128, vec![1], 4096),
            (4096, 5000, vec![1], 8192),
            (65_536, 256, vec![32], 2048),
            (65_536, 256, vec![21, 42], 65_536),
        ] {
            let stride = stride(page, size, 128, begins.iter().copied());
            assert_eq!(stride, expected, "{size} bytes, {begins:?}");
            assert!(begins.iter().all(|begin| (begin * stride).is_multiple_of(page)));
        }
    }

    #[test]
    fn each_element_is_made_once_and_dropped_once() {
        struct Counted(usize, Rc<Cell<usize>>);
        impl Drop for Counted {
            fn drop(&mut self) {
                self.1.set(self.1.get() + 1);
            }
        }
        let three = |node: fn(u32) -> MemoryNode| [node(0), node(1), node(2)].map(Arc::new);
        for nodes in
            [three(|_| MemoryNode::anywhere(false)), three(|node| MemoryNode::on(NodeId::new(node), false, false))]
        {
            let of_elements: Vec<_> = (0..20).map(|index| Arc::clone(&nodes[index / 7])).collect();
            let dropped = Rc::new(Cell::new(0));
            let placed = Placed::new(&of_elements, |index| Counted(index, Rc::clone(&dropped)));
            assert!(placed.iter().map(|counted| counted.0).eq(0..20));
            drop(placed);
            assert_eq!(dropped.replace(0), 20);

            // A panic on the way leaves nothing.
            let build = || {
                Placed::new(
                    &of_elements,
                    |index| if index < 9 { Counted(index, Rc::clone(&dropped)) } else { panic!("stop") },
                )
            };
            assert!(catch_unwind(AssertUnwindSafe(build)).is_err());
            assert_eq!(dropped.get(), 9);
        }
    }

    /// Neither one element in an array of its own nor elements that share their memory.
    #[test]
    fn nodes_share_no_page() {
        let nodes = [0, 1, 2].map(|node| Arc::new(MemoryNode::on(NodeId::new(node), false, false)));
        for (len, arrays) in [(1, 1), (2, 1), (16, 1100), (64, 1)] {
            let of_elements: Vec<_> = (0..len).map(|index| Arc::clone(&nodes[index * 3 / len])).collect();
            let make = |array| Placed::new(&of_elements, |index| [array * len + index; 24]);
            let arrays: Vec<_> = (0..arrays).map(make).collect();
            let elements = || arrays.iter().flat_map(|array| array.iter().zip(&of_elements));
            assert!(elements().enumerate().all(|(index, (element, _))| *element == [index; 24]));
            let pages = |node: usize| -> BTreeSet<usize> {
                let of_node = elements().filter(|(_, other)| Arc::ptr_eq(other, &nodes[node]));
                of_node.map(|(element, _)| std::ptr::from_ref(element).addr() / page::size()).collect()
            };
            assert!(
                pages(0).is_disjoint(&pages(1)) && pages(1).is_disjoint(&pages(2)) && pages(0).is_disjoint(&pages(2))
            );
        }
    }
}
