#[sharded(ttl = "1m")]
pub struct Service {
    pub calls: HashMap<IpAddr, u32>,
    /// What the operator set.
    #[shard(skip)]
    pub config: Config,
    #[shard(skip)]
    started: Instant,
}
