//! Encrypted connections, with the feature `redis-tls`.

use redis::{ConnectionInfo, ErrorKind, RedisError};

/// Whom to trust, and what to show. As PEM.
#[derive(Clone, Default)]
pub(super) struct Tls {
    /// Without any, those that the system trusts.
    #[cfg(feature = "redis-tls")]
    pub(super) root_certificates: Option<Vec<u8>>,
    /// A certificate and its key.
    #[cfg(feature = "redis-tls")]
    pub(super) client_certificate: Option<(Vec<u8>, Vec<u8>)>,
}

/// Whether a URL asks for it, by a scheme such as `rediss` or `rediss-cluster`.
pub(super) fn is_wanted(url: &str) -> bool {
    let scheme = url.split_once("://").map_or("", |(scheme, _)| scheme);
    matches!(scheme.split('-').next(), Some("rediss" | "valkeys"))
}

impl Tls {
    /// How the server at a URL is reached that asks for an encrypted connection.
    #[cfg(feature = "redis-tls")]
    pub(super) fn encrypt(&self, url: &str) -> Result<ConnectionInfo, RedisError> {
        use redis::{Client, ClientTlsConfig, IntoConnectionInfo, TlsCertificates};
        use rustls::crypto::{CryptoProvider, ring};

        let info = url.into_connection_info()?;
        // The client library takes that of the process. Where the program has chosen none, rustls would panic if more
        // than one is compiled in.
        if CryptoProvider::get_default().is_none() {
            // If another thread was faster, there is one too.
            let _ = ring::default_provider().install_default();
        }
        let client_tls = self
            .client_certificate
            .as_ref()
            .map(|(certificate, key)| ClientTlsConfig { client_cert: certificate.clone(), client_key: key.clone() });
        let certificates = TlsCertificates { client_tls, root_cert: self.root_certificates.clone() };
        let client = Client::build_with_tls(info, certificates).map_err(|error| {
            RedisError::from((
                ErrorKind::InvalidClientConfig,
                "a certificate or its key can't be read",
                error.to_string(),
            ))
        })?;
        Ok(client.get_connection_info().clone())
    }

    #[cfg(not(feature = "redis-tls"))]
    #[allow(clippy::unused_self, reason = "with the feature it is used")]
    pub(super) fn encrypt(&self, _: &str) -> Result<ConnectionInfo, RedisError> {
        let why = "encrypted connections need the feature `redis-tls` of the crate `sharded-runtime`";
        Err(RedisError::from((ErrorKind::InvalidClientConfig, why)))
    }
}
