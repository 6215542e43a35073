//! A row that is read.

use std::{cell::Cell, fmt};

/// A row inside [`observe`](fn@super::observe): a key and the value that it has.
///
/// # Examples
///
/// ```
/// # use sharded::sharded;
/// # use std::collections::HashMap;
/// # #[sharded(ttl = "1h")]
/// # struct Shop { names: HashMap<String, u32> }
/// let shop = Shop::new();
/// shop.names().insert("ada".to_owned(), 36);
/// let text = sharded::observe(shop.names().row("ada"), |ada| format!("{}: {:?}", ada.key(), ada.get()));
/// assert_eq!(text, "ada: Some(36)");
/// ```
pub struct RowRef<'t, Q: ?Sized, V> {
    key: &'t Q,
    value: Option<&'t V>,
    is_used: &'t Cell<bool>,
}

impl<'t, Q: ?Sized, V> RowRef<'t, Q, V> {
    #[inline]
    pub(super) fn new(key: &'t Q, value: Option<&'t V>, is_used: &'t Cell<bool>) -> Self {
        RowRef { key, value, is_used }
    }

    /// The key, as it was given to [`row`](crate::ShardedMap::row).
    ///
    /// # Examples
    ///
    /// See [`RowRef`].
    #[must_use]
    pub fn key(&self) -> &'t Q {
        self.key
    }

    /// The value. `None` if there is none, or it has expired. This is a use of the entry.
    ///
    /// # Examples
    ///
    /// See [`RowRef`].
    #[inline]
    #[must_use]
    pub fn get(&self) -> Option<&'t V> {
        self.is_used.set(true);
        self.value
    }
}

/// Not the key and the value, which may be secret.
impl<Q: ?Sized, V> fmt::Debug for RowRef<'_, Q, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RowRef").field("is_there", &self.value.is_some()).finish_non_exhaustive()
    }
}
