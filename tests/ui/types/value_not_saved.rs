use sharded::sharded;
use std::{collections::HashMap, time::Instant};

#[derive(Clone)]
struct Session {
    since: Instant,
}

#[sharded(ttl = "5m", snapshot)]
struct Store {
    sessions: HashMap<u64, Session>,
}

fn main() {}
