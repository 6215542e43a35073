use sharded::sharded;
use std::collections::HashMap;

fn email_of(_: &u64, email: &String) -> String {
    email.clone()
}

#[sharded]
struct Store {
    #[shard(ttl = "1h")]
    users: HashMap<u64, String>,
    #[shard(index_of = users, key = email_of, lock = Rcu)]
    by_email: HashMap<String, u64>,
}

fn main() {}
