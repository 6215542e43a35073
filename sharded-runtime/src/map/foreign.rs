//! Names that other libraries have for calls of this one.
//!
//! For a method that does not exist, the compiler offers one of a similar name, which may do something else: for
//! `invalidate(key)` it offers `invalidate_all`. It takes `#[doc(alias)]` into account for methods of the same crate
//! only, so those attributes help in the search of the documentation and nowhere else. So such a name is a method here
//! that can't be called, and the error names the call to use. These methods are hidden from the documentation and from
//! completion.
//!
//! They take `&mut self`, although they change nothing: of the methods of one name, the compiler looks for those that
//! take `self` or `&self` first. So a method of that kind in a user's trait for maps is called, and none here hides it.
//!
//! They are written out, not made by a macro, since an error would quote the whole macro. They return a type of their
//! own choice, so that no second error is about the type.

use super::sharded_map::ShardedMap;
use crate::Policy;

#[diagnostic::on_unimplemented(
    message = "no guard is handed out, so there is no `entry`: `upsert`, `with_or_insert`, `compute` and `get_or_insert_with` take closures",
    label = "a name of another library"
)]
pub trait HasEntry {}

#[diagnostic::on_unimplemented(
    message = "no guard is handed out, so there is no `get_mut`: call `with_mut(&key, |value| …)`",
    label = "a name of another library"
)]
pub trait HasGetMut {}

#[diagnostic::on_unimplemented(
    message = "no guard is handed out, so there is no `iter`: call `for_each`, `find_map` or `retain`, or `to_vec` for copies",
    label = "a name of another library"
)]
pub trait HasIter {}

#[diagnostic::on_unimplemented(
    message = "no guard is handed out, so there is no `iter_mut`: call `retain(|key, value| …)`, which may change values",
    label = "a name of another library"
)]
pub trait HasIterMut {}

#[diagnostic::on_unimplemented(
    message = "`view` is called `with` here: `with(&key, |value| …)`",
    label = "a name of another library"
)]
pub trait HasView {}

#[diagnostic::on_unimplemented(
    message = "`alter` is called `with_mut` here: `with_mut(&key, |value| …)`; or call `compute` to store a new value",
    label = "a name of another library"
)]
pub trait HasAlter {}

#[diagnostic::on_unimplemented(
    message = "`invalidate` is called `remove` here: `remove(&key)`",
    label = "a name of another library"
)]
pub trait HasInvalidate {}

#[diagnostic::on_unimplemented(message = "`entry_count` is called `len` here", label = "a name of another library")]
pub trait HasEntryCount {}

#[diagnostic::on_unimplemented(
    message = "`weighted_size` is called `weight` here",
    label = "a name of another library"
)]
pub trait HasWeightedSize {}

#[diagnostic::on_unimplemented(
    message = "no tasks are pending: expired entries are removed by writes and in the background, and by `sweep()`",
    label = "a name of another library"
)]
pub trait HasPendingTasks {}

#[diagnostic::on_unimplemented(
    message = "`get_with` is called `get_or_load_with` here, and `get_or_load_async` for a future",
    label = "a name of another library"
)]
pub trait HasGetWith {}

#[diagnostic::on_unimplemented(
    message = "`try_get_with` is called `get_or_try_insert_with` here, and `get_or_try_insert_async` for a future",
    label = "a name of another library"
)]
pub trait HasTryGetWith {}

#[diagnostic::on_unimplemented(
    message = "`optionally_get_with` is called `get_or_try_insert_with` here: return an error where there is no value",
    label = "a name of another library"
)]
pub trait HasOptionallyGetWith {}

#[doc(hidden)]
#[allow(unused_variables, clippy::unused_self, clippy::needless_pass_by_value, reason = "no method can be called")]
#[allow(
    clippy::iter_not_returning_iterator,
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    reason = "no method can be called"
)]
impl<K, V, P: Policy, S> ShardedMap<K, V, P, S> {
    pub fn entry<A, R>(&mut self, key: A) -> R
    where
        Self: HasEntry,
    {
        unreachable!()
    }

    pub fn get_mut<A, R>(&mut self, key: A) -> R
    where
        Self: HasGetMut,
    {
        unreachable!()
    }

    pub fn iter<R>(&mut self) -> R
    where
        Self: HasIter,
    {
        unreachable!()
    }

    pub fn iter_mut<R>(&mut self) -> R
    where
        Self: HasIterMut,
    {
        unreachable!()
    }

    pub fn view<A, F, R>(&mut self, key: A, read: F) -> R
    where
        Self: HasView,
    {
        unreachable!()
    }

    pub fn alter<A, F, R>(&mut self, key: A, change: F) -> R
    where
        Self: HasAlter,
    {
        unreachable!()
    }

    pub fn invalidate<A, R>(&mut self, key: A) -> R
    where
        Self: HasInvalidate,
    {
        unreachable!()
    }

    pub fn entry_count<R>(&mut self) -> R
    where
        Self: HasEntryCount,
    {
        unreachable!()
    }

    pub fn weighted_size<R>(&mut self) -> R
    where
        Self: HasWeightedSize,
    {
        unreachable!()
    }

    pub fn run_pending_tasks<R>(&mut self) -> R
    where
        Self: HasPendingTasks,
    {
        unreachable!()
    }

    pub fn get_with<A, F, R>(&mut self, key: A, load: F) -> R
    where
        Self: HasGetWith,
    {
        unreachable!()
    }

    pub fn try_get_with<A, F, R>(&mut self, key: A, load: F) -> R
    where
        Self: HasTryGetWith,
    {
        unreachable!()
    }

    pub fn optionally_get_with<A, F, R>(&mut self, key: A, load: F) -> R
    where
        Self: HasOptionallyGetWith,
    {
        unreachable!()
    }
}
