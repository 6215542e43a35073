//! The handle of a server.

use super::{error::TierError, keeper, link::Link};
use crate::builder::Given;
use redis::{Client, ConnectionInfo, IntoConnectionInfo, ProtocolVersion};
use std::{fmt, sync::Arc, time::Duration};
use tokio::task::AbortHandle;

/// A connection to a Redis or Valkey server, which tiered fields share: `tier = Redis`.
///
/// A clone is another handle of the same connection. It is closed when the last handle and the last field with it are
/// dropped. A lost connection is made again in the background, so it outlives a restart of the server.
///
/// # Examples
///
/// ```no_run
/// use sharded::{sharded, tier::Redis};
/// use std::collections::HashMap;
///
/// #[sharded]
/// struct Shop {
///     #[shard(tier = Redis, ttl = "10m")]
///     names: HashMap<u64, String>,
/// }
///
/// # async fn start() -> Result<(), sharded::tier::TierError> {
/// let redis = Redis::connect("redis://127.0.0.1:6379").await?;
/// let shop = Shop::builder().redis(redis).build();
/// shop.names().insert(&7, &"ada".to_owned()).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Redis {
    inner: Arc<Inner>,
}

struct Inner {
    link: Arc<Link>,
    prefix: String,
    lease: Duration,
    keeper: AbortHandle,
}

/// How to connect to a server: see [`Redis::options`].
///
/// # Examples
///
/// See [`Redis::options`].
#[derive(Clone, Debug)]
pub struct RedisOptions {
    prefix: String,
    database: Option<i64>,
    patience: Duration,
    lease: Duration,
}

impl Redis {
    /// Connects to the server at this URL: `redis://[user][:password@]host[:port][/database]`, or `redis+unix:///path`.
    ///
    /// It must be Redis 6 or later, or Valkey, and the primary. The call needs a tokio runtime, on which the task lives
    /// that keeps the connection.
    ///
    /// # Errors
    ///
    /// [`TierError::Unreachable`] if there is no connection within five seconds, [`TierError::Refused`] if the URL, the
    /// user or the password is wrong, or if the server is too old or a replica.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    ///
    /// # Examples
    ///
    /// See [`Redis`].
    pub async fn connect(url: &str) -> Result<Redis, TierError> {
        Redis::options().connect(url).await
    }

    /// What is not in the URL.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use sharded::tier::Redis;
    /// use std::time::Duration;
    ///
    /// # async fn start() -> Result<(), sharded::tier::TierError> {
    /// let options = Redis::options().prefix("staging:").database(2).patience(Duration::from_secs(1));
    /// let redis = options.lease(Duration::from_secs(30)).connect("redis://127.0.0.1").await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn options() -> RedisOptions {
        RedisOptions {
            prefix: String::new(),
            database: None,
            patience: Duration::from_secs(5),
            lease: Duration::from_secs(10),
        }
    }

    /// Whether there is a connection now.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # use sharded::tier::Redis;
    /// # fn is_healthy(redis: &Redis) -> bool {
    /// redis.is_connected()
    /// # }
    /// ```
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.inner.link.is_connected()
    }

    pub(super) fn link(&self) -> &Arc<Link> {
        &self.inner.link
    }

    /// What the names of a field's keys begin with.
    pub(super) fn prefix(&self, store: &str, field: &str) -> Vec<u8> {
        let store = if store.is_empty() { String::new() } else { format!("{store}:") };
        format!("{}{store}{field}:", self.inner.prefix).into_bytes()
    }

    /// How long a lease lasts that is not renewed.
    pub(super) fn lease(&self) -> Duration {
        self.inner.lease
    }
}

impl RedisOptions {
    /// Puts this before the name of every key, which is `store:field:key` then. Braces in it are a hash tag, by which a
    /// cluster would choose the node.
    ///
    /// # Examples
    ///
    /// See [`Redis::options`].
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Uses this database in place of the one in the URL.
    ///
    /// # Examples
    ///
    /// See [`Redis::options`].
    #[must_use]
    pub fn database(mut self, database: u16) -> Self {
        self.database = Some(i64::from(database));
        self
    }

    /// Waits so long for the answer to a write, five seconds without this. Then the outcome is
    /// [unknown](TierError::Unknown). Reads wait for the field's staleness.
    ///
    /// # Panics
    ///
    /// If it is zero.
    ///
    /// # Examples
    ///
    /// See [`Redis::options`].
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        assert!(!patience.is_zero(), "the patience must not be zero");
        self.patience = patience;
        self
    }

    /// Lets another process load a key in place of one that has died so long ago, ten seconds without this. A process
    /// that lives renews its lease, however long the load takes.
    ///
    /// # Panics
    ///
    /// If it is shorter than ten milliseconds.
    ///
    /// # Examples
    ///
    /// See [`Redis::options`].
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> Self {
        assert!(lease >= Duration::from_millis(10), "a lease lasts at least ten milliseconds");
        self.lease = lease;
        self
    }

    /// Connects: see [`Redis::connect`].
    ///
    /// # Errors
    ///
    /// As [`Redis::connect`].
    ///
    /// # Panics
    ///
    /// As [`Redis::connect`].
    ///
    /// # Examples
    ///
    /// See [`Redis::options`].
    pub async fn connect(self, url: &str) -> Result<Redis, TierError> {
        let configured = |error| TierError::of_connecting(error, Duration::ZERO);
        let info: ConnectionInfo = url.into_connection_info().map_err(configured)?;
        let mut settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
        if let Some(database) = self.database {
            settings = settings.set_db(database);
        }
        let client = Client::open(info.set_redis_settings(settings)).map_err(configured)?;
        let link = Arc::new(Link::new(client, self.patience));
        keeper::connect(&link).await?;
        let keeper = tokio::spawn(keeper::keep(Arc::clone(&link))).abort_handle();
        Ok(Redis { inner: Arc::new(Inner { link, prefix: self.prefix, lease: self.lease, keeper }) })
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the address, which may have the password in it.
        f.debug_struct("Redis").field("is_connected", &self.is_connected()).finish_non_exhaustive()
    }
}

/// A builder that has been given its connection, so that the store can be built.
///
/// It can't be implemented for other types.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "the store has no connection for its tiered fields yet",
    label = "call the builder's method `redis` first: `.redis(Redis::connect(url).await?)`",
    note = "fields with `tier = Redis` share one connection, which is given to the builder"
)]
pub trait Connected: sealed::Sealed {
    /// The connection.
    fn redis(self) -> Redis;
}

#[diagnostic::do_not_recommend]
impl Connected for Given<Redis> {
    fn redis(self) -> Redis {
        self.0
    }
}

mod sealed {
    use super::{Given, Redis};

    pub trait Sealed {}
    impl Sealed for Given<Redis> {}
}
