//! A row inside a transaction.

use crate::{
    Policy,
    clock::Nanos,
    expiry::Expires,
    field::staged::{Staged, StagedChange},
};
use std::{fmt, marker::PhantomData, time::Duration};

/// A row inside a [`transaction`](fn@super::transaction): what its key has, and what it is to have.
///
/// The map changes only when the closure has returned `Ok`. Until then the row remembers what it is to become, and
/// shows it to this closure alone. An entry that has expired counts as absent.
///
/// # Examples
///
/// ```
/// # use sharded::sharded;
/// # use std::collections::HashMap;
/// # #[sharded(ttl = "1h")]
/// # struct Shop { names: HashMap<String, u32> }
/// let shop = Shop::new();
/// sharded::transaction(shop.names().row("ada"), |ada| {
///     assert_eq!(ada.get(), None);
///     ada.insert(36);
///     assert_eq!(ada.update(|age| { *age += 1; *age }), Some(37));
///     assert!(ada.remove());
///     assert_eq!(ada.or_insert_with(|| 38), &38);
///     Ok::<_, ()>(())
/// })
/// .unwrap();
/// assert_eq!(shop.names().get("ada"), Some(38));
/// ```
pub struct RowMut<'t, Q: ?Sized, V, P> {
    key: &'t Q,
    /// The value in the map.
    present: Option<&'t V>,
    /// The value that is to be stored.
    value: &'t mut Option<V>,
    staged: &'t mut Staged<V>,
    policy: PhantomData<fn() -> P>,
}

impl<'t, Q: ?Sized, V, P> RowMut<'t, Q, V, P> {
    #[inline]
    pub(super) fn new(key: &'t Q, present: Option<&'t V>, value: &'t mut Option<V>, staged: &'t mut Staged<V>) -> Self {
        RowMut { key, present, value, staged, policy: PhantomData }
    }

    /// The key, as it was given to [`row`](crate::ShardedMap::row).
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::sharded;
    /// # use std::collections::HashMap;
    /// # #[sharded(ttl = "1h")]
    /// # struct Shop { names: HashMap<String, u32> }
    /// let shop = Shop::new();
    /// sharded::transaction(shop.names().row("ada"), |ada| {
    ///     assert_eq!(ada.key(), "ada");
    ///     Ok::<_, ()>(())
    /// })
    /// .unwrap();
    /// ```
    #[must_use]
    pub fn key(&self) -> &'t Q {
        self.key
    }

    /// The value: what this transaction has staged, or else what is in the map. This is a use of the entry.
    ///
    /// # Examples
    ///
    /// See [`RowMut`].
    #[inline]
    #[must_use]
    pub fn get(&self) -> Option<&V> {
        self.staged.is_used.set(true);
        match self.staged.change {
            StagedChange::Keep => self.present,
            StagedChange::Put | StagedChange::Update => self.value.as_ref(),
            StagedChange::Remove => None,
        }
    }

    /// Stages a value, for the declared time to live, which begins when the transaction commits.
    ///
    /// # Examples
    ///
    /// See [`RowMut`].
    #[inline]
    pub fn insert(&mut self, value: V) {
        self.staged.put(self.value, value, None);
    }

    /// As [`insert`](RowMut::insert), with a time to live of its own, as
    /// [`insert_with_ttl`](crate::ShardedMap::insert_with_ttl) has it.
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::{clock::Manual, sharded};
    /// # use std::{collections::HashMap, time::Duration};
    /// # #[sharded(ttl = "1h")]
    /// # struct Shop { names: HashMap<String, u32> }
    /// let clock = Manual::new();
    /// let shop = Shop::builder().clock(clock.clone()).build();
    /// sharded::transaction(shop.names().row("ada"), |ada| {
    ///     ada.insert_with_ttl(36, Duration::from_secs(5));
    ///     Ok::<_, ()>(())
    /// })
    /// .unwrap();
    /// clock.advance(Duration::from_secs(5));
    /// assert_eq!(shop.names().get("ada"), None);
    /// ```
    pub fn insert_with_ttl(&mut self, value: V, ttl: Duration)
    where
        P: Policy<Expiry: Expires>,
    {
        self.staged.put(self.value, value, Some(Nanos::from_duration(ttl)));
    }

    /// Stages a change of the value, made by a closure, and returns its result. `None` if there is no value. This is a
    /// use of the entry, whose time to live does not restart, as with [`with_mut`](crate::ShardedMap::with_mut).
    ///
    /// The closure changes a copy, which takes the place of the value when the transaction commits. A value that this
    /// transaction has staged is changed as it is.
    ///
    /// # Examples
    ///
    /// See [`RowMut`].
    #[inline]
    pub fn update<T>(&mut self, change: impl FnOnce(&mut V) -> T) -> Option<T>
    where
        V: Clone,
    {
        self.staged.is_used.set(true);
        match self.staged.change {
            StagedChange::Keep => {
                let mut copy = self.present?.clone();
                let result = change(&mut copy);
                self.staged.update(self.value, copy);
                Some(result)
            }
            StagedChange::Put | StagedChange::Update => self.value.as_mut().map(change),
            StagedChange::Remove => None,
        }
    }

    /// The value, after staging `make()` if there is none. This is a use of the entry.
    ///
    /// # Examples
    ///
    /// See [`RowMut`].
    #[inline]
    pub fn or_insert_with(&mut self, make: impl FnOnce() -> V) -> &V {
        self.staged.is_used.set(true);
        if self.staged.change == StagedChange::Keep
            && let Some(present) = self.present
        {
            return present;
        }
        match &mut *self.value {
            Some(value) => value,
            none => {
                let value = none.insert(make());
                (self.staged.change, self.staged.ttl) = (StagedChange::Put, None);
                value
            }
        }
    }

    /// Stages that the entry is removed. Returns whether there was a value.
    ///
    /// # Examples
    ///
    /// See [`RowMut`].
    #[inline]
    pub fn remove(&mut self) -> bool {
        let was_there = match self.staged.change {
            StagedChange::Keep => self.present.is_some(),
            StagedChange::Put | StagedChange::Update => true,
            StagedChange::Remove => false,
        };
        self.staged.remove(self.value);
        was_there
    }
}

/// What is staged, not the key and the values, which may be secret.
impl<Q: ?Sized, V, P> fmt::Debug for RowMut<'_, Q, V, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RowMut").field("staged", &self.staged.change).finish_non_exhaustive()
    }
}
