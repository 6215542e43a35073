//! Which servers a URL names, and how they are logged in to.

use super::tls::{self, Tls};
use redis::{ConnectionAddr, ConnectionInfo, ErrorKind, IntoConnectionInfo, ProtocolVersion, RedisError};
use std::fmt;

/// How servers are reached, as far as their URL does not say it.
#[derive(Clone, Default)]
pub(super) struct Access {
    pub(super) database: Option<i64>,
    pub(super) sentinel_user: Option<String>,
    pub(super) sentinel_password: Option<String>,
    pub(super) tls: Tls,
}

/// The servers of a URL.
#[derive(Debug)]
pub(super) enum Deployment {
    One(ConnectionInfo),
    /// The primary that Sentinels name.
    Sentinel {
        sentinels: Vec<ConnectionInfo>,
        /// What they call it.
        name: String,
        /// With any address.
        primary: ConnectionInfo,
    },
    /// A cluster with these nodes and others.
    Cluster(Vec<ConnectionInfo>),
}

/// The host and the port of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) host: String,
    pub(super) port: u16,
}

const SENTINEL_PORT: u16 = 26_379;

impl Deployment {
    pub(super) fn parse(url: &str, access: &Access) -> Result<Deployment, RedisError> {
        // As that of one server.
        let scheme = if tls::is_wanted(url) { "rediss" } else { "redis" };
        let rest = |kind: &str| url.strip_prefix(scheme)?.strip_prefix(kind)?.strip_prefix("://");
        if let Some(rest) = rest("-sentinel") {
            let Some((rest, name)) = rest.split_once('#').filter(|(_, name)| !name.is_empty()) else {
                return Err(wrong("the name of the primary is missing: redis-sentinel://host,host#name"));
            };
            let Parts { login, hosts, path } = Parts::of(rest);
            let sentinel = |host: &str| access.to_sentinel(&format!("{scheme}://{}", with_port(host)));
            Ok(Deployment::Sentinel {
                sentinels: hosts.split(',').map(sentinel).collect::<Result<_, _>>()?,
                name: name.to_owned(),
                primary: access.to_server(&format!("{scheme}://{login}localhost{path}"))?,
            })
        } else if let Some(rest) = rest("-cluster") {
            let Parts { login, hosts, path } = Parts::of(rest);
            let seed = |host: &str| access.to_server(&format!("{scheme}://{login}{host}{path}"));
            Ok(Deployment::Cluster(hosts.split(',').map(seed).collect::<Result<_, _>>()?))
        } else {
            access.to_server(url).map(Deployment::One)
        }
    }
}

fn wrong(why: &'static str) -> RedisError {
    RedisError::from((ErrorKind::InvalidClientConfig, why))
}

impl Access {
    fn to_server(&self, url: &str) -> Result<ConnectionInfo, RedisError> {
        let info = self.to_any(url)?;
        let mut settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
        if let Some(database) = self.database {
            settings = settings.set_db(database);
        }
        Ok(info.set_redis_settings(settings))
    }

    fn to_sentinel(&self, url: &str) -> Result<ConnectionInfo, RedisError> {
        let info = self.to_any(url)?;
        let mut settings = info.redis_settings().clone();
        if let Some(user) = &self.sentinel_user {
            settings = settings.set_username(user);
        }
        if let Some(password) = &self.sentinel_password {
            settings = settings.set_password(password);
        }
        Ok(info.set_redis_settings(settings))
    }

    fn to_any(&self, url: &str) -> Result<ConnectionInfo, RedisError> {
        if tls::is_wanted(url) { self.tls.encrypt(url) } else { url.into_connection_info() }
    }
}

/// What stands in a URL after its scheme.
struct Parts<'a> {
    /// With the `@`.
    login: &'a str,
    hosts: &'a str,
    /// With the `/`.
    path: &'a str,
}

impl<'a> Parts<'a> {
    fn of(rest: &'a str) -> Self {
        let (login, rest) = rest.split_at(rest.rfind('@').map_or(0, |at| at + 1));
        let (hosts, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        Parts { login, hosts, path }
    }
}

/// The address of a Sentinel. An IPv6 address stands in brackets.
fn with_port(host: &str) -> String {
    let has_port = host.rsplit(']').next().is_some_and(|end| end.contains(':'));
    if has_port { host.to_owned() } else { format!("{host}:{SENTINEL_PORT}") }
}

impl Address {
    /// Of a server that the user has named.
    pub(super) fn of(info: &ConnectionInfo) -> Address {
        match info.addr() {
            ConnectionAddr::Tcp(host, port) | ConnectionAddr::TcpTls { host, port, .. } => {
                Address { host: host.clone(), port: *port }
            }
            other => Address { host: other.to_string(), port: 0 },
        }
    }

    /// From `host:port`. An empty host is that of the server that says so.
    pub(super) fn parse(text: &str, says: &Address) -> Option<Address> {
        let (host, port) = text.rsplit_once(':')?;
        Some(Address::named(host, port.parse().ok()?, says))
    }

    pub(super) fn named(host: &str, port: u16, says: &Address) -> Address {
        let host = if host.is_empty() || host == "?" { &says.host } else { host };
        Address { host: host.to_owned(), port }
    }

    /// The server at this address, reached as another one.
    pub(super) fn on(&self, like: &ConnectionInfo) -> ConnectionInfo {
        let (mut addr, own) = (like.addr().clone(), (self.host.clone(), self.port));
        match &mut addr {
            ConnectionAddr::TcpTls { host, port, .. } => (*host, *port) = own,
            other => *other = ConnectionAddr::Tcp(own.0, own.1),
        }
        like.clone().set_addr(addr)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            0 => f.write_str(&self.host),
            port => write!(f, "{}:{port}", self.host),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<Deployment, RedisError> {
        Deployment::parse(url, &Access::default())
    }

    fn address(text: &str) -> Address {
        Address::parse(text, &Address { host: "here".to_owned(), port: 1 }).unwrap()
    }

    #[test]
    fn urls_of_one_server() {
        let Deployment::One(info) = parse("redis://:secret@shop:7/3").unwrap() else { panic!() };
        assert_eq!(Address::of(&info), address("shop:7"));
        assert_eq!((info.redis_settings().db(), info.redis_settings().password()), (3, Some("secret")));
        let Deployment::One(info) =
            Deployment::parse("redis://shop", &Access { database: Some(4), ..Access::default() }).unwrap()
        else {
            panic!()
        };
        assert_eq!(info.redis_settings().db(), 4);
        assert!(parse("shop").is_err());
    }

    #[test]
    fn urls_of_sentinels() {
        let url = "redis-sentinel://ada:a%40b@one,two:7,[::1]/2#main";
        let Deployment::Sentinel { sentinels, name, primary } = parse(url).unwrap() else { panic!() };
        let addresses: Vec<_> = sentinels.iter().map(|sentinel| Address::of(sentinel).to_string()).collect();
        assert_eq!(addresses, ["one:26379", "two:7", "::1:26379"]);
        assert!(sentinels[0].redis_settings().password().is_none(), "the login is that of the servers");
        assert_eq!(name, "main");
        let settings = primary.redis_settings();
        assert_eq!((settings.username(), settings.password(), settings.db()), (Some("ada"), Some("a@b"), 2));
        assert!(parse("redis-sentinel://one,two").is_err());
        assert!(parse("redis-sentinel://#main").is_err());
    }

    #[test]
    fn the_login_of_sentinels() {
        let (user, password) = (Some("watcher".to_owned()), Some("other".to_owned()));
        let access = Access { sentinel_user: user, sentinel_password: password, ..Access::default() };
        let parsed = Deployment::parse("redis-sentinel://:secret@one#main", &access).unwrap();
        let Deployment::Sentinel { sentinels, primary, .. } = parsed else { panic!() };
        let settings = sentinels[0].redis_settings();
        assert_eq!((settings.username(), settings.password()), (Some("watcher"), Some("other")));
        assert_eq!(primary.redis_settings().password(), Some("secret"));
    }

    #[test]
    fn urls_of_encrypted_connections() {
        for url in ["rediss://shop:7", "valkeys://shop:7", "rediss-cluster://shop:7", "rediss-sentinel://shop:7#main"] {
            let parsed = parse(url);
            if cfg!(not(feature = "redis-tls")) {
                assert!(parsed.unwrap_err().to_string().contains("the feature `redis-tls`"), "{url}");
                continue;
            }
            let servers = match parsed.unwrap() {
                Deployment::One(server) => vec![server],
                Deployment::Sentinel { sentinels, primary, .. } => {
                    vec![sentinels[0].clone(), address("shop:7").on(&primary)]
                }
                Deployment::Cluster(seeds) => seeds,
            };
            for server in servers {
                assert!(matches!(server.addr(), ConnectionAddr::TcpTls { insecure: false, .. }), "{url}");
                assert_eq!(Address::of(&server), address("shop:7"));
                let other = address("two:8").on(&server);
                assert!(matches!(other.addr(), ConnectionAddr::TcpTls { .. }), "{url}");
                assert_eq!(Address::of(&other), address("two:8"));
            }
        }
    }

    #[test]
    fn urls_of_clusters() {
        let url = "redis-cluster://:secret@one:7,two";
        let Deployment::Cluster(seeds) = parse(url).unwrap() else { panic!() };
        let addresses: Vec<_> = seeds.iter().map(|seed| Address::of(seed).to_string()).collect();
        assert_eq!(addresses, ["one:7", "two:6379"]);
        assert_eq!(seeds[1].redis_settings().password(), Some("secret"));
        assert!(parse("redis-cluster://").is_err());
    }

    #[test]
    fn addresses_as_servers_say_them() {
        assert_eq!(address("10.0.0.1:7").to_string(), "10.0.0.1:7");
        assert_eq!(address(":7").to_string(), "here:7");
        assert_eq!(address("::1:7"), Address { host: "::1".to_owned(), port: 7 });
        assert_eq!(Address::parse("shop", &address("x:1")), None);
    }
}
