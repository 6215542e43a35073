#[sharded(capacity = 1000)]
pub(crate) struct Cache<K: Key, V = String, const N: usize = 4>
where
    V: Value + Clone,
{
    pub(crate) rows: HashMap<K, [V; N]>,
    #[shard(skip)]
    parents: Vec<Self>,
}
