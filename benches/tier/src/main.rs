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
/// Keys of one call.
const MANY: u64 = 100;

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
            cached: Some(client.get_multiplexed_async_connection_with_config(&config).await?),
            plain: Plain::One(client.get_multiplexed_async_connection().await?),
            fred: Some(fred),
        };
        systems.filled().await
    }

    async fn cluster(nodes: &str) -> Result<Systems> {
        let urls = nodes.split(',').map(|node| format!("redis://{node}"));
        let client = redis::cluster::ClusterClient::new(urls)?;
        let systems = Systems {
            shop: Shop::builder().redis(Redis::connect(&format!("redis-cluster://{nodes}")).await?).build(),
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

    fn has(&self, read: Read, system: System) -> bool {
        match (read, system) {
            (_, System::Tier) | (Read::Miss | Read::Many, System::Plain) | (Read::Near, System::Local) => true,
            (Read::Near, System::Cached) => self.cached.is_some(),
            (Read::Miss | Read::Many, System::Fred) => self.fred.is_some(),
            _ => false,
        }
    }

    /// One turn: the nanoseconds of one read.
    async fn turn(&mut self, read: Read, system: System, round: u64) -> Result<f64> {
        let tiered = self.shop.tiered();
        let count = match read {
            Read::Near => HITS,
            Read::Miss => MISSES,
            Read::Many => 1,
        };
        // Others each time, so that no cache of the server or of the processor knows them from the turn before.
        let first = (round * MISSES) % KEYS;
        match read {
            Read::Near => {
                for key in 0..KEYS {
                    black_box(tiered.get(&key).await?);
                    if let Some(cached) = &mut self.cached {
                        black_box(cached.get::<_, String>(name(key)).await?);
                    }
                }
            }
            Read::Miss | Read::Many => tiered.clear_near(),
        }
        let keys: Vec<u64> = (first..first + MANY).map(|key| key % KEYS).collect();
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
                let names: Vec<String> = keys.iter().map(|key| name(*key)).collect();
                match (system, &mut self.plain) {
                    (System::Tier, _) => drop(black_box(tiered.get_many(&keys).await?)),
                    (System::Fred, _) => {
                        let fred = self.fred.as_ref().ok_or("it is not measured")?;
                        black_box(fred.mget::<Vec<String>, _>(names).await?);
                    }
                    (_, Plain::One(plain)) => drop(black_box(plain.mget::<_, Vec<String>>(&names).await?)),
                    (_, Plain::Cluster(plain)) => drop(black_box(plain.mget::<_, Vec<String>>(&names).await?)),
                }
            }
        }
        #[allow(clippy::cast_precision_loss, reason = "it is small")]
        Ok(began.elapsed().as_nanos() as f64 / count as f64)
    }

    async fn report(&mut self, read: Read, what: &str, rounds: u64) -> Result<()> {
        let all = [System::Tier, System::Local, System::Cached, System::Plain, System::Fred];
        let systems: Vec<_> = all.into_iter().filter(|system| self.has(read, *system)).collect();
        let mut times = vec![Vec::new(); systems.len()];
        for round in 0..=rounds {
            for place in order(usize::try_from(round)?, systems.len()) {
                let time = self.turn(read, systems[place], round).await?;
                // The first round warms up.
                if round > 0 {
                    times[place].push(time);
                }
            }
        }
        println!("{what}:");
        for (system, own) in systems.iter().zip(&times) {
            let ratio = Sorted::ratios(own, &times[0]).median();
            println!("  {:18} {:9.0} ns  {ratio:6.2}", system.name(), Sorted::new(own.iter().copied()).median());
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
    println!("time of one read, and its ratio to the tier: medians of {rounds} rounds");
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
