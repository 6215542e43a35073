//! Things of which every hash has one.

use std::{fmt, ops::Deref};

/// So many things, a power of two, told by the top bits of a hash.
pub(crate) struct ByHash<T>(Box<[T]>);

impl<T> ByHash<T> {
    /// # Panics
    ///
    /// Unless their number is a power of two.
    pub(crate) fn new(all: Box<[T]>) -> Self {
        assert!(all.len().is_power_of_two());
        ByHash(all)
    }

    /// Which one is a hash's.
    #[inline]
    #[allow(clippy::cast_possible_truncation, reason = "it is less than their number")]
    pub(crate) fn index_of(&self, hash: u64) -> usize {
        // With a power of two this takes the bits that a shift would, and needs no other number.
        ((u128::from(hash) * self.0.len() as u128) >> 64) as usize
    }

    /// The one of a hash.
    #[inline]
    pub(crate) fn of(&self, hash: u64) -> &T {
        let index = self.index_of(hash);
        // SAFETY: a hash is less than 2^64, so the index is less than their number, which is not zero.
        pinned(unsafe { self.0.get_unchecked(index) })
    }
}

impl<T> Deref for ByHash<T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T> fmt::Debug for ByHash<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ByHash").field("len", &self.0.len()).finish()
    }
}

/// The same, as an address in a register. What the compiler knows to be an array's address, an index and an offset, it keeps as these three and
/// adds them up anew for each thing there; that took a read under `RwLock` five instructions, and three registers.
#[inline]
fn pinned<T>(at: &T) -> &T {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    {
        let mut address = std::ptr::from_ref(at);
        #[allow(clippy::pointers_in_nomem_asm_block, reason = "what lies there is not looked at")]
        // SAFETY: this does nothing, so it is the same address.
        unsafe {
            std::arch::asm!("/* {0} */", inout(reg) address, options(pure, nomem, nostack, preserves_flags));
            &*address
        }
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    at
}
