#[sharded(shards = 4, lock = Mutex)]
pub struct Directory<I: ::sharded::Key + Clone + Sync> {
    #[shard(idle = "30m", capacity = 1_000, weight = Self::length_of)]
    pub people: HashMap<I, String>,
    /// At most one person of each name.
    #[shard(index_of = people, key = Self::name_of, lock = RwLock, shards = 16)]
    pub by_name: HashMap<String, I>,
    #[cfg(test)]
    #[shard(index_of = people, key = Self::initial_of)]
    pub(crate) by_initial: HashMap<char, HashSet<I>>,
}
