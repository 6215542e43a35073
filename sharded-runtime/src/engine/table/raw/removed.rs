//! What was taken out of tables.

use super::{layout::Pair, offer::Offer};
use crate::contain::Drops;
use std::{
    mem::{self, ManuallyDrop, MaybeUninit, needs_drop},
    ptr,
};

/// Entries that were taken out under a lock, to be handed out, told of or dropped after it.
///
/// An entry is moved once, from its slot to here. Without optimisation a value has a place on the stack in each
/// function that it passes through, so a function that takes out entries is lent this, and does not return them.
pub(crate) struct Removed<K, V> {
    len: usize,
    /// An entry, if there is one.
    first: MaybeUninit<(K, V)>,
    /// All others, if there are two or more.
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

    /// Moves the entry of a slot here.
    ///
    /// # Safety
    ///
    /// There must be an entry, which is not used as such any more.
    #[inline]
    pub(super) unsafe fn push_pair(&mut self, pair: *const Pair<K, V>) {
        // SAFETY: the caller's promise.
        unsafe { self.push(&raw const (*pair).key, &raw const (*pair).value) }
    }

    /// Moves what is on offer here, if that is both a key and a value. Says whether it is.
    pub(crate) fn push_offer(&mut self, offer: &mut Offer<K, V>) -> bool {
        let Some((key, value)) = offer.both() else { return false };
        // SAFETY: there is a key and a value, and the offer forgets them.
        unsafe { self.push(key, value) }
        offer.forget();
        true
    }

    /// Adds an entry whose value is in a box.
    pub(crate) fn push_boxed(&mut self, key: K, value: Box<V>) {
        let (key, value) = (ManuallyDrop::new(key), Box::into_raw(value));
        // SAFETY: both are valid. The key is not dropped, and the box is freed without its value.
        unsafe {
            self.push(&raw const *key, value);
            drop(Box::from_raw(value.cast::<MaybeUninit<V>>()));
        }
    }

    /// Adds the entry that is handed out, if there is one.
    pub(crate) fn push_handed(&mut self, mut handed: Handed<K, V>) {
        if mem::take(&mut handed.is_there) {
            let entry = handed.entry.as_ptr();
            // SAFETY: there was an entry, which does not count any more.
            unsafe { self.push(&raw const (*entry).0, &raw const (*entry).1) }
        }
    }

    /// Adds all of others.
    pub(crate) fn append(&mut self, others: &mut Self) {
        // Whatever happens, none of them exists twice.
        let count = mem::take(&mut others.len);
        for index in 0..count {
            let entry = others.entry(index);
            // SAFETY: there were so many, which are not counted any more.
            unsafe { self.push(&raw const (*entry).0, &raw const (*entry).1) }
        }
        others.end(count);
    }

    /// # Safety
    ///
    /// There must be a key and a value, which are not used as such any more.
    #[inline]
    unsafe fn push(&mut self, key: *const K, value: *const V) {
        if self.len > 0 {
            // SAFETY: the caller's promise.
            return unsafe { self.push_to_rest(key, value) };
        }
        self.len = 1;
        let place = self.first.as_mut_ptr();
        // SAFETY: the caller's promise. The place is valid for writes, and apart from what comes.
        unsafe {
            ptr::copy_nonoverlapping(key, &raw mut (*place).0, 1);
            ptr::copy_nonoverlapping(value, &raw mut (*place).1, 1);
        }
    }

    /// As [`push`](Removed::push), where there is an entry. (What is lent to this call does not leave it, so that
    /// callers who know that there is none keep all in registers.)
    ///
    /// # Safety
    ///
    /// As of `push`.
    #[cold]
    #[inline(never)]
    unsafe fn push_to_rest(&mut self, key: *const K, value: *const V) {
        let index = self.len - 1;
        if index == 0 {
            self.rest.write(Vec::new());
        }
        // SAFETY: the vector is there from the second entry on, and has `index` elements, which may be anything; after
        // `reserve` there is room for another one. The rest is the caller's promise.
        unsafe {
            let rest = self.rest.assume_init_mut();
            rest.reserve(1);
            let place = rest.as_mut_ptr().add(index).cast::<(K, V)>();
            ptr::copy_nonoverlapping(key, &raw mut (*place).0, 1);
            ptr::copy_nonoverlapping(value, &raw mut (*place).1, 1);
            rest.set_len(index + 1);
        }
        self.len += 1;
    }

    /// Takes out the entry that was added last, with its value in a box.
    pub(crate) fn pop_boxed(&mut self) -> Option<(K, Box<V>)> {
        let last = self.len.checked_sub(1)?;
        let mut value = Box::<V>::new_uninit();
        self.len = last;
        // SAFETY: there was such an entry, and it is not counted any more. Each part is moved once.
        let entry = unsafe {
            let entry = self.entry(last);
            ptr::copy_nonoverlapping(&raw const (*entry).1, value.as_mut_ptr(), 1);
            ((&raw const (*entry).0).read(), value.assume_init())
        };
        self.end_at(last);
        Some(entry)
    }

    /// All of them.
    pub(crate) fn into_vec(mut self) -> Vec<(K, V)> {
        let count = mem::take(&mut self.len);
        let mut entries = Vec::<(K, V)>::with_capacity(count);
        for index in 0..count {
            // SAFETY: there were so many, which are not counted any more, and there is room for them.
            unsafe { ptr::copy_nonoverlapping(self.entry(index), entries.as_mut_ptr().add(index), 1) }
        }
        // SAFETY: so many were moved there.
        unsafe { entries.set_len(count) }
        self.end(count);
        entries
    }

    /// Drops all, keys and values apart.
    pub(crate) fn drop_each(&mut self, drops: &mut Drops) {
        // Whatever panics, nothing is dropped twice.
        let count = mem::take(&mut self.len);
        if needs_drop::<(K, V)>() {
            for index in 0..count {
                let entry = self.entry(index);
                // SAFETY: there is an entry.
                let (key, value) = unsafe { (&raw mut (*entry).0, &raw mut (*entry).1) };
                let (mut key, mut value) = (Some(key), Some(value));
                drops.watch_call(&mut || {
                    if let Some(key) = key.take() {
                        // SAFETY: there were so many entries, which are not counted any more. It is dropped once.
                        unsafe { key.drop_in_place() }
                    }
                });
                drops.watch_call(&mut || {
                    if let Some(value) = value.take() {
                        // SAFETY: as above.
                        unsafe { value.drop_in_place() }
                    }
                });
            }
        }
        self.end(count);
    }

    #[cold]
    #[inline(never)]
    fn drop_left(&mut self) {
        let mut drops = Drops::default();
        self.drop_each(&mut drops);
        drops.end();
    }

    /// Where an entry is, if there are so many.
    #[inline]
    fn entry(&mut self, index: usize) -> *mut (K, V) {
        match index.checked_sub(1) {
            None => self.first.as_mut_ptr(),
            // SAFETY: with a second entry there is a vector.
            Some(index) => unsafe { self.rest.assume_init_mut().as_mut_ptr().wrapping_add(index).cast() },
        }
    }

    /// There were so many, and there is none.
    #[inline]
    fn end(&mut self, count: usize) {
        if count > 1 {
            // SAFETY: it is there from the second entry on, and drops no entries.
            unsafe { self.rest.assume_init_drop() }
        }
    }

    /// The last one was taken out, so that there are so many.
    #[inline]
    fn end_at(&mut self, count: usize) {
        if count > 0 {
            self.end_in_rest(count);
        }
    }

    #[cold]
    #[inline(never)]
    fn end_in_rest(&mut self, count: usize) {
        if count == 1 {
            self.end(2);
        } else {
            // SAFETY: it is there from the second entry on, and has an element more than this.
            unsafe { self.rest.assume_init_mut().set_len(count - 1) }
        }
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

/// An entry that a call takes out and hands out. It is moved as one of [`Removed`] is.
pub(crate) struct Handed<K, V> {
    is_there: bool,
    entry: MaybeUninit<(K, V)>,
}

impl<K, V> Handed<K, V> {
    /// None yet.
    #[inline]
    pub(crate) fn new() -> Self {
        Handed { is_there: false, entry: MaybeUninit::uninit() }
    }

    /// Moves the entry of a slot here. If there is one here, that is leaked.
    ///
    /// # Safety
    ///
    /// There must be an entry in the slot, which is not used as such any more.
    #[inline]
    pub(super) unsafe fn put(&mut self, pair: *const Pair<K, V>) {
        let place = self.entry.as_mut_ptr();
        // SAFETY: the caller's promise. The place is valid for writes, and apart from the slot.
        unsafe {
            ptr::copy_nonoverlapping(&raw const (*pair).key, &raw mut (*place).0, 1);
            ptr::copy_nonoverlapping(&raw const (*pair).value, &raw mut (*place).1, 1);
        }
        self.is_there = true;
    }

    /// The entry, if there is one.
    #[inline]
    pub(crate) fn take(&mut self) -> Option<(K, V)> {
        if !mem::take(&mut self.is_there) {
            return None;
        }
        // SAFETY: there was one, which does not count any more.
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

impl<K, V> Drop for Handed<K, V> {
    #[inline]
    fn drop(&mut self) {
        if needs_drop::<(K, V)>() && self.is_there {
            // SAFETY: there is an entry, and nobody takes it any more.
            unsafe { self.entry.assume_init_drop() }
        }
    }
}
