//! Errors. They give back keys and values that were not stored.

use std::{error::Error, fmt, sync::Arc};

/// [`try_insert`](crate::ShardedMap::try_insert) found no room for an entry.
///
/// # Examples
///
/// ```
/// # use sharded::sharded;
/// # use std::collections::HashMap;
/// #[sharded]
/// struct Flight {
///     #[shard(capacity = 1, shards = 1, evict = Reject)]
///     seats: HashMap<u8, String>,
/// }
/// let flight = Flight::new();
/// flight.seats().try_insert(1, "ada".to_owned()).unwrap();
/// let refused = flight.seats().try_insert(2, "bob".to_owned()).unwrap_err();
/// assert_eq!((refused.key, refused.value.as_str()), (2, "bob"));
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Refused<K, V> {
    /// The key, given back.
    pub key: K,
    /// The value, given back.
    pub value: V,
}

/// [`insert_many`](crate::ShardedMap::insert_many) found no room for some entries.
///
/// # Examples
///
/// ```
/// # use sharded::sharded;
/// # use std::collections::HashMap;
/// #[sharded]
/// struct Flight {
///     #[shard(capacity = 1, shards = 1, evict = Reject)]
///     seats: HashMap<u8, String>,
/// }
/// let flight = Flight::new();
/// let entries = [(1, "ada"), (2, "bob"), (1, "eve")].map(|(seat, name)| (seat, name.to_owned()));
/// let error = flight.seats().insert_many(entries).unwrap_err();
/// assert_eq!(error.to_string(), "the map has no room for 1 of 3 entries");
/// assert_eq!((error.refused[0].key, error.refused[0].value.as_str()), (2, "bob"));
/// assert_eq!(error.replaced, [None, None, Some("ada".to_owned())]);
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct RefusedMany<K, V> {
    /// The entries that found no room, given back in their order.
    pub refused: Vec<Refused<K, V>>,
    /// For each entry of the call, in their order, the value that it replaced. It is `None` for an entry that was new
    /// or refused.
    pub replaced: Vec<Option<V>>,
}

/// [`insert_if_absent`](crate::ShardedMap::insert_if_absent) found an entry with the key.
///
/// # Examples
///
/// ```
/// # use sharded::sharded;
/// # use std::collections::HashMap;
/// #[sharded(ttl = "1h")]
/// struct Names {
///     taken: HashMap<String, u32>,
/// }
/// let names = Names::new();
/// names.taken().insert_if_absent("ada".to_owned(), 1).unwrap();
/// let occupied = names.taken().insert_if_absent("ada".to_owned(), 2).unwrap_err();
/// assert_eq!(occupied.value, 2);
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Occupied<K, V> {
    /// The key, given back.
    pub key: K,
    /// The value, given back.
    pub value: V,
}

/// A value could not be loaded, by [`get_or_try_insert_with`](crate::ShardedMap::get_or_try_insert_with) or its async
/// form.
///
/// It has the same text and source as the error of the loader.
///
/// # Examples
///
/// ```
/// use sharded::{LoadError, sharded};
/// use std::collections::HashMap;
///
/// #[sharded(ttl = "1h")]
/// struct Names {
///     ages: HashMap<String, u32>,
/// }
/// let names = Names::new();
/// let load = |key: &str| names.ages().get_or_try_insert_with(key.to_owned(), || Err("no such name"));
/// assert_eq!(load("ada").unwrap_err().failure(), Some(&"no such name"));
///
/// let ages = names.ages();
/// let asks_itself = ages.get_or_try_insert_with("bob".to_owned(), || ages.get_or_try_insert_with("bob".to_owned(), || Ok(1)));
/// let LoadError::Failed(inner) = asks_itself.unwrap_err() else { unreachable!() };
/// assert_eq!(*inner, LoadError::<()>::Recursive);
/// ```
#[derive(Debug, PartialEq, Eq)]
pub enum LoadError<E> {
    /// The loader failed. All callers that waited for it get the same error.
    Failed(Arc<E>),
    /// The loader asked for its own key, or for one whose loader waits for it. It would have waited for ever.
    Recursive,
}

impl<E> LoadError<E> {
    /// The error of the loader, or `None` if the load was [`Recursive`](LoadError::Recursive).
    ///
    /// # Examples
    ///
    /// See [`LoadError`].
    #[must_use]
    pub fn failure(&self) -> Option<&E> {
        match self {
            LoadError::Failed(error) => Some(error),
            LoadError::Recursive => None,
        }
    }

    /// The error of the loader, shared with all callers that waited for it, or `None` if the load was
    /// [`Recursive`](LoadError::Recursive).
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::LoadError;
    /// # use std::sync::Arc;
    /// let error = LoadError::Failed(Arc::new("no such name"));
    /// assert_eq!(error.into_failure().as_deref(), Some(&"no such name"));
    /// ```
    #[must_use]
    pub fn into_failure(self) -> Option<Arc<E>> {
        match self {
            LoadError::Failed(error) => Some(error),
            LoadError::Recursive => None,
        }
    }
}

/// A [`LoadError`] that is an [`Error`] although the error of the loader is none itself, such as `anyhow::Error` or a
/// `Box<dyn Error + Send + Sync>`: see [`LoadError::into_error`].
///
/// # Examples
///
/// See [`LoadError::into_error`].
pub struct SharedError<E>(LoadError<E>);

impl<E> LoadError<E>
where
    E: AsRef<dyn Error + Send + Sync>,
{
    /// An error that `?` passes on, where the error of the loader is not an [`Error`] itself, such as `anyhow::Error`
    /// or a `Box<dyn Error + Send + Sync>`. It displays as that error does, and has the same source.
    ///
    /// Other load errors are [`Error`]s if that of the loader is one, so `?` passes them on as they are.
    ///
    /// # Examples
    ///
    /// ```
    /// use sharded::{LoadError, sharded};
    /// use std::{collections::HashMap, error::Error};
    ///
    /// #[sharded(ttl = "1h")]
    /// struct Names {
    ///     ages: HashMap<String, u32>,
    /// }
    ///
    /// fn load(name: &str) -> Result<u32, Box<dyn Error + Send + Sync>> {
    ///     Ok(name.parse()?)
    /// }
    ///
    /// fn age(names: &Names, name: &str) -> Result<u32, Box<dyn Error + Send + Sync>> {
    ///     Ok(names.ages().get_or_try_insert_ref(name, || load(name)).map_err(LoadError::into_error)?)
    /// }
    /// assert_eq!(age(&Names::new(), "many").unwrap_err().to_string(), "invalid digit found in string");
    /// ```
    #[must_use]
    pub fn into_error(self) -> SharedError<E> {
        SharedError(self)
    }
}

impl<E: fmt::Debug> fmt::Debug for SharedError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<E: fmt::Display> fmt::Display for SharedError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<E> Error for SharedError<E>
where
    E: AsRef<dyn Error + Send + Sync> + fmt::Debug + fmt::Display,
{
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0 {
            LoadError::Failed(error) => (**error).as_ref().source(),
            LoadError::Recursive => None,
        }
    }
}

impl<E> Clone for LoadError<E> {
    fn clone(&self) -> Self {
        match self {
            LoadError::Failed(error) => LoadError::Failed(Arc::clone(error)),
            LoadError::Recursive => LoadError::Recursive,
        }
    }
}

impl<E: fmt::Display> fmt::Display for LoadError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LoadError::Failed(error) => error.fmt(f),
            LoadError::Recursive => f.write_str("a loader asked for a key whose load waits for that loader"),
        }
    }
}

impl<E: Error> Error for LoadError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            LoadError::Failed(error) => error.source(),
            LoadError::Recursive => None,
        }
    }
}

/// A field already has its removal listener, by [`on_removal`](crate::ShardedMap::on_removal) or
/// [`removals`](crate::ShardedMap::removals).
///
/// # Examples
///
/// ```
/// # use sharded::sharded;
/// # use std::collections::HashMap;
/// #[sharded(ttl = "1h")]
/// struct Shop {
///     carts: HashMap<u64, String>,
/// }
/// let shop = Shop::new();
/// shop.carts().on_removal(|id, _, _| println!("{id}")).unwrap();
/// let second = shop.carts().on_removal(|id, _, cause| println!("{id}: {cause:?}")).unwrap_err();
/// assert_eq!(second.to_string(), "the field has a removal listener already");
/// let _given_back = second.listener;
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct HasListener<L> {
    /// The listener that was not registered, given back.
    pub listener: L,
}

// `Debug` never shows what an error gives back: keys, values and closures need not be `Debug`, and may be secret.

impl<K, V> fmt::Debug for Refused<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refused").finish_non_exhaustive()
    }
}

impl<K, V> fmt::Display for Refused<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the map is full and its policy evicts nothing")
    }
}

impl<K, V> Error for Refused<K, V> {}

impl<K, V> fmt::Debug for RefusedMany<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefusedMany").field("len", &self.refused.len()).finish_non_exhaustive()
    }
}

impl<K, V> fmt::Display for RefusedMany<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the map has no room for {} of {} entries", self.refused.len(), self.replaced.len())
    }
}

impl<K, V> Error for RefusedMany<K, V> {}

impl<K, V> fmt::Debug for Occupied<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Occupied").finish_non_exhaustive()
    }
}

impl<K, V> fmt::Display for Occupied<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the key already has an entry")
    }
}

impl<K, V> Error for Occupied<K, V> {}

impl<L> fmt::Debug for HasListener<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HasListener").finish_non_exhaustive()
    }
}

impl<L> fmt::Display for HasListener<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the field has a removal listener already")
    }
}

impl<L> Error for HasListener<L> {}
