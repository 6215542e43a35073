use sharded::{Policy, ShardedMap, builder::FieldOptions, clock, evict, expiry, lock, placement, shards};

enum Pages {}

impl Policy for Pages {
    type Shards = shards::Auto;
    type Lock = lock::Mutex;
    type Expiry = expiry::Never;
    type Eviction = evict::Lru;
    type Placement = placement::Spread;
    type Clock = clock::System;
    const NAME: &'static str = "pages";
    const CAPACITY: Option<usize> = Some(1000);
    const WEIGHS: bool = true;
}

fn main() {
    let options = FieldOptions::new().weigher(|_: &u8, _: &String| 1);
    ShardedMap::<u32, String, Pages>::with_options(options);
}
