#[sharded(snapshot, record, ttl = "1m")]
struct Saved<K: ::sharded::Key + ::sharded::snapshot::Saved> {
    names: HashMap<K, String>,
    #[cfg(feature = "online")]
    online: HashSet<K>,
    #[shard(skip)]
    other: u8,
}
