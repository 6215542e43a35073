//! Which servers a URL names, and how they are logged in to.

use redis::{ConnectionAddr, ConnectionInfo, ErrorKind, IntoConnectionInfo, ProtocolVersion, RedisError};
use std::fmt;

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

const SENTINEL: &str = "redis-sentinel://";
const CLUSTER: &str = "redis-cluster://";
const SENTINEL_PORT: u16 = 26_379;

impl Deployment {
    pub(super) fn parse(url: &str, database: Option<i64>) -> Result<Deployment, RedisError> {
        if let Some(rest) = url.strip_prefix(SENTINEL) {
            let Some((rest, name)) = rest.split_once('#').filter(|(_, name)| !name.is_empty()) else {
                return Err(wrong("the name of the primary is missing: redis-sentinel://host,host#name"));
            };
            let Parts { login, hosts, path } = Parts::of(rest);
            let sentinel = |host: &str| format!("redis://{}", with_port(host)).into_connection_info();
            Ok(Deployment::Sentinel {
                sentinels: hosts.split(',').map(sentinel).collect::<Result<_, _>>()?,
                name: name.to_owned(),
                primary: in_resp3(&format!("redis://{login}localhost{path}"), database)?,
            })
        } else if let Some(rest) = url.strip_prefix(CLUSTER) {
            let Parts { login, hosts, path } = Parts::of(rest);
            let seed = |host: &str| in_resp3(&format!("redis://{login}{host}{path}"), database);
            Ok(Deployment::Cluster(hosts.split(',').map(seed).collect::<Result<_, _>>()?))
        } else {
            in_resp3(url, database).map(Deployment::One)
        }
    }
}

fn wrong(why: &'static str) -> RedisError {
    RedisError::from((ErrorKind::InvalidClientConfig, why))
}

fn in_resp3(url: &str, database: Option<i64>) -> Result<ConnectionInfo, RedisError> {
    let info = url.into_connection_info()?;
    let mut settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    if let Some(database) = database {
        settings = settings.set_db(database);
    }
    Ok(info.set_redis_settings(settings))
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
            ConnectionAddr::Tcp(host, port) => Address { host: host.clone(), port: *port },
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

    /// The server at this address, with the login of another one.
    pub(super) fn on(&self, like: &ConnectionInfo) -> ConnectionInfo {
        like.clone().set_addr(ConnectionAddr::Tcp(self.host.clone(), self.port))
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

    fn address(text: &str) -> Address {
        Address::parse(text, &Address { host: "here".to_owned(), port: 1 }).unwrap()
    }

    #[test]
    fn urls_of_one_server() {
        let Deployment::One(info) = Deployment::parse("redis://:secret@shop:7/3", None).unwrap() else { panic!() };
        assert_eq!(Address::of(&info), address("shop:7"));
        assert_eq!((info.redis_settings().db(), info.redis_settings().password()), (3, Some("secret")));
        let Deployment::One(info) = Deployment::parse("redis://shop", Some(4)).unwrap() else { panic!() };
        assert_eq!(info.redis_settings().db(), 4);
        assert!(Deployment::parse("shop", None).is_err());
    }

    #[test]
    fn urls_of_sentinels() {
        let url = "redis-sentinel://ada:a%40b@one,two:7,[::1]/2#main";
        let Deployment::Sentinel { sentinels, name, primary } = Deployment::parse(url, None).unwrap() else { panic!() };
        let addresses: Vec<_> = sentinels.iter().map(|sentinel| Address::of(sentinel).to_string()).collect();
        assert_eq!(addresses, ["one:26379", "two:7", "::1:26379"]);
        assert!(sentinels[0].redis_settings().password().is_none(), "the login is that of the servers");
        assert_eq!(name, "main");
        let settings = primary.redis_settings();
        assert_eq!((settings.username(), settings.password(), settings.db()), (Some("ada"), Some("a@b"), 2));
        assert!(Deployment::parse("redis-sentinel://one,two", None).is_err());
        assert!(Deployment::parse("redis-sentinel://#main", None).is_err());
    }

    #[test]
    fn urls_of_clusters() {
        let url = "redis-cluster://:secret@one:7,two";
        let Deployment::Cluster(seeds) = Deployment::parse(url, None).unwrap() else { panic!() };
        let addresses: Vec<_> = seeds.iter().map(|seed| Address::of(seed).to_string()).collect();
        assert_eq!(addresses, ["one:7", "two:6379"]);
        assert_eq!(seeds[1].redis_settings().password(), Some("secret"));
        assert!(Deployment::parse("redis-cluster://", None).is_err());
    }

    #[test]
    fn addresses_as_servers_say_them() {
        assert_eq!(address("10.0.0.1:7").to_string(), "10.0.0.1:7");
        assert_eq!(address(":7").to_string(), "here:7");
        assert_eq!(address("::1:7"), Address { host: "::1".to_owned(), port: 7 });
        assert_eq!(Address::parse("shop", &address("x:1")), None);
    }
}
