use sharded::{Policy, clock, expiry, lock, placement, shards};

struct Plain;

enum Pages {}

impl Policy for Pages {
    type Shards = shards::Auto;
    type Lock = lock::Mutex;
    type Expiry = expiry::Never;
    type Eviction = Plain;
    type Placement = placement::Spread;
    type Clock = clock::System;
    const NAME: &'static str = "pages";
    const CAPACITY: Option<usize> = Some(1000);
}

fn main() {}
