//! Measures reads of tiered fields and of the rivals: see `README.md`.

use fred::{
    clients::Client as Fred,
    interfaces::{ClientLike, KeysInterface},
    types::config::Config as FredConfig,
};
use redis::{AsyncCommands, aio::MultiplexedConnection, caching::CacheConfig, cluster_async::ClusterConnection};
use sharded::{sharded, tier::Redis};
use sharded_bench_common::{stats::Sorted, turns::order};
use std::{collections::HashMap, error::Error, hint::black_box, sync::Arc, time::Instant};

/// Keys that all systems read.
const KEYS: u64 = 1_000;
/// Near hits of one turn.
const HITS: u64 = 10_000;
/// Misses of one turn.
const MISSES: u64 = 200;
/// Keys of one call, and calls of one turn.
const MANY: u64 = 100;
const CALLS: u64 = 5;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

#[sharded]
struct Shop {
    #[shard(tier = Redis, ttl = "10m", staleness = "3s", capacity = 100_000)]
    tiered: HashMap<u64, String>,
    #[shard(ttl = "10m", capacity = 100_000)]
    local: HashMap<u64, Arc<String>>,
}

/// What is measured, on one server or a cluster. `None` is a client that does not have such a read.
struct Systems {
    shop: Shop,
    /// As another process would have it.
    writer: Shop,
    cached: Option<MultiplexedConnection>,
    plain: Plain,
    fred: Option<Fred>,
}

/// `redis` without a cache.
enum Plain {
    One(MultiplexedConnection),
    Cluster(ClusterConnection),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum System {
    Tier,
    Local,
    Cached,
    Plain,
    Fred,
}

impl System {
    fn name(self) -> &'static str {
        match self {
            System::Tier => "tier",
            System::Local => "local",
            System::Cached => "redis, cache-aio",
            System::Plain => "redis",
            System::Fred => "fred",
        }
    }
}

#[derive(Clone, Copy)]
enum Read {
    Near,
    Miss,
    Many,
}

/// Nanoseconds of one read: in all, and of the processors for this process and for the server.
type Cost = [f64; 3];

/// The processor time in nanoseconds that this process has taken, which runs one thread.
fn client_time() -> f64 {
    let times = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    times.split(' ').next().and_then(|time| time.parse().ok()).unwrap_or(f64::NAN)
}

fn name(key: u64) -> String {
    format!("plain:{key}")
}

impl Systems {
    async fn one(url: &str) -> Result<Systems> {
        let client = redis::Client::open(format!("{url}/?protocol=resp3"))?;
        let config = redis::AsyncConnectionConfig::new().set_cache_config(CacheConfig::new());
        let fred = Fred::new(FredConfig::from_url(url)?, None, None, None);
        fred.init().await?;
        let systems = Systems {
            shop: Shop::builder().redis(Redis::connect(url).await?).build(),
            writer: Shop::builder().redis(Redis::connect(url).await?).build(),
            cached: Some(client.get_multiplexed_async_connection_with_config(&config).await?),
            plain: Plain::One(client.get_multiplexed_async_connection().await?),
            fred: Some(fred),
        };
        systems.filled().await
    }

    async fn cluster(nodes: &str) -> Result<Systems> {
        let urls = nodes.split(',').map(|node| format!("redis://{node}"));
        let client = redis::cluster::ClusterClient::new(urls)?;
        let url = format!("redis-cluster://{nodes}");
        let systems = Systems {
            shop: Shop::builder().redis(Redis::connect(&url).await?).build(),
            writer: Shop::builder().redis(Redis::connect(&url).await?).build(),
            cached: None,
            plain: Plain::Cluster(client.get_async_connection().await?),
            // It refuses an `MGET` of keys in several slots.
            fred: None,
        };
        systems.filled().await
    }

    /// Each system can read all keys, from its near cache if it has one.
    async fn filled(mut self) -> Result<Systems> {
        for key in 0..KEYS {
            let value = "x".repeat(64);
            self.shop.tiered().insert(&key, &value).await?;
            self.shop.local().insert(key, Arc::new(value.clone()));
            match &mut self.plain {
                Plain::One(plain) => plain.set::<_, _, ()>(name(key), &value).await?,
                Plain::Cluster(plain) => plain.set::<_, _, ()>(name(key), &value).await?,
            }
        }
        Ok(self)
    }

    /// Has another process write these keys, so that the near cache has entries that are valid no more.
    async fn change(&self, keys: &[u64]) -> Result<()> {
        let tiered = self.shop.tiered();
        // Only of what was read the server tells.
        black_box(tiered.get_many(keys).await?);
        let before = tiered.tier_stats().invalidations;
        let entries: Vec<_> = keys.iter().map(|key| (*key, "x".repeat(64))).collect();
        self.writer.tiered().insert_many(&entries).await?;
        while tiered.tier_stats().invalidations < before + keys.len() as u64 {
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    /// The processor time in nanoseconds that the servers have taken, if there is one server.
    async fn server_time(&mut self) -> Result<f64> {
        let Plain::One(plain) = &mut self.plain else { return Ok(f64::NAN) };
        let info: String = redis::cmd("INFO").arg("cpu").query_async(plain).await?;
        let seconds = |name: &str| -> Option<f64> {
            info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')?.trim().parse().ok())
        };
        let times = [seconds("used_cpu_sys"), seconds("used_cpu_user")];
        Ok(times.into_iter().flatten().sum::<f64>() * 1e9)
    }

    fn has(&self, read: Read, system: System) -> bool {
        match (read, system) {
            (_, System::Tier) | (Read::Miss | Read::Many, System::Plain) | (Read::Near, System::Local) => true,
            (Read::Near, System::Cached) => self.cached.is_some(),
            (Read::Miss | Read::Many, System::Fred) => self.fred.is_some(),
            _ => false,
        }
    }

    /// One turn.
    async fn turn(&mut self, read: Read, system: System, round: u64) -> Result<Cost> {
        let count = match read {
            Read::Near => HITS,
            Read::Miss => MISSES,
            Read::Many => CALLS,
        };
        // Others each time, so that no cache of the server or of the processor knows them from the turn before.
        let first = (round * MISSES) % KEYS;
        let asked = if matches!(read, Read::Many) { MANY * CALLS } else { MISSES };
        let keys: Vec<u64> = (first..first + asked).map(|key| key % KEYS).collect();
        match read {
            Read::Near => {
                for key in 0..KEYS {
                    black_box(self.shop.tiered().get(&key).await?);
                    if let Some(cached) = &mut self.cached {
                        black_box(cached.get::<_, String>(name(key)).await?);
                    }
                }
            }
            Read::Miss | Read::Many => self.change(&keys).await?,
        }
        let (server, client) = (self.server_time().await?, client_time());
        let tiered = self.shop.tiered();
        let began = Instant::now();
        match read {
            Read::Near | Read::Miss => {
                for at in 0..count {
                    let key = (first + at) % KEYS;
                    match (system, &mut self.plain) {
                        (System::Tier, _) => drop(black_box(tiered.get(&key).await?)),
                        (System::Local, _) => drop(black_box(self.shop.local().get(&key))),
                        (System::Cached, _) => {
                            let cached = self.cached.as_mut().ok_or("it is not measured")?;
                            black_box(cached.get::<_, String>(name(key)).await?);
                        }
                        (System::Plain, Plain::One(plain)) => drop(black_box(plain.get::<_, String>(name(key)).await?)),
                        (System::Plain, Plain::Cluster(plain)) => {
                            drop(black_box(plain.get::<_, String>(name(key)).await?));
                        }
                        (System::Fred, _) => {
                            let fred = self.fred.as_ref().ok_or("it is not measured")?;
                            black_box(fred.get::<String, _>(name(key)).await?);
                        }
                    }
                }
            }
            Read::Many => {
                for keys in keys.chunks(usize::try_from(MANY)?) {
                    let names = || keys.iter().map(|key| name(*key)).collect::<Vec<String>>();
                    match (system, &mut self.plain) {
                        (System::Tier, _) => drop(black_box(tiered.get_many(keys).await?)),
                        (System::Fred, _) => {
                            let fred = self.fred.as_ref().ok_or("it is not measured")?;
                            black_box(fred.mget::<Vec<String>, _>(names()).await?);
                        }
                        (_, Plain::One(plain)) => drop(black_box(plain.mget::<_, Vec<String>>(names()).await?)),
                        (_, Plain::Cluster(plain)) => drop(black_box(plain.mget::<_, Vec<String>>(names()).await?)),
                    }
                }
            }
        }
        #[allow(clippy::cast_precision_loss, reason = "it is small")]
        let (time, count) = (began.elapsed().as_nanos() as f64, count as f64);
        let client = client_time() - client;
        let server = self.server_time().await? - server;
        Ok([time / count, client / count, server / count])
    }

    async fn report(&mut self, read: Read, what: &str, rounds: u64) -> Result<()> {
        let all = [System::Tier, System::Local, System::Cached, System::Plain, System::Fred];
        let systems: Vec<_> = all.into_iter().filter(|system| self.has(read, *system)).collect();
        let mut costs: [Vec<Vec<f64>>; 3] = std::array::from_fn(|_| vec![Vec::new(); systems.len()]);
        for round in 0..=rounds {
            for place in order(usize::try_from(round)?, systems.len()) {
                let turn = self.turn(read, systems[place], round).await?;
                // The first round warms up.
                if round > 0 {
                    costs.iter_mut().zip(turn).for_each(|(costs, cost)| costs[place].push(cost));
                }
            }
        }
        println!("{what}:");
        for (place, system) in systems.iter().enumerate() {
            print!("  {:18}", system.name());
            for costs in &costs {
                let (own, tier) = (&costs[place], &costs[0]);
                let cost = Sorted::new(own.iter().copied()).median();
                print!("  {cost:9.0} ns {:6.2}", Sorted::ratios(own, tier).median());
            }
            println!();
        }
        Ok(())
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let mut arguments = lexopt::Parser::from_env();
    let (mut url, mut nodes, mut rounds) = (None, None, 40);
    while let Some(argument) = arguments.next()? {
        match argument {
            lexopt::Arg::Long("redis") => url = Some(arguments.value()?.to_string_lossy().into_owned()),
            lexopt::Arg::Long("cluster") => nodes = Some(arguments.value()?.to_string_lossy().into_owned()),
            lexopt::Arg::Long("rounds") => rounds = arguments.value()?.to_string_lossy().parse()?,
            _ => return Err(argument.unexpected().into()),
        }
    }
    if url.is_none() && nodes.is_none() {
        return Err("say where a server is: --redis redis://127.0.0.1:6379, or --cluster HOST:PORT,HOST:PORT".into());
    }
    println!("one read: its time, and the processor time of client and server, each with its ratio to the tier");
    println!("medians of {rounds} rounds");
    if let Some(url) = url {
        let mut systems = Systems::one(&url).await?;
        systems.report(Read::Near, "near hit", rounds).await?;
        systems.report(Read::Miss, "miss", rounds).await?;
        systems.report(Read::Many, "100 keys", rounds).await?;
    }
    if let Some(nodes) = nodes {
        let mut systems = Systems::cluster(&nodes).await?;
        systems.report(Read::Near, "near hit, cluster", rounds).await?;
        systems.report(Read::Miss, "miss, cluster", rounds).await?;
        systems.report(Read::Many, "100 keys, cluster", rounds).await?;
    }
    Ok(())
}
