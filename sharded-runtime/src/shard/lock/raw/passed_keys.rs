//! Keys that an entry passes to the one that replaces it, rather than that they are cloned.
//!
//! Readers may still compare the key of the old entry. So the bits of one key are in two entries for a while, and only
//! the later entry drops it. This is right for types that have no interior mutability, so that nobody changes those
//! bits or what they own. No trait says that of a type, so here is a list.
//!
//! The old entry is retired before the later one is, so nobody reads it any more when the key is dropped.

use std::{
    any::TypeId,
    marker::PhantomData,
    mem::{self, ManuallyDrop},
};

/// Makes a key that owns nothing.
pub(crate) type Vacant<K> = fn() -> K;

/// What takes the place of a key that was passed on, if keys of this type are.
pub(in super::super) fn vacant<K>() -> Option<Vacant<K>> {
    if is::<K, String>() {
        return Some(|| same(String::new()));
    }
    if is::<K, Vec<u8>>() {
        return Some(|| same(Vec::<u8>::new()));
    }
    None
}

/// Whether two types are the same. `U` has no lifetime, so types that differ in a lifetime alone are not mistaken.
fn is<T, U: 'static>() -> bool {
    trait Identity {
        fn identity(&self) -> TypeId
        where
            Self: 'static;
    }
    impl<T> Identity for PhantomData<T> {
        fn identity(&self) -> TypeId
        where
            Self: 'static,
        {
            TypeId::of::<T>()
        }
    }
    let it: &dyn Identity = &PhantomData::<T>;
    // SAFETY: the reference is used here alone, and only for a number, so it does not matter how long what it could
    // lead to lives.
    let it = unsafe { mem::transmute::<&dyn Identity, &(dyn Identity + 'static)>(it) };
    it.identity() == TypeId::of::<U>()
}

/// Returns a value as one of the type that it has.
///
/// # Panics
///
/// If the types differ.
fn same<T: 'static, U>(value: T) -> U {
    assert!(is::<U, T>(), "the types are the same");
    let value = ManuallyDrop::new(value);
    // SAFETY: the types are the same, and the value is moved.
    unsafe { mem::transmute_copy::<ManuallyDrop<T>, U>(&value) }
}

#[cfg(test)]
mod tests {
    use super::vacant;
    use std::{cell::RefCell, sync::Arc};

    #[test]
    fn only_types_of_the_list_are_passed() {
        assert_eq!(vacant::<String>().map(|make| make()), Some(String::new()));
        assert_eq!(vacant::<Vec<u8>>().map(|make| make()), Some(Vec::new()));
        assert!(vacant::<u64>().is_none());
        assert!(vacant::<Vec<RefCell<u8>>>().is_none());
        assert!(vacant::<(String, u8)>().is_none());
        assert!(vacant::<&'static str>().is_none());
        assert!(vacant::<Arc<str>>().is_none());
    }

    /// A type with a lifetime can be asked about, whatever the lifetime.
    #[test]
    fn a_key_may_borrow() {
        fn of<'a>(_: &'a str) -> bool {
            vacant::<&'a str>().is_some()
        }
        assert!(!of(&String::from("not static")));
    }
}
