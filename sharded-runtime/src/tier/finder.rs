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
/// A change that no node has known for so long is one of an earlier cluster, and this one counts from the beginning.
const FORGOTTEN: Duration = Duration::from_secs(30);

/// The number of the latest change of the cluster that a node knows, if it says that, and which node has which hash
/// slots.
type Answer = (Option<u64>, Ranges);

/// The number of the latest change of the cluster that any node has known, and when.
#[derive(Default)]
struct Latest(Option<(u64, Instant)>);

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
            let answer = first_ranges(&seeds).await?;
            let servers = Arc::new(Servers::new(shared, Route::of_no_node(), seeds.first().cloned()));
            let mut latest = Latest::default();
            latest.adopt(&servers, &answer);
            some_are_connected(&servers).await?;
            let task = servers.shared.runtime.spawn(follow_cluster(Arc::clone(&servers), seeds, latest));
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
async fn first_ranges(seeds: &[ConnectionInfo]) -> Result<Answer, TierError> {
    let began = Instant::now();
    let mut failure = None;
    for seed in seeds {
        match timeout(ANSWER_WITHIN, ranges_of_seed(seed)).await {
            Ok(Ok(Some(answer))) => return Ok(answer),
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

fn answered_ranges(answer: &[Value], says: &Address) -> Option<Answer> {
    let [ranges, info] = answer else { return None };
    let ranges = route::ranges(ranges, says).filter(|ranges| !ranges.is_empty())?;
    let epoch = info_text(info).and_then(|info| {
        let epoch = info.lines().find_map(|line| line.trim().strip_prefix("cluster_current_epoch:"))?;
        epoch.parse().ok()
    });
    Some((epoch, ranges))
}

impl Latest {
    /// Has keys go to the servers of this answer, unless it is older than one before: a node that was cut off, or that
    /// hears of changes late, answers an earlier state.
    fn adopt(&mut self, servers: &Servers, (epoch, ranges): &Answer) {
        if self.admits(*epoch, Instant::now()) {
            servers.adopt(ranges);
        }
    }

    fn admits(&mut self, epoch: Option<u64>, now: Instant) -> bool {
        // A user who may not ask for the number gets what the node says.
        let Some(epoch) = epoch else { return true };
        if self.0.is_some_and(|(latest, known)| epoch < latest && now < known + FORGOTTEN) {
            return false;
        }
        self.0 = Some((epoch, now));
        true
    }
}

async fn ranges_of_seed(seed: &ConnectionInfo) -> Result<Option<Answer>, RedisError> {
    let mut connection = plain(&Client::open(seed.clone())?).await?;
    let answer = connection.send_packed_commands(&ask_for_ranges(), 0, 2).await?;
    if let Some(error) = answer.first().and_then(as_error) {
        return Err(error.clone().into());
    }
    Ok(answered_ranges(&answer, &Address::of(seed)))
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
async fn follow_cluster(servers: Arc<Servers>, seeds: Vec<ConnectionInfo>, mut latest: Latest) {
    let mut turn = 0;
    loop {
        next_look(&servers.shared).await;
        if let Some(answer) = ranges_of_nodes(&servers, &mut turn).await {
            latest.adopt(&servers, &answer);
        } else if let Ok(answer) = first_ranges(&seeds).await {
            latest.adopt(&servers, &answer);
        }
    }
}

/// What the one of the connected nodes says that knows the latest change. Some of them are asked, other ones each time.
async fn ranges_of_nodes(servers: &Servers, turn: &mut usize) -> Option<Answer> {
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
    answers.max_by_key(|(epoch, _)| *epoch)
}

#[cfg(test)]
mod tests {
    use super::*;
    use redis::IntoConnectionInfo;

    #[test]
    fn answers_of_nodes() {
        let says = Address { host: "here".to_owned(), port: 1 };
        let node = Value::Array(vec![Value::Nil, Value::Int(7)]);
        let slots = Value::Array(vec![Value::Array(vec![Value::Int(0), Value::Int(16_383), node])]);
        let info = Value::BulkString(b"cluster_state:ok\r\ncluster_current_epoch:9\r\n".to_vec());
        let (epoch, ranges) = answered_ranges(&[slots.clone(), info], &says).unwrap();
        assert_eq!((epoch, ranges.len()), (Some(9), 1));
        assert_eq!(answered_ranges(&[slots, Value::Nil], &says).unwrap().0, None);
        assert_eq!(answered_ranges(&[Value::Array(vec![]), Value::Nil], &says), None);
    }

    /// The servers are not there, so nothing answers.
    #[test]
    fn an_older_answer_than_the_one_before_is_ignored() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let shared = Arc::new(Shared::new(Duration::from_secs(5), runtime.handle().clone()));
        let login = "redis://127.0.0.1:1".into_connection_info().unwrap();
        let servers = Servers::new(shared, Route::of_no_node(), Some(login));
        let mut latest = Latest::default();
        let mut owner_after = |epoch, port| {
            let owner = Address { host: "127.0.0.1".to_owned(), port };
            latest.adopt(&servers, &(epoch, vec![(0, 16_383, owner)]));
            servers.route().node_of_slot(7).unwrap().address.port
        };
        assert_eq!(owner_after(Some(5), 1), 1);
        assert_eq!(owner_after(Some(6), 2), 2);
        assert_eq!(owner_after(Some(5), 1), 2, "a node that hears late");
        assert_eq!(owner_after(Some(6), 3), 3);
        assert_eq!(owner_after(None, 1), 1);
        assert_eq!(owner_after(Some(5), 2), 1);
    }

    #[test]
    fn a_cluster_that_begins_anew_is_believed_in_the_end() {
        let (mut latest, start) = (Latest::default(), Instant::now());
        assert!(latest.admits(Some(5), start));
        assert!(latest.admits(Some(5), start + FORGOTTEN / 2));
        assert!(!latest.admits(Some(1), start + FORGOTTEN));
        assert!(latest.admits(Some(1), start + FORGOTTEN / 2 + FORGOTTEN));
        assert!(latest.admits(Some(1), start + 2 * FORGOTTEN));
    }
}
