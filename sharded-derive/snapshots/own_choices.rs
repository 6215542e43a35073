#[sharded(lock = self::Fair, clock = crate::time::GameTime)]
struct Arena {
    #[shard(capacity = 100, evict = super::evict::Random<4>)]
    players: HashMap<u32, Player>,
    #[shard(ttl = "10s", lock = ::spin::Ticket)]
    shots: HashMap<u64, Shot>,
}
