//! The bounds of keys and values, what a borrowed key becomes, and a token for methods that only this crate may call.

use std::{borrow::Borrow, hash::Hash};

/// A type that can be a key: `Eq + Hash + Send + 'static`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be a key",
    label = "not a key",
    note = "a key is `Eq + Hash + Send + 'static`: derive `PartialEq, Eq, Hash` and hold no references"
)]
pub trait Key: Eq + Hash + Send + 'static {}
#[diagnostic::do_not_recommend]
impl<K: Eq + Hash + Send + 'static> Key for K {}

/// A type that can be a value: `Send + 'static`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be a value",
    label = "not a value",
    note = "a value is `Send + 'static`, as any thread may drop it: hold no references, and `Arc` in place of `Rc`"
)]
pub trait Value: Send + 'static {}
#[diagnostic::do_not_recommend]
impl<V: Send + 'static> Value for V {}

/// The key that is stored for a borrowed one.
///
/// The table finds the place of the entry by the borrowed key. If the owned one is not equal to it, nobody finds the
/// entry, so debug builds check that.
#[inline]
#[track_caller]
pub(crate) fn owned_key<Q: Eq + ToOwned<Owned: Borrow<Q>> + ?Sized>(key: &Q) -> Q::Owned {
    let owned = key.to_owned();
    debug_assert!(owned.borrow() == key, "`to_owned` of a key has made a key that is not equal to it");
    owned
}

/// An argument that only this crate can name. So only this crate can call or override the methods of public traits that
/// take it.
#[derive(Debug)]
pub struct Token;
