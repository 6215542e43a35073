//! What can go wrong on the way to the server.

use redis::{ErrorKind, RedisError, ServerError};
use std::{error::Error, fmt, sync::Arc, time::Duration};

/// A call of a [`TieredMap`](super::TieredMap) failed.
///
/// # Examples
///
/// ```no_run
/// # use sharded::{sharded, tier::{Redis, TierError}};
/// # use std::collections::HashMap;
/// # #[sharded]
/// # struct Shop {
/// #     #[shard(tier = Redis, ttl = "10m")]
/// #     names: HashMap<u64, String>,
/// # }
/// # async fn rename(shop: &Shop) -> Result<(), TierError> {
/// match shop.names().insert(&7, &"ada".to_owned()).await {
///     Ok(()) => println!("the server has it"),
///     Err(TierError::Unreachable { .. }) => println!("nothing was written"),
///     Err(TierError::Unknown { .. }) => println!("it may or may not be written: ask again"),
///     Err(error) => return Err(error),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum TierError {
    /// The server did not answer within the field's staleness. Nothing was written, no entry of several either.
    Unreachable {
        /// How long the call has waited.
        waited: Duration,
        /// The last error of the connection, if there was one.
        source: Option<Arc<dyn Error + Send + Sync>>,
    },
    /// A write was sent, and its answer did not come. The server may have executed it, may still do so, or may never
    /// do so. The same if some of several entries were written, and the server of others was not reached. The near
    /// cache no longer has the entries.
    Unknown {
        /// What became of the connection. `None` if the answer was only late.
        source: Option<Arc<dyn Error + Send + Sync>>,
    },
    /// What the server has under the key is not a value of this field.
    Decode {
        /// The whole key on the server. Bytes that are no text are escaped.
        key: String,
        /// The version of the value's schema, as its writer declared it. `None` if this library did not write it.
        found: Option<u32>,
        /// The version that this field declares.
        expected: u32,
        /// Why the value could not be read.
        source: Arc<dyn Error + Send + Sync>,
    },
    /// A key or a value could not be serialized, or a key does not deserialize to itself. Nothing was written.
    Encode {
        /// Why not.
        source: Arc<dyn Error + Send + Sync>,
    },
    /// The server refused the command.
    Refused {
        /// The code of its error, such as `OOM`, `NOAUTH` or `READONLY`.
        code: String,
        /// Its message.
        message: String,
    },
}

/// [`get_or_try_insert_with`](super::TieredMap::get_or_try_insert_with) has no value.
///
/// # Examples
///
/// ```no_run
/// # use sharded::{sharded, tier::{Redis, TierLoadError}};
/// # use std::{collections::HashMap, io};
/// # #[sharded]
/// # struct Shop {
/// #     #[shard(tier = Redis, ttl = "10m")]
/// #     names: HashMap<u64, String>,
/// # }
/// # async fn fetch(_: u64) -> io::Result<String> { Ok("ada".to_owned()) }
/// # async fn name(shop: &Shop) -> Option<String> {
/// match shop.names().get_or_try_insert_with(&7, || fetch(7)).await {
///     Ok(name) => Some(name.to_string()),
///     Err(TierLoadError::Failed(error)) => panic!("the source failed: {error}"),
///     Err(TierLoadError::Tier(error)) => panic!("the server failed: {error}"),
///     Err(_) => None,
/// }
/// # }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum TierLoadError<E> {
    /// The server could not be asked whether it has the value.
    Tier(TierError),
    /// The loader failed. All callers of this process that waited for it get the same error.
    Failed(Arc<E>),
    /// The loader asked for its own key, or for one whose loader waits for it.
    Recursive,
}

impl TierError {
    /// For a request that found no connection.
    pub(super) fn unreachable(waited: Duration, source: Option<RedisError>) -> Self {
        TierError::Unreachable { waited, source: source.map(|error| Arc::new(error) as Arc<_>) }
    }

    pub(super) fn unknown(source: Option<RedisError>) -> Self {
        TierError::Unknown { source: source.map(|error| Arc::new(error) as Arc<_>) }
    }

    /// For a write of several entries, of which this one failed and others were written.
    pub(super) fn of_some(self) -> Self {
        match self {
            TierError::Unreachable { source, .. } => TierError::Unknown { source },
            other => other,
        }
    }

    pub(super) fn encode(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        TierError::Encode { source: Arc::from(source.into()) }
    }

    /// For the error that the server answered.
    pub(super) fn refused(error: &ServerError) -> Self {
        TierError::Refused { code: error.code().to_owned(), message: error.details().unwrap_or_default().to_owned() }
    }

    /// For an error of a connection that was to be made.
    pub(super) fn of_connecting(error: RedisError, waited: Duration) -> Self {
        match error.kind() {
            ErrorKind::AuthenticationFailed
            | ErrorKind::InvalidClientConfig
            | ErrorKind::RESP3NotSupported
            | ErrorKind::Server(_)
            | ErrorKind::Extension => {
                TierError::Refused { code: error.code().unwrap_or("CONFIG").to_owned(), message: error.to_string() }
            }
            _ => TierError::unreachable(waited, Some(error)),
        }
    }
}

impl fmt::Display for TierError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TierError::Unreachable { waited, .. } => write!(f, "the server did not answer within {waited:?}"),
            TierError::Unknown { .. } => f.write_str("not every answer to a write came, so its outcome is unknown"),
            TierError::Decode { key, found: None, .. } => {
                write!(f, "what is stored under `{key}` was not written by this library")
            }
            TierError::Decode { key, found: Some(found), expected, .. } if found != expected => {
                write!(
                    f,
                    "the value of `{key}` has version {found} of the schema, and this field has version {expected}"
                )
            }
            TierError::Decode { key, .. } => write!(f, "the value of `{key}` can't be read"),
            TierError::Encode { .. } => f.write_str("a key or a value can't be serialized"),
            TierError::Refused { code, message } => write!(f, "the server refused the command: {code} {message}"),
        }
    }
}

impl Error for TierError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            TierError::Unreachable { source, .. } | TierError::Unknown { source } => {
                source.as_deref().map(|source| source as &(dyn Error + 'static))
            }
            TierError::Decode { source, .. } | TierError::Encode { source } => Some(&**source),
            TierError::Refused { .. } => None,
        }
    }
}

impl<E> Clone for TierLoadError<E> {
    fn clone(&self) -> Self {
        match self {
            TierLoadError::Tier(error) => TierLoadError::Tier(error.clone()),
            TierLoadError::Failed(error) => TierLoadError::Failed(Arc::clone(error)),
            TierLoadError::Recursive => TierLoadError::Recursive,
        }
    }
}

impl<E> From<TierError> for TierLoadError<E> {
    fn from(error: TierError) -> Self {
        TierLoadError::Tier(error)
    }
}

impl<E: fmt::Display> fmt::Display for TierLoadError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TierLoadError::Tier(error) => error.fmt(f),
            TierLoadError::Failed(error) => error.fmt(f),
            TierLoadError::Recursive => f.write_str("a loader asked for what waits for it"),
        }
    }
}

impl<E: Error + 'static> Error for TierLoadError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            TierLoadError::Tier(error) => error.source(),
            TierLoadError::Failed(error) => error.source(),
            TierLoadError::Recursive => None,
        }
    }
}
