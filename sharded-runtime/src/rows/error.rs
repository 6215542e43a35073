//! Why a transaction has changed nothing.

use std::{error::Error, fmt};

/// A [`transaction`](fn@super::transaction) has changed nothing.
///
/// # Examples
///
/// ```
/// # use sharded::sharded;
/// # use std::collections::HashMap;
/// use sharded::TransactionError;
///
/// #[sharded]
/// struct Flight {
///     #[shard(capacity = 1, shards = 1, evict = Reject)]
///     seats: HashMap<u8, String>,
/// }
/// let flight = Flight::new();
/// let seats = flight.seats();
/// let error = sharded::transaction((seats.row(&1), seats.row(&2)), |(first, second)| {
///     first.insert("ada".to_owned());
///     second.insert("bob".to_owned());
///     Ok::<_, std::io::Error>(())
/// })
/// .unwrap_err();
/// assert_eq!(error.to_string(), "the map `seats` has no room for the entries of the transaction");
/// let TransactionError::Refused { values, .. } = error else { unreachable!() };
/// let (first, second) = *values;
/// assert_eq!((first.as_deref(), second.as_deref()), (Some("ada"), Some("bob")));
/// assert!(seats.is_empty());
/// ```
#[derive(Clone, PartialEq, Eq)]
pub enum TransactionError<E, V> {
    /// The closure returned this error.
    Failed(E),
    /// A map had no room for a new entry: its capacity is full and [`Reject`](crate::evict::Reject) evicts nothing, or
    /// no entry may be evicted, or the entry is heavier than the whole capacity.
    Refused {
        /// The name of the map.
        map: &'static str,
        /// The values that were to be stored, given back in the arrangement of the rows: an `Option` for each row.
        values: Box<V>,
    },
    /// Another entry has an index key of a new value, in a [unique index](crate::index#unique-indexes).
    Taken {
        /// The name of the index.
        index: &'static str,
        /// The values that were to be stored, given back in the arrangement of the rows: an `Option` for each row.
        values: Box<V>,
    },
}

impl<E, V> TransactionError<E, V> {
    /// The error of the closure. `None` if there was no room, or if an index key was taken.
    ///
    /// # Examples
    ///
    /// See [`rows`](crate::rows).
    #[must_use]
    pub fn into_failure(self) -> Option<E> {
        match self {
            TransactionError::Failed(error) => Some(error),
            TransactionError::Refused { .. } | TransactionError::Taken { .. } => None,
        }
    }
}

// `Debug` does not show the values, which need not be `Debug` and may be secret.
impl<E: fmt::Debug, V> fmt::Debug for TransactionError<E, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TransactionError::Failed(error) => f.debug_tuple("Failed").field(error).finish(),
            TransactionError::Refused { map, .. } => {
                f.debug_struct("Refused").field("map", map).finish_non_exhaustive()
            }
            TransactionError::Taken { index, .. } => {
                f.debug_struct("Taken").field("index", index).finish_non_exhaustive()
            }
        }
    }
}

impl<E: fmt::Display, V> fmt::Display for TransactionError<E, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TransactionError::Failed(error) => error.fmt(f),
            TransactionError::Refused { map, .. } => {
                write!(f, "the map `{map}` has no room for the entries of the transaction")
            }
            TransactionError::Taken { index, .. } => {
                write!(f, "an index key in `{index}`, which is unique, is that of another entry")
            }
        }
    }
}

impl<E: Error, V> Error for TransactionError<E, V> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            TransactionError::Failed(error) => error.source(),
            TransactionError::Refused { .. } | TransactionError::Taken { .. } => None,
        }
    }
}
