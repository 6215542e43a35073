//! Entries that were removed from tables.

use super::offer::Offer;
use crate::contain::Drops;
use std::{
    mem::{self, ManuallyDrop, MaybeUninit, needs_drop},
    ptr,
};

/// The destination of an entry that is removed from its slot.
///
/// An entry is moved only once, from its slot to its destination. So functions that remove entries borrow the
/// destination. A returned value would, without optimisation, take stack in each function that it passes through.
pub(crate) trait Destination<K, V> {
    /// Moves an entry here.
    ///
    /// # Safety
    ///
    /// Both must be valid for reads. The caller must not use the key and the value afterwards.
    unsafe fn put(&mut self, key: *const K, value: *const V);
}

/// Entries that were removed under a lock. After its release they are dropped, handed out, or given to a listener.
pub(crate) struct Removed<K, V> {
    len: usize,
    /// Initialized if `len` is at least one.
    first: MaybeUninit<(K, V)>,
    /// All other entries. Initialized if `len` is at least two, and then one shorter than `len`.
    rest: MaybeUninit<Rest<K, V>>,
}

type Rest<K, V> = Vec<MaybeUninit<(K, V)>>;

impl<K, V> Removed<K, V> {
    #[inline]
    pub(crate) fn new() -> Self {
        Removed { len: 0, first: MaybeUninit::uninit(), rest: MaybeUninit::uninit() }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Moves the entry on offer here. Returns whether there is one.
    pub(crate) fn push_offer(&mut self, offer: &mut Offer<K, V>) -> bool {
        let Some((key, value)) = offer.both() else { return false };
        // SAFETY: there are a key and a value, and the offer forgets them.
        unsafe { self.put(key, value) }
        offer.forget();
        true
    }

    /// Adds an entry whose value is in a box.
    pub(crate) fn push_boxed(&mut self, key: K, value: Box<V>) {
        let (key, value) = (ManuallyDrop::new(key), Box::into_raw(value));
        // SAFETY: both are valid. The key is not dropped, and the box is freed without its value.
        unsafe {
            self.put(&raw const *key, value);
            drop(Box::from_raw(value.cast::<MaybeUninit<V>>()));
        }
    }

    /// Adds the entry that is handed out, if there is one.
    pub(crate) fn push_handed(&mut self, mut handed: Handed<K, V>) {
        if mem::take(&mut handed.is_there) {
            let entry = handed.entry.as_ptr();
            // SAFETY: there was an entry, which `handed` has forgotten.
            unsafe { self.put(&raw const (*entry).0, &raw const (*entry).1) }
        }
    }

    /// Moves all other entries here.
    pub(crate) fn append(&mut self, others: &mut Self) {
        // First, so that a panic leaks entries rather than drops them twice.
        let count = mem::take(&mut others.len);
        for index in 0..count {
            let entry = others.entry(index);
            // SAFETY: there were `count` entries, which `others` has forgotten.
            unsafe { self.put(&raw const (*entry).0, &raw const (*entry).1) }
        }
        others.forget_rest(count);
    }

    /// As [`put`](Destination::put), if there is an entry already. A call of its own, so that a caller which knows that
    /// there is none keeps everything in registers.
    ///
    /// # Safety
    ///
    /// As of `put`. There must be an entry.
    #[cold]
    unsafe fn put_in_rest(&mut self, key: *const K, value: *const V) {
        let index = self.len - 1;
        if index == 0 {
            self.rest.write(Vec::new());
        }
        // SAFETY: the vector is initialized, and has `index` elements. After `reserve` there is room for one more,
        // which is written before it counts. The caller vouches for key and value.
        unsafe {
            let rest = self.rest.assume_init_mut();
            rest.reserve(1);
            write_entry(rest.as_mut_ptr().add(index).cast(), key, value);
            rest.set_len(index + 1);
        }
        self.len += 1;
    }

    /// Removes the entry that was added last, with its value in a box.
    pub(crate) fn pop_boxed(&mut self) -> Option<(K, Box<V>)> {
        let last = self.len.checked_sub(1)?;
        let mut value = Box::<V>::new_uninit();
        self.len = last;
        // SAFETY: there was an entry, which does not count any more. Each part is moved once.
        let entry = unsafe {
            let entry = self.entry(last);
            ptr::copy_nonoverlapping(&raw const (*entry).1, value.as_mut_ptr(), 1);
            ((&raw const (*entry).0).read(), value.assume_init())
        };
        if last > 0 {
            self.pop_rest(last);
        }
        Some(entry)
    }

    /// All entries.
    pub(crate) fn into_vec(mut self) -> Vec<(K, V)> {
        let count = mem::take(&mut self.len);
        let mut entries = Vec::<(K, V)>::with_capacity(count);
        for index in 0..count {
            // SAFETY: there were `count` entries, which do not count any more, and there is room for them.
            unsafe { ptr::copy_nonoverlapping(self.entry(index), entries.as_mut_ptr().add(index), 1) }
        }
        // SAFETY: `count` entries were moved there.
        unsafe { entries.set_len(count) }
        self.forget_rest(count);
        entries
    }

    /// Drops all entries. A panic of one key or value does not keep the others from being dropped.
    pub(crate) fn drop_each(&mut self, drops: &mut Drops) {
        // First, so that nothing is dropped twice.
        let count = mem::take(&mut self.len);
        if needs_drop::<(K, V)>() {
            for index in 0..count {
                let entry = self.entry(index);
                // SAFETY: there were `count` entries.
                let (key, value) = unsafe { (&raw mut (*entry).0, &raw mut (*entry).1) };
                let (mut key, mut value) = (Some(key), Some(value));
                drops.watch_call(&mut || {
                    if let Some(key) = key.take() {
                        // SAFETY: the entry does not count any more, and its key is dropped once.
                        unsafe { key.drop_in_place() }
                    }
                });
                drops.watch_call(&mut || {
                    if let Some(value) = value.take() {
                        // SAFETY: the entry does not count any more, and its value is dropped once.
                        unsafe { value.drop_in_place() }
                    }
                });
            }
        }
        self.forget_rest(count);
    }

    #[cold]
    fn drop_left(&mut self) {
        let mut drops = Drops::default();
        self.drop_each(&mut drops);
        drops.end();
    }

    /// The address of the entry with this index, which must be below the number of added entries.
    #[inline]
    fn entry(&mut self, index: usize) -> *mut (K, V) {
        match index.checked_sub(1) {
            None => self.first.as_mut_ptr(),
            // SAFETY: with a second entry the vector is initialized.
            Some(index) => unsafe { self.rest.assume_init_mut().as_mut_ptr().wrapping_add(index).cast() },
        }
    }

    /// Frees the vector without its entries, when `count` entries were taken out and none is left.
    #[inline]
    fn forget_rest(&mut self, count: usize) {
        if count > 1 {
            // SAFETY: with a second entry the vector is initialized. Its elements are `MaybeUninit`, so no entry is
            // dropped.
            unsafe { self.rest.assume_init_drop() }
        }
    }

    /// Removes the last element of the vector, whose entry was taken out. `left` entries are left, at least one.
    #[cold]
    fn pop_rest(&mut self, left: usize) {
        if left == 1 {
            self.forget_rest(2);
        } else {
            // SAFETY: with a second entry the vector is initialized, and it has `left` elements.
            unsafe { self.rest.assume_init_mut().set_len(left - 1) }
        }
    }
}

impl<K, V> Destination<K, V> for Removed<K, V> {
    #[inline]
    unsafe fn put(&mut self, key: *const K, value: *const V) {
        if self.len > 0 {
            // SAFETY: the caller's promise, and there is an entry.
            return unsafe { self.put_in_rest(key, value) };
        }
        self.len = 1;
        // SAFETY: the caller's promise, and nothing else borrows `first`.
        unsafe { write_entry(self.first.as_mut_ptr(), key, value) }
    }
}

/// Moves a key and a value.
///
/// # Safety
///
/// `to` must be valid for writes and apart from the key and the value, which must be valid for reads and are not used
/// afterwards.
#[inline]
unsafe fn write_entry<K, V>(to: *mut (K, V), key: *const K, value: *const V) {
    // SAFETY: the caller's promise.
    unsafe {
        ptr::copy_nonoverlapping(key, &raw mut (*to).0, 1);
        ptr::copy_nonoverlapping(value, &raw mut (*to).1, 1);
    }
}

impl<K, V> Drop for Removed<K, V> {
    #[inline]
    fn drop(&mut self) {
        if self.len > 0 {
            self.drop_left();
        }
    }
}

/// An entry that a call removes and hands to its caller.
pub(crate) struct Handed<K, V> {
    is_there: bool,
    entry: MaybeUninit<(K, V)>,
}

impl<K, V> Handed<K, V> {
    /// No entry yet.
    #[inline]
    pub(crate) fn new() -> Self {
        Handed { is_there: false, entry: MaybeUninit::uninit() }
    }

    /// The entry, if there is one.
    #[inline]
    pub(crate) fn take(&mut self) -> Option<(K, V)> {
        if !mem::take(&mut self.is_there) {
            return None;
        }
        // SAFETY: there was an entry, which does not count any more.
        Some(unsafe { self.entry.as_ptr().read() })
    }

    /// The value, if there is an entry. Its key is dropped.
    #[inline]
    pub(crate) fn take_value(&mut self) -> Option<V> {
        if !mem::take(&mut self.is_there) {
            return None;
        }
        let entry = self.entry.as_ptr();
        // SAFETY: there was an entry, which does not count any more. Each part is moved once.
        let (value, key) = unsafe { ((&raw const (*entry).1).read(), (&raw const (*entry).0).read()) };
        drop(key);
        Some(value)
    }
}

impl<K, V> Destination<K, V> for Handed<K, V> {
    /// An entry that is here already is leaked.
    #[inline]
    unsafe fn put(&mut self, key: *const K, value: *const V) {
        // SAFETY: the caller's promise, and nothing else borrows `entry`.
        unsafe { write_entry(self.entry.as_mut_ptr(), key, value) }
        self.is_there = true;
    }
}

impl<K, V> Drop for Handed<K, V> {
    #[inline]
    fn drop(&mut self) {
        if needs_drop::<(K, V)>() && self.is_there {
            // SAFETY: there is an entry, and this is its last use.
            unsafe { self.entry.assume_init_drop() }
        }
    }
}
