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
    /// It had expired. This is also the cause where a call that stores or removes another value found that out.
    Expired,
    /// It made room for another entry, or there was no room for it.
    Evicted,
    /// Its value was replaced by another one, which was stored whole. A value that is changed in place has not left.
    Replaced,
    /// A call took it out: [`remove`](crate::ShardedMap::remove) and its kind, [`retain`](crate::ShardedMap::retain),
    /// [`compute`](crate::ShardedMap::compute), [`drain`](crate::ShardedMap::drain).
    Removed,
    /// [`clear`](crate::ShardedMap::clear) or [`invalidate_all`](crate::ShardedMap::invalidate_all) took it out.
    Cleared,
}

impl Cause {
    /// Whether the map took the entry out by itself, since it had expired or had to make room; else some call was to
    /// take it out.
    ///
    /// # Examples
    ///
    /// See [`Cause`].
    #[must_use]
    pub fn is_automatic(self) -> bool {
        matches!(self, Cause::Expired | Cause::Evicted)
    }
}
