#[sharded(lock = self::Fair, clock = crate::time::GameTime)]
struct Arena {
    #[shard(capacity = "64MiB", evict = super::evict::Random<4>, weight = Player::bytes, evictable = self::has_left)]
    players: HashMap<u32, Player>,
    #[shard(ttl = "10s", lock = ::spin::Ticket)]
    shots: HashMap<u64, Shot>,
}
