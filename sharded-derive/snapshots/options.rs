#[sharded(
    shards = 64,
    lock = RwLock,
    ttl = "5m",
    ttl_jitter = "10%",
    idle = "30s",
    capacity = 1_000_000,
    evict = Lru,
    hasher = SipHash,
    numa = Local,
    clock = Boot,
)]
pub struct Options {
    inherits: HashMap<u64, String>,
    #[shard(shards = 1, lock = Mutex, ttl = "1h 30m", idle = "250ms", capacity = 1, evict = Reject, numa = StrictSpread, clock = System)]
    overrides: HashMap<u64, String>,
    #[shard(shards = auto, ttl = never, idle = never, capacity = none)]
    #[shard(unbounded = "one entry per listed instrument")]
    undoes: HashMap<u64, String>,
    #[shard(lock = Optimistic, idle = never, capacity = 500, evict = Sieve, preallocate)]
    copies: HashMap<u32, f64>,
    #[shard(idle = never, ttl_jitter = none, refresh_after = "1m")]
    loaded: HashMap<u64, String>,
}
