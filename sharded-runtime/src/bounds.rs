//! The bounds of keys and values, and a token for methods that only this crate may call.

use std::hash::Hash;

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

/// An argument that only this crate can name. So only this crate can call or override the methods of public traits that
/// take it.
#[derive(Debug)]
pub struct Token;
