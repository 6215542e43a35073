use sharded::sharded;
use std::collections::HashMap;

#[derive(PartialEq, Eq, Hash)]
struct User(u64);

fn name_of(_: &User, name: &String) -> String {
    name.clone()
}

#[sharded]
struct Store {
    #[shard(ttl = "1h")]
    users: HashMap<User, String>,
    #[shard(index_of = users, key = name_of)]
    by_email: HashMap<String, User>,
}

fn main() {}
