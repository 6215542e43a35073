/// Why an entry left its map.
///
/// # Examples
///
/// ```
/// use sharded::Cause;
///
/// assert!(Cause::Expired.is_automatic());
/// assert!(!Cause::Removed.is_automatic());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cause {
    /// It had expired, also if a call that inserts or removes this key noticed it.
    Expired,
    /// It made room for another entry, or there was no room for it.
    Evicted,
    /// Its value was replaced by another one. A change in place is no removal.
    Replaced,
    /// A call removed it: [`remove`](crate::ShardedMap::remove) and its variants,
    /// [`retain`](crate::ShardedMap::retain), [`compute`](crate::ShardedMap::compute),
    /// [`drain`](crate::ShardedMap::drain).
    Removed,
    /// [`clear`](crate::ShardedMap::clear) or [`invalidate_all`](crate::ShardedMap::invalidate_all) removed it.
    Cleared,
}

impl Cause {
    /// Whether the map removed the entry by itself, because it had expired or had to make room. Otherwise a call asked
    /// for it.
    ///
    /// # Examples
    ///
    /// See [`Cause`].
    #[must_use]
    pub fn is_automatic(self) -> bool {
        matches!(self, Cause::Expired | Cause::Evicted)
    }
}
