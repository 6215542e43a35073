//! Errors of saving and restoring.

use std::{error::Error, fmt, io};

/// Why [`save`](super::Snapshot::save) failed. No live entry has changed. The bytes written so far can't be restored.
///
/// # Examples
///
/// ```
/// use sharded::{sharded, snapshot::{SaveError, Snapshot}};
/// use std::collections::HashMap;
///
/// #[sharded(snapshot, ttl = "1h")]
/// struct Shop {
///     carts: HashMap<u64, String>,
/// }
/// let mut too_small = [0; 10];
/// let error = Shop::new().save(&mut too_small[..]).unwrap_err();
/// assert!(matches!(error, SaveError::Io(_)));
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum SaveError {
    /// The writer failed.
    Io(io::Error),
    /// A key or a value refused to be serialized, or can't be [read back](super#what-cant-be-saved), so the file could
    /// not be restored.
    Entry {
        /// Its field.
        field: &'static str,
        /// The error of its `Serialize` or its `Deserialize`.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A key or a value is nested too deeply to be restored: more than 1023 sequences, maps, structs and tuples within
    /// each other, or more than 4096 of these and of variants that hold a value.
    TooDeep {
        /// Its field.
        field: &'static str,
    },
}

/// Why [`restore`](super::Snapshot::restore) failed. The store has not changed.
///
/// # Examples
///
/// ```
/// use sharded::{sharded, snapshot::{RestoreError, Snapshot}};
/// use std::collections::HashMap;
///
/// #[sharded(snapshot, ttl = "1h")]
/// struct Shop {
///     carts: HashMap<u64, String>,
/// }
/// let shop = Shop::new();
/// shop.carts().insert(1, "apple".to_owned());
/// let mut file = Vec::new();
/// shop.save(&mut file)?;
///
/// let half = &file[..file.len() / 2];
/// assert!(matches!(shop.restore(half), Err(RestoreError::Truncated)));
/// assert!(matches!(shop.restore(&b"something else"[..]), Err(RestoreError::NotASnapshot)));
/// # Ok::<(), sharded::snapshot::SaveError>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum RestoreError {
    /// The reader failed.
    Io(io::Error),
    /// It does not begin like a snapshot.
    NotASnapshot,
    /// A later version of this crate saved it, in a format that this one does not know.
    NewerVersion {
        /// The version of its format. This crate knows versions up to
        /// [`FORMAT_VERSION`](super::bounds::FORMAT_VERSION).
        version: u32,
    },
    /// It ends too early.
    Truncated,
    /// It is damaged, or other bytes follow it.
    Damaged {
        /// The position, in bytes, of the part with a wrong checksum. A part has 64 KiB.
        at: u64,
    },
    /// It has a field that the store lacks, whose entries would be lost.
    UnknownField {
        /// The name of that field.
        field: String,
    },
    /// It lacks the field that should be restored.
    MissingField {
        /// The name of that field.
        field: &'static str,
    },
    /// The `Deserialize` of a key or a value refused it. The other fields can be restored one by one, by
    /// [`ShardedMap::restore`](crate::ShardedMap::restore).
    Entry {
        /// Its field.
        field: &'static str,
        /// The number of the entry in its field, from zero, in the order of the file.
        number: u64,
        /// The error of its `Deserialize`.
        source: Box<dyn Error + Send + Sync>,
    },
}

impl fmt::Display for SaveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SaveError::Io(_) => f.write_str("the snapshot can't be written"),
            SaveError::Entry { field, .. } => write!(f, "an entry of `{field}` can't be serialized"),
            SaveError::TooDeep { field } => {
                write!(f, "an entry of `{field}` is nested too deeply: it could not be restored again")
            }
        }
    }
}

impl Error for SaveError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            SaveError::Io(error) => Some(error),
            SaveError::Entry { source, .. } => Some(&**source),
            SaveError::TooDeep { .. } => None,
        }
    }
}

impl From<io::Error> for SaveError {
    fn from(error: io::Error) -> Self {
        SaveError::Io(error)
    }
}

impl fmt::Display for RestoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RestoreError::Io(_) => f.write_str("the snapshot can't be read"),
            RestoreError::NotASnapshot => f.write_str("this is not a snapshot"),
            RestoreError::NewerVersion { version } => {
                write!(
                    f,
                    "the snapshot is of version {version}, but this program knows none after {}",
                    super::bounds::FORMAT_VERSION
                )
            }
            RestoreError::Truncated => f.write_str("the snapshot ends too early"),
            RestoreError::Damaged { at } => {
                write!(f, "the snapshot is damaged, at byte {at} or in the 64 KiB after it")
            }
            RestoreError::UnknownField { field } => {
                write!(f, "the snapshot has a field `{field}`, which this store does not have")
            }
            RestoreError::MissingField { field } => write!(f, "the snapshot has no field `{field}`"),
            RestoreError::Entry { field, number, .. } => {
                write!(f, "entry {number} of `{field}` is not of the types declared for it")
            }
        }
    }
}

impl Error for RestoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            RestoreError::Io(error) => Some(error),
            RestoreError::Entry { source, .. } => Some(&**source),
            _ => None,
        }
    }
}

impl From<io::Error> for RestoreError {
    fn from(error: io::Error) -> Self {
        RestoreError::Io(error)
    }
}
