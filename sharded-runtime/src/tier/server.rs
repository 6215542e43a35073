//! The handle of the servers.

use super::{address::Deployment, error::TierError, finder, options::RedisOptions, servers::Servers, shared::Shared};
use crate::builder::Given;
use std::{
    fmt,
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};
use tokio::{
    runtime::{Builder, Handle},
    sync::oneshot,
    task::AbortHandle,
};

/// The connections to a Redis or Valkey server, or to several that belong together, which tiered fields share:
/// `tier = Redis`.
///
/// A clone is another handle of the same connections. They are closed when the last handle and the last field with them
/// are dropped. A lost connection is made again in the background, so it outlives a restart of the server.
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
    servers: Arc<Servers>,
    prefix: String,
    lease: Duration,
    /// The task that looks for other servers.
    finder: Option<AbortHandle>,
    /// Ends the runtime of [`Redis::connect_blocking`] when it is dropped.
    _own_runtime: Option<oneshot::Sender<()>>,
}

impl Redis {
    /// Connects to the servers at this URL:
    ///
    /// | URL | the servers |
    /// |---|---|
    /// | `redis://[user][:password@]host[:port][/database]` | one |
    /// | `redis+unix:///path` | one, through a Unix socket |
    /// | `redis-sentinel://[user][:password@]host[:port][,host[:port]…][/database]#name` | the primary that the Sentinels at these hosts call by this name, also after a failover. User and password are those of the primary. For those of the Sentinels see [`sentinel_password`](RedisOptions::sentinel_password). |
    /// | `redis-cluster://[user][:password@]host[:port][,host[:port]…]` | the cluster with these nodes and others |
    /// | `rediss://…`, `rediss-sentinel://…`, `rediss-cluster://…` | the same, by encrypted connections to all of them. This needs the feature `redis-tls` of this crate. |
    ///
    /// They must be Redis 6 or later, or Valkey, and a single one must be a primary. The call needs a tokio runtime, on
    /// which the tasks live that keep the connections.
    ///
    /// # Errors
    ///
    /// [`TierError::Unreachable`] if there is no connection within five seconds, [`TierError::Refused`] if the URL, the
    /// user or the password is wrong, or if the server is too old or a replica. Of a cluster one node has to be there.
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

    /// Connects as [`connect`](Self::connect), where there is no tokio runtime. The connections get one of their own,
    /// on a thread of their own. Calls are made with [`block_on`](Self::block_on).
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect).
    ///
    /// # Panics
    ///
    /// Inside a tokio runtime, and if the system refuses a thread.
    ///
    /// # Examples
    ///
    /// See [`block_on`](Self::block_on).
    pub fn connect_blocking(url: &str) -> Result<Redis, TierError> {
        Redis::options().connect_blocking(url)
    }

    /// Makes a call of a tiered field and waits for its end, from a thread that runs no async code.
    ///
    /// # Panics
    ///
    /// Inside a task of a tokio runtime, before anything is sent. A call that waits for its own thread
    /// does not end: with [`connect`](Self::connect) in a runtime of one thread, another thread must be running that.
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
    /// # fn main() -> Result<(), sharded::tier::TierError> {
    /// let redis = Redis::connect_blocking("redis://127.0.0.1:6379")?;
    /// let shop = Shop::builder().redis(redis.clone()).build();
    /// redis.block_on(shop.names().insert(&7, &"ada".to_owned()))?;
    /// let name = redis.block_on(shop.names().get(&7))?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn block_on<T>(&self, call: impl Future<Output = T>) -> T {
        self.inner.servers.shared.runtime.block_on(call)
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
        RedisOptions::default()
    }

    /// Whether there is a connection now, to each server that has keys.
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
        self.inner.servers.is_connected()
    }

    pub(super) fn servers(&self) -> &Arc<Servers> {
        &self.inner.servers
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
        self.connect_on(Handle::current(), None, url).await
    }

    async fn connect_on(
        self,
        runtime: Handle,
        own_runtime: Option<oneshot::Sender<()>>,
        url: &str,
    ) -> Result<Redis, TierError> {
        let configured = |error| TierError::of_connecting(error, Duration::ZERO);
        let deployment = Deployment::parse(url, &self.access).map_err(configured)?;
        let shared = Arc::new(Shared::new(self.patience, runtime));
        let (servers, finder) = finder::connect(deployment, shared).await?;
        let RedisOptions { prefix, lease, .. } = self;
        Ok(Redis { inner: Arc::new(Inner { servers, prefix, lease, finder, _own_runtime: own_runtime }) })
    }

    /// Connects: see [`Redis::connect_blocking`].
    ///
    /// # Errors
    ///
    /// As [`Redis::connect`].
    ///
    /// # Panics
    ///
    /// As [`Redis::connect_blocking`].
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use sharded::tier::Redis;
    ///
    /// let redis = Redis::options().prefix("staging:").connect_blocking("redis://127.0.0.1")?;
    /// # Ok::<(), sharded::tier::TierError>(())
    /// ```
    pub fn connect_blocking(self, url: &str) -> Result<Redis, TierError> {
        let (stop, stopped) = oneshot::channel::<()>();
        let (tell, told) = mpsc::channel();
        let run = move || {
            let runtime = Builder::new_current_thread().enable_all().build().expect("the system has a poller");
            let _ = tell.send(runtime.handle().clone());
            // Ends when the last handle is dropped.
            let _ = runtime.block_on(stopped);
        };
        thread::Builder::new().name("sharded-tier".to_owned()).spawn(run).expect("the system has a thread");
        let runtime = told.recv().expect("the thread says what it runs");
        runtime.clone().block_on(self.connect_on(runtime, Some(stop), url))
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(finder) = &self.finder {
            finder.abort();
        }
        self.servers.close();
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
