//! The values of several locks that a thread holds at the same time.

use smallvec::SmallVec;
use std::{any::TypeId, marker::PhantomData, ptr::NonNull};

/// The values of the locks that this thread holds, in the order in which they were taken.
///
/// A lock passes its value to a closure. Code that takes several locks, in an order that is known only at run time,
/// runs in nested closures. This gives the innermost closure access to all values.
///
/// Each call of `scope` has a lifetime of its own.
#[derive(Debug)]
pub struct Lent<'s> {
    values: SmallVec<[Value; 8]>,
    scope: PhantomData<fn(&'s ()) -> &'s ()>,
}

/// The value of a lock.
#[derive(Clone, Copy, Debug)]
struct Value {
    address: NonNull<()>,
    type_id: TypeId,
    is_exclusive: bool,
}

// What makes this sound:
//
// - A value is in `values` only during the call of `lend` that added it: `Taken` removes it, also on a panic.
// - No reference to it outlives that call. The closure of the call must accept a `&mut Lent` of any lifetime, and
//   references from it borrow from that. During the call, the caller's own `Lent` is borrowed.
// - The `values` of two scopes can't be swapped, since their types differ, and each scope has one `Lent`.
// - `&mut Lent` gives one exclusive reference, `&Lent` only shared ones. An exclusive value is not in `values` twice,
//   since `lend` has the only reference to it until the call returns.

impl Lent<'_> {
    /// Runs a closure in a new scope without values.
    #[inline]
    pub(crate) fn scope<R>(run: impl for<'n> FnOnce(&mut Lent<'n>) -> R) -> R {
        run(&mut Lent { values: SmallVec::new(), scope: PhantomData })
    }

    /// Adds this value as the last one while a closure runs.
    #[inline]
    pub(crate) fn lend<T: 'static, R>(&mut self, value: &mut T, run: impl FnOnce(&mut Self) -> R) -> R {
        self.add(Value { address: NonNull::from(value).cast(), type_id: TypeId::of::<T>(), is_exclusive: true }, run)
    }

    /// As [`lend`](Lent::lend), for reading only.
    #[inline]
    pub(crate) fn lend_shared<T: 'static, R>(&mut self, value: &T, run: impl FnOnce(&mut Self) -> R) -> R {
        self.add(Value { address: NonNull::from(value).cast(), type_id: TypeId::of::<T>(), is_exclusive: false }, run)
    }

    #[inline]
    fn add<R>(&mut self, value: Value, run: impl FnOnce(&mut Self) -> R) -> R {
        struct Taken<'a, 's>(&'a mut Lent<'s>);
        impl Drop for Taken<'_, '_> {
            #[inline]
            fn drop(&mut self) {
                self.0.values.pop();
            }
        }
        self.values.push(value);
        let taken = Taken(self);
        run(&mut *taken.0)
    }

    /// The `nth` value, counted from zero.
    ///
    /// # Panics
    ///
    /// If there are fewer values, or if it has another type.
    #[inline]
    pub(crate) fn get<T: 'static>(&self, nth: usize) -> &T {
        let value = self.values[nth];
        assert!(value.type_id == TypeId::of::<T>(), "{OTHER}");
        // SAFETY: it is a `T` that is lent as long as this can be used, see above. While `self` is shared, there is no
        // exclusive reference to it.
        unsafe { value.address.cast().as_ref() }
    }

    /// As [`get`](Lent::get), for changing.
    ///
    /// # Panics
    ///
    /// As there, or if the value is for reading only.
    #[inline]
    pub(crate) fn get_mut<T: 'static>(&mut self, nth: usize) -> &mut T {
        let value = self.values[nth];
        assert!(value.type_id == TypeId::of::<T>() && value.is_exclusive, "{OTHER}");
        // SAFETY: it is a `T` that is lent for changing as long as this can be used, see above. While `self` is
        // borrowed, there is no other reference to any of the values.
        unsafe { value.address.cast().as_mut() }
    }
}

const OTHER: &str = "the lock has a value of another type";

#[cfg(test)]
mod tests {
    use super::Lent;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    #[test]
    fn the_innermost_closure_finds_all_values() {
        let (mut number, text, mut more) = (1_u32, String::from("ada"), vec![1_u8]);
        Lent::scope(|lent| {
            lent.lend(&mut number, |lent| {
                lent.lend_shared(&text, |lent| {
                    lent.lend(&mut more, |lent| {
                        *lent.get_mut::<u32>(0) += 1;
                        let (number, text) = (lent.get::<u32>(0), lent.get::<String>(1));
                        assert_eq!((*number, text.as_str()), (2, "ada"));
                        lent.get_mut::<Vec<u8>>(2).push(2);
                    });
                });
                assert_eq!(lent.values.len(), 1);
            });
        });
        assert_eq!((number, more), (2, vec![1, 2]));
    }

    #[test]
    fn only_lent_values_are_given() {
        let gives =
            |run: &dyn Fn(&mut Lent<'_>)| catch_unwind(AssertUnwindSafe(|| Lent::scope(|lent| run(lent)))).is_ok();
        assert!(gives(&|lent| lent.lend_shared(&1_u32, |lent| assert_eq!(lent.get::<u32>(0), &1))));
        assert!(!gives(&|lent| lent.lend_shared(&1_u32, |lent| *lent.get_mut::<u32>(0) = 2)), "shared");
        assert!(!gives(&|lent| lent.lend_shared(&1_u32, |lent| assert_eq!(lent.get::<i32>(0), &1))), "another type");
        assert!(!gives(&|lent| lent.lend_shared(&1_u32, |lent| assert_eq!(lent.get::<u32>(1), &1))), "too few");
        assert!(
            gives(&|lent| {
                let panics = catch_unwind(AssertUnwindSafe(|| lent.lend_shared(&1_u32, |_| panic!("it passes"))));
                assert!(panics.is_err() && lent.values.is_empty());
            }),
            "after a panic nothing is lent"
        );
    }
}
