#[sharded(shards = 12, tll = "5m", lock = RwLok, skip)]
pub struct Mistakes {
    #[shard(ttl = "5 min", capacity = "64MiB", capacity = 10)]
    pub first: HashMap<String, u32>,
    #[shard(colour = blue, evict = self::Own)]
    second: HashSet<String>,
    #[shard(skip, idle = "1s")]
    third: String,
}
