//! Finds the servers: the one that a URL names, the primary that Sentinels name, or the nodes of a cluster. A task
//! looks for them again each second or more often, and at once when a connection is lost or a server says that another
//! one has a key.

use super::{
    address::{Address, Deployment},
    error::TierError,
    keeper::{self, CONNECT_WITHIN, Kept},
    node::{Node, as_error, info_text},
    route::{self, Ranges, Route},
    sentinels::{ANSWER_WITHIN, Sentinels, plain},
    servers::Servers,
    shared::Shared,
    wait::{First, all, first},
};
use redis::{Client, ConnectionInfo, Pipeline, RedisError, Value};
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
            let mut sentinels = Sentinels::new(sentinels, name).map_err(configured)?;
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

/// Runs until it is aborted.
async fn follow(servers: Arc<Servers>, mut sentinels: Sentinels, primary: ConnectionInfo, mut current: Address) {
    loop {
        let look = first(next_look(&servers.shared), sentinels.answered()).await;
        if matches!(look, First::One(())) {
            sentinels.ask();
        }
        let Some(address) = sentinels.primary().filter(|address| *address != current) else { continue };
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
}
