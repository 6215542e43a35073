//! Finds the servers: the one that a URL names, the primary that Sentinels name, or the nodes of a cluster. A task
//! looks for them again each second or more often, and at once when a connection is lost or a server says that another
//! one has a key.

use super::{
    address::{Address, Deployment},
    error::TierError,
    keeper::{self, CONNECT_WITHIN, Kept},
    node::{Node, as_error, info_text},
    route::{self, Ranges, Route},
    servers::Servers,
    shared::Shared,
    wait::all,
};
use redis::{AsyncConnectionConfig, Client, ConnectionInfo, Pipeline, RedisError, Value, aio::MultiplexedConnection};
use std::{sync::Arc, time::Duration};
use tokio::{
    task::AbortHandle,
    time::{Instant, sleep, timeout},
};

/// The longest and the shortest time between two looks, unless there is a reason for one.
const LONGEST_PERIOD: Duration = Duration::from_secs(1);
const SHORTEST_PERIOD: Duration = Duration::from_millis(100);
/// A node of a cluster that was silent for longer is not asked.
const SILENT: Duration = Duration::from_secs(2);
/// The least time between two looks.
const PAUSE: Duration = Duration::from_millis(20);
/// How long a server or a Sentinel may take to say which servers there are.
const ANSWER_WITHIN: Duration = Duration::from_secs(1);
/// How many nodes of a cluster are asked which ones there are.
const ASKED: usize = 3;

/// Connects to the servers, and starts the task that finds others, if there can be others.
pub(super) async fn connect(
    deployment: Deployment,
    shared: Arc<Shared>,
) -> Result<(Arc<Servers>, Option<AbortHandle>), TierError> {
    match deployment {
        Deployment::One(info) => {
            let node = connected(info, &shared).await?;
            Ok((Arc::new(Servers::new(shared, Route::to_one(Some(node)), None)), None))
        }
        Deployment::Sentinel { sentinels, name, primary } => {
            let sentinels = sentinels.into_iter().map(Sentinel::new).collect::<Result<Vec<_>, _>>();
            let mut sentinels = Sentinels { all: sentinels.map_err(configured)?, name, epoch: 0 };
            let address = sentinels.first_primary().await?;
            let node = connected(address.on(&primary), &shared).await?;
            let servers = Arc::new(Servers::new(shared, Route::to_one(Some(node)), None));
            let task = servers.shared.runtime.spawn(follow(Arc::clone(&servers), sentinels, primary, address));
            Ok((servers, Some(task.abort_handle())))
        }
        Deployment::Cluster(seeds) => {
            let ranges = first_ranges(&seeds).await?;
            let none = Route::of_cluster(&Vec::new(), &Route::to_one(None), |_| None);
            let servers = Arc::new(Servers::new(shared, none, seeds.first().cloned()));
            servers.adopt(&ranges);
            some_are_connected(&servers).await?;
            let task = servers.shared.runtime.spawn(follow_cluster(Arc::clone(&servers), seeds));
            Ok((servers, Some(task.abort_handle())))
        }
    }
}

fn configured(error: RedisError) -> TierError {
    TierError::of_connecting(error, Duration::ZERO)
}

/// The only server, with a connection.
async fn connected(info: ConnectionInfo, shared: &Arc<Shared>) -> Result<Arc<Kept>, TierError> {
    let node = Arc::new(Node::new(info, false, Arc::clone(shared)).map_err(configured)?);
    keeper::connect(&node).await?;
    Ok(Arc::new(Kept::start(node)))
}

/// Waits until it is time to look again.
async fn next_look(shared: &Shared) {
    sleep(PAUSE).await;
    // So that a server that is one no more is missed within the staleness.
    let period = (*shared.required().borrow() / 2).clamp(SHORTEST_PERIOD, LONGEST_PERIOD);
    let _ = timeout(period, shared.refresh.notified()).await;
}

/// A connection to a server that is asked which servers there are.
async fn plain(client: &Client) -> Result<MultiplexedConnection, RedisError> {
    let config = AsyncConnectionConfig::new().set_response_timeout(None).set_connection_timeout(Some(ANSWER_WITHIN));
    client.get_multiplexed_async_connection_with_config(&config).await
}

struct Sentinels {
    all: Vec<Sentinel>,
    /// What they call the primary.
    name: String,
    /// The highest number of a failover that one of them has told.
    epoch: u64,
}

struct Sentinel {
    client: Client,
    connection: Option<MultiplexedConnection>,
}

impl Sentinel {
    fn new(info: ConnectionInfo) -> Result<Self, RedisError> {
        Ok(Sentinel { client: Client::open(info)?, connection: None })
    }

    /// The number of the latest failover, and the primary since then.
    async fn primary(&mut self, name: &str) -> Result<Option<(u64, Address)>, RedisError> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => none.insert(plain(&self.client).await?),
        };
        let mut commands = Pipeline::new();
        commands.cmd("SENTINEL").arg("GET-MASTER-ADDR-BY-NAME").arg(name);
        commands.cmd("SENTINEL").arg("MASTER").arg(name);
        let asked = connection.send_packed_commands(&commands, 0, commands.len());
        let answer = match timeout(ANSWER_WITHIN, asked).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => {
                self.connection = None;
                return Err(error);
            }
            Err(_) => {
                self.connection = None;
                return Ok(None);
            }
        };
        if let Some(error) = answer.iter().find_map(as_error) {
            return Err(error.clone().into());
        }
        let says = Address::of(self.client.get_connection_info());
        Ok(answered_primary(&answer, &says))
    }
}

fn answered_primary(answer: &[Value], says: &Address) -> Option<(u64, Address)> {
    let [Value::Array(address), details] = answer else { return None };
    let [host, port] = &address[..] else { return None };
    let address = Address::named(text(host)?, text(port)?.parse().ok()?, says);
    let details: Vec<&Value> = match details {
        Value::Array(details) => details.iter().collect(),
        Value::Map(details) => details.iter().flat_map(|(key, value)| [key, value]).collect(),
        _ => return None,
    };
    let epoch = details.chunks(2).find(|pair| text(pair[0]) == Some("config-epoch")).and_then(|pair| pair.get(1))?;
    Some((text(epoch)?.parse().ok()?, address))
}

fn text(value: &Value) -> Option<&str> {
    match value {
        Value::BulkString(bytes) => str::from_utf8(bytes).ok(),
        Value::SimpleString(text) => Some(text),
        _ => None,
    }
}

impl Sentinels {
    /// The primary of the latest failover that a Sentinel knows. A Sentinel that was cut off may know an earlier one.
    async fn primary(&mut self) -> Result<Option<Address>, RedisError> {
        let (mut latest, mut failure) = (None, None);
        for sentinel in &mut self.all {
            match sentinel.primary(&self.name).await {
                Ok(Some((epoch, address))) if epoch >= self.epoch => {
                    self.epoch = epoch;
                    latest = Some(address);
                }
                Ok(_) => {}
                Err(error) => failure = Some(error),
            }
        }
        match (latest, failure) {
            (None, Some(failure)) => Err(failure),
            (latest, _) => Ok(latest),
        }
    }

    async fn first_primary(&mut self) -> Result<Address, TierError> {
        let began = Instant::now();
        match timeout(CONNECT_WITHIN, self.primary()).await {
            Ok(Ok(Some(address))) => Ok(address),
            Ok(Err(error)) => Err(TierError::of_connecting(error, began.elapsed())),
            Ok(Ok(None)) | Err(_) => Err(TierError::unreachable(began.elapsed(), None)),
        }
    }
}

/// Runs until it is aborted.
async fn follow(servers: Arc<Servers>, mut sentinels: Sentinels, primary: ConnectionInfo, mut current: Address) {
    loop {
        next_look(&servers.shared).await;
        let Ok(Some(address)) = sentinels.primary().await else { continue };
        if address == current {
            continue;
        }
        if let Ok(node) = Node::new(address.on(&primary), false, Arc::clone(&servers.shared)) {
            servers.replace(Arc::new(Kept::start(Arc::new(node))));
            current = address;
        }
    }
}

/// What the first node says that answers.
async fn first_ranges(seeds: &[ConnectionInfo]) -> Result<Ranges, TierError> {
    let began = Instant::now();
    let mut failure = None;
    for seed in seeds {
        match timeout(ANSWER_WITHIN, ranges_of_seed(seed)).await {
            Ok(Ok(Some(ranges))) => return Ok(ranges),
            Ok(Err(error)) => failure = Some(error),
            Ok(Ok(None)) | Err(_) => {}
        }
    }
    Err(match failure {
        Some(error) => TierError::of_connecting(error, began.elapsed()),
        None => TierError::unreachable(began.elapsed(), None),
    })
}

fn ask_for_ranges() -> Pipeline {
    let mut commands = Pipeline::new();
    commands.cmd("CLUSTER").arg("SLOTS").cmd("CLUSTER").arg("INFO");
    commands
}

/// The number of the latest change of the cluster that the node knows, and which node has which hash slots.
fn answered_ranges(answer: &[Value], says: &Address) -> Option<(u64, Ranges)> {
    let [ranges, info] = answer else { return None };
    let ranges = route::ranges(ranges, says).filter(|ranges| !ranges.is_empty())?;
    // A user who may not ask for it gets what the node says.
    let epoch = info_text(info).and_then(|info| {
        let epoch = info.lines().find_map(|line| line.trim().strip_prefix("cluster_current_epoch:"))?;
        epoch.parse().ok()
    });
    Some((epoch.unwrap_or(0), ranges))
}

async fn ranges_of_seed(seed: &ConnectionInfo) -> Result<Option<Ranges>, RedisError> {
    let mut connection = plain(&Client::open(seed.clone())?).await?;
    let answer = connection.send_packed_commands(&ask_for_ranges(), 0, 2).await?;
    if let Some(error) = answer.first().and_then(as_error) {
        return Err(error.clone().into());
    }
    Ok(answered_ranges(&answer, &Address::of(seed)).map(|(_, ranges)| ranges))
}

/// Waits until a server is connected, and a little for the others, which may be away.
async fn some_are_connected(servers: &Servers) -> Result<(), TierError> {
    let began = Instant::now();
    while !servers.is_connected() && began.elapsed() < CONNECT_WITHIN {
        sleep(PAUSE).await;
    }
    if servers.route().nodes().iter().any(|node| node.is_connected()) {
        return Ok(());
    }
    match servers.shared.last_error() {
        Some(error) => Err(TierError::of_connecting(error, began.elapsed())),
        None => Err(TierError::unreachable(began.elapsed(), None)),
    }
}

/// Runs until it is aborted.
async fn follow_cluster(servers: Arc<Servers>, seeds: Vec<ConnectionInfo>) {
    let mut turn = 0;
    loop {
        next_look(&servers.shared).await;
        if let Some(ranges) = ranges_of_nodes(&servers, &mut turn).await {
            servers.adopt(&ranges);
        } else if let Ok(ranges) = first_ranges(&seeds).await {
            servers.adopt(&ranges);
        }
    }
}

/// What the nodes say that are connected. Some of them are asked, other ones each time, and the one that knows the
/// latest change is believed: a node that was cut off may know an earlier state.
async fn ranges_of_nodes(servers: &Servers, turn: &mut usize) -> Option<Ranges> {
    let route = servers.route();
    let silent = |node: &Node| Duration::from_nanos(servers.shared.now().saturating_sub(node.heard()));
    let answers = |node: &&Arc<Kept>| node.is_connected() && silent(node) < SILENT;
    let mut nodes: Vec<_> = route.nodes().iter().filter(answers).collect();
    let first = *turn % nodes.len().max(1);
    nodes.rotate_left(first);
    nodes.truncate(ASKED);
    *turn = turn.wrapping_add(1);
    let (commands, until) = (ask_for_ranges(), Instant::now() + ANSWER_WITHIN);
    let answers = all(nodes.iter().map(|node| servers.ask_node(node, &commands, until))).await;
    let answers = nodes.iter().zip(answers).filter_map(|(node, answer)| answered_ranges(&answer?, &node.address));
    answers.max_by_key(|(epoch, _)| *epoch).map(|(_, ranges)| ranges)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_nodes() {
        let says = Address { host: "here".to_owned(), port: 1 };
        let node = Value::Array(vec![Value::Nil, Value::Int(7)]);
        let slots = Value::Array(vec![Value::Array(vec![Value::Int(0), Value::Int(16_383), node])]);
        let info = Value::BulkString(b"cluster_state:ok\r\ncluster_current_epoch:9\r\n".to_vec());
        let (epoch, ranges) = answered_ranges(&[slots.clone(), info], &says).unwrap();
        assert_eq!((epoch, ranges.len()), (9, 1));
        assert_eq!(answered_ranges(&[slots, Value::Nil], &says).unwrap().0, 0);
        assert_eq!(answered_ranges(&[Value::Array(vec![]), Value::Nil], &says), None);
    }

    #[test]
    fn answers_of_sentinels() {
        let says = Address { host: "here".to_owned(), port: 1 };
        let texts = |texts: &[&str]| {
            Value::Array(texts.iter().map(|text| Value::BulkString(text.as_bytes().to_vec())).collect())
        };
        let details = texts(&["name", "main", "config-epoch", "7", "quorum", "2"]);
        let answer = [texts(&["10.0.0.1", "6380"]), details.clone()];
        let (epoch, address) = answered_primary(&answer, &says).unwrap();
        assert_eq!((epoch, address.to_string()), (7, "10.0.0.1:6380".to_owned()));
        assert_eq!(answered_primary(&[Value::Nil, details], &says), None);
        assert_eq!(answered_primary(&[texts(&["10.0.0.1", "6380"]), texts(&["name"])], &says), None);
    }
}
