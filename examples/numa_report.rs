//! What this machine is, where the shards of a store lie on it, and how many accesses stay on their node: of threads
//! that read whatever comes, and of jobs that are sent to where their data is.
//!
//! On a machine of one node everything is local; there is nothing to be gained then, and nothing lost.

use sharded::{
    Store,
    node::Pool,
    sharded,
    topology::{NodeId, Topology},
};
use std::{
    collections::HashMap,
    error::Error,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

/// Spread over the nodes, as by default.
#[sharded(shards = 64)]
struct Market {
    /// Read all the time.
    #[shard(lock = Optimistic, unbounded = "as many as this example puts in")]
    prices: HashMap<u64, u64>,
    /// What people look at.
    #[shard(lock = RwLock, ttl = "1h", capacity = 100_000)]
    pages: HashMap<u64, String>,
}

/// More than most caches hold, so that memory is really read.
const PRICES: u64 = 1 << 21;
/// Prices that one request looks at.
const PER_REQUEST: usize = 64;
const REQUESTS: usize = 4000;

fn main() -> Result<(), Box<dyn Error>> {
    let topology = Topology::current();
    println!("nodes\n-----");
    for node in topology.nodes() {
        let distances = topology.nodes().iter().map(|other| node.distance_to(other.id()));
        let distances: Vec<_> = distances.map(|d| d.map_or_else(|| "?".to_owned(), |d| d.to_string())).collect();
        let (id, cpus, mib) = (node.id(), node.cpus().len(), node.memory() >> 20);
        println!("node {id}: {cpus} CPUs, {mib} MiB, distances {}", distances.join(" "));
    }

    let market = Arc::new(Market::new());
    for key in 0..PRICES {
        market.prices().insert(key, key);
    }
    for key in 0..10_000 {
        market.pages().insert(key, format!("page {key}"));
    }
    println!("\nplacement, as the kernel says\n-----------------------------\n{}", market.placement());

    let pool = Pool::builder().start()?;
    if !pool.is_pinned() {
        println!("the system does not let threads be held on a node, so jobs may run anywhere\n");
    }
    println!("requests of {PER_REQUEST} reads\n--------------------");
    let (share, rate) = unrouted(&market);
    println!(
        "from any thread:       {share:>5.1} % of the reads on the node where they are asked, {rate:.1} M reads/s"
    );
    let (share, rate) = routed(&market, &pool)?;
    println!("sent to their node:    {share:>5.1} %, {rate:.1} M reads/s");

    latencies(&market, &pool)?;
    Ok(())
}

/// The keys of a request: all of one node, since it is about one thing, but of whichever node that is on.
fn request(market: &Market, number: usize) -> (u64, Vec<u64>) {
    let first = spread(number as u64);
    let node = market.prices().node_of(&first);
    let keys = (0..).map(|step| spread(first + step)).filter(|key| market.prices().node_of(key) == node);
    (first, keys.take(PER_REQUEST).collect())
}

/// A key of the store, far from that of the next number.
fn spread(number: u64) -> u64 {
    number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32 & (PRICES - 1)
}

/// Reads the prices, and says how many of them are on the node of the calling thread.
fn read(market: &Market, keys: &[u64], topology: &Topology) -> usize {
    let here = topology.here();
    keys.iter().filter(|key| market.prices().get(key).is_some() && market.prices().node_of(*key) == Some(here)).count()
}

/// Each thread reads whatever it is asked for.
fn unrouted(market: &Arc<Market>) -> (f64, f64) {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let requests: Vec<_> = (0..REQUESTS).map(|number| request(market, number).1).collect();
    let topology = Topology::current();
    let start = Instant::now();
    let local: usize = thread::scope(|scope| {
        let part = |thread: usize| {
            let (requests, topology) = (&requests, &topology);
            let own = move || requests.iter().skip(thread).step_by(threads);
            scope.spawn(move || own().map(|keys| read(market, keys, topology)).sum::<usize>())
        };
        let parts: Vec<_> = (0..threads).map(part).collect();
        parts.into_iter().map(|thread| thread.join().expect("reading does not panic")).sum()
    });
    result(local, start.elapsed())
}

/// Each request goes to the node where its data is.
fn routed(market: &Arc<Market>, pool: &Pool) -> Result<(f64, f64), Box<dyn Error>> {
    let requests: Vec<_> = (0..REQUESTS).map(|number| request(market, number)).collect();
    let topology = Arc::new(Topology::current());
    let start = Instant::now();
    let tasks: Vec<_> = requests
        .into_iter()
        .map(|(first, keys)| {
            let topology = Arc::clone(&topology);
            pool.home_of(market, Market::prices, &first).spawn(move |market| read(market, &keys, &topology))
        })
        .collect();
    let mut local = 0;
    for task in tasks {
        local += task.wait()?;
    }
    Ok(result(local, start.elapsed()))
}

#[allow(clippy::cast_precision_loss, reason = "for people to read")]
fn result(local: usize, time: Duration) -> (f64, f64) {
    let reads = REQUESTS * PER_REQUEST;
    (local as f64 * 100.0 / reads as f64, reads as f64 / time.as_secs_f64() / 1e6)
}

/// How long a read takes from each node to each node.
fn latencies(market: &Arc<Market>, pool: &Pool) -> Result<(), Box<dyn Error>> {
    let nodes: Vec<NodeId> = pool.topology().homes().map(sharded::topology::Node::id).collect();
    if nodes.len() < 2 {
        println!("\none node, so no read is further away than another");
        return Ok(());
    }
    println!(
        "\nns per read, from the node in the row to that in the column\n-----------------------------------------------------------"
    );
    for &from in &nodes {
        let mut row = vec![format!("node {from}:")];
        for &to in &nodes {
            let market = Arc::clone(market);
            let median = pool.on(from).run(move || {
                let keys = (0..PRICES).map(spread).filter(|key| market.prices().node_of(key) == Some(to));
                let keys: Vec<u64> = keys.take(200_000).collect();
                let mut rounds: Vec<u128> = (0..7)
                    .map(|_| {
                        let start = Instant::now();
                        let found = keys.iter().filter(|key| market.prices().get(key).is_some()).count();
                        start.elapsed().as_nanos() / found.max(1) as u128
                    })
                    .collect();
                rounds.sort_unstable();
                rounds[rounds.len() / 2]
            })?;
            row.push(format!("{median:>5}"));
        }
        println!("{}", row.join(" "));
    }
    Ok(())
}
