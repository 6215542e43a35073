#[sharded(ttl = "1m")]
pub struct Online {
    pub users: HashSet<u64>,
    #[shard(hasher = SipHash)]
    pub names: HashSet<String>,
    pub ids: HashMap<u64, u64, BuildHasherDefault<FxHasher>>,
    #[shard(hasher = BuildHasherDefault<FxHasher>)]
    pub by_option: HashMap<u64, u64>,
}
