//! What can go wrong, as values that give back what was not stored.

use std::{error::Error, fmt};

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

/// [`insert_if_absent`](crate::ShardedMap::insert_if_absent) found the key there already.
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

// Neither shows what it gives back: keys and values need not be `Debug`, and may be secret.

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

impl<K, V> fmt::Debug for Occupied<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Occupied").finish_non_exhaustive()
    }
}

impl<K, V> fmt::Display for Occupied<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the key is there already")
    }
}

impl<K, V> Error for Occupied<K, V> {}
