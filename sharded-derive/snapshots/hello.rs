#[sharded(shards = 16, ttl = "5m")]
pub struct Hello {
    /// How often each visitor came.
    pub visits: HashMap<String, u32>,
}
