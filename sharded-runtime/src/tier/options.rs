//! How to connect to servers.

use super::address::Access;
use std::{fmt, time::Duration};

/// How to connect to a server: see [`Redis::options`](super::Redis::options).
///
/// # Examples
///
/// See [`Redis::options`](super::Redis::options).
#[derive(Clone)]
pub struct RedisOptions {
    pub(super) prefix: String,
    pub(super) patience: Duration,
    pub(super) lease: Duration,
    /// What the URL does not say.
    pub(super) access: Access,
}

impl Default for RedisOptions {
    fn default() -> Self {
        RedisOptions {
            prefix: String::new(),
            patience: Duration::from_secs(5),
            lease: Duration::from_secs(10),
            access: Access::default(),
        }
    }
}

impl RedisOptions {
    /// Puts this before the name of every key, which is `store:field:key` then. Braces in it are a hash tag, by which a
    /// cluster would choose the node.
    ///
    /// # Examples
    ///
    /// See [`Redis::options`](super::Redis::options).
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Uses this database in place of the one in the URL.
    ///
    /// # Examples
    ///
    /// See [`Redis::options`](super::Redis::options).
    #[must_use]
    pub fn database(mut self, database: u16) -> Self {
        self.access.database = Some(i64::from(database));
        self
    }

    /// Waits so long for the answer to a write, five seconds without this. Then the outcome is
    /// [unknown](super::TierError::Unknown). Reads wait for the field's staleness.
    ///
    /// # Panics
    ///
    /// If it is zero.
    ///
    /// # Examples
    ///
    /// See [`Redis::options`](super::Redis::options).
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
    /// See [`Redis::options`](super::Redis::options).
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> Self {
        assert!(lease >= Duration::from_millis(10), "a lease lasts at least ten milliseconds");
        self.lease = lease;
        self
    }

    /// Logs in to the Sentinels with this password, which is another one than that in the URL: that is for the primary.
    /// For a user of the Sentinels see [`sentinel_user`](Self::sentinel_user).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use sharded::tier::Redis;
    ///
    /// # async fn start() -> Result<(), sharded::tier::TierError> {
    /// let options = Redis::options().sentinel_user("watcher").sentinel_password("another secret");
    /// let redis = options.connect("redis-sentinel://:secret@one,two,three#main").await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn sentinel_password(mut self, password: impl Into<String>) -> Self {
        self.access.sentinel_password = Some(password.into());
        self
    }

    /// Logs in to the Sentinels as this user, in place of the one that they call `default`.
    ///
    /// # Examples
    ///
    /// See [`sentinel_password`](Self::sentinel_password).
    #[must_use]
    pub fn sentinel_user(mut self, user: impl Into<String>) -> Self {
        self.access.sentinel_user = Some(user.into());
        self
    }

    /// Trusts servers whose certificates these authorities have signed, in place of those that the system trusts.
    /// For encrypted connections: `rediss://`. As PEM.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use sharded::tier::Redis;
    /// use std::fs;
    ///
    /// # async fn start() -> Result<(), Box<dyn std::error::Error>> {
    /// let options = Redis::options()
    ///     .root_certificates(fs::read("ca.pem")?)
    ///     .client_certificate(fs::read("client.pem")?, fs::read("client.key")?);
    /// let redis = options.connect("rediss://shop.example").await?;
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "redis-tls")]
    #[must_use]
    pub fn root_certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.access.tls.root_certificates = Some(pem.into());
        self
    }

    /// Shows servers this certificate, with those of its intermediate authorities if there are any, and proves it by
    /// this key. As PEM.
    ///
    /// # Examples
    ///
    /// See [`root_certificates`](Self::root_certificates).
    #[cfg(feature = "redis-tls")]
    #[must_use]
    pub fn client_certificate(mut self, pem: impl Into<Vec<u8>>, key: impl Into<Vec<u8>>) -> Self {
        self.access.tls.client_certificate = Some((pem.into(), key.into()));
        self
    }
}

impl fmt::Debug for RedisOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without what the servers are given as a proof.
        let RedisOptions { prefix, patience, lease, access } = self;
        f.debug_struct("RedisOptions")
            .field("prefix", prefix)
            .field("database", &access.database)
            .field("patience", patience)
            .field("lease", lease)
            .finish_non_exhaustive()
    }
}
