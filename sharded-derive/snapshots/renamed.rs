#[sharded(crate = ::framework::exports::sharded, ttl = "1m")]
pub struct Renamed {
    #[shard(lock = RwLock, capacity = 10, evict = Lru, hasher = SipHash)]
    pub map: HashMap<u32, String>,
    #[shard(skip)]
    other: u8,
}
