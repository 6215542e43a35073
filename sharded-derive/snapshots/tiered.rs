#[sharded(snapshot)]
pub struct Shop {
    /// What customers say of themselves.
    #[shard(tier = Redis, ttl = "10m", staleness = "3s", stale = "5m", capacity = 100_000, schema = 2)]
    pub profiles: HashMap<UserId, Profile>,
    #[shard(tier = Redis, unbounded = "one entry per flag", hasher = SipHash)]
    flags: Flags,
    #[shard(skip)]
    name: String,
    #[shard(ttl = "5m")]
    local: HashMap<u64, u64>,
}
