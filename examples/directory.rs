//! Sessions that are found by their user and by their address, too: two indexes of one map.
//!
//! `cargo run --example directory`. The map is the only thing that the program writes. The library keeps the indexes.

#![allow(clippy::trivially_copy_pass_by_ref, reason = "the function of an index takes references")]

use sharded::{Store as _, clock::Manual, sharded};
use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

#[derive(Clone, Debug)]
struct Session {
    user: String,
    address: String,
}

/// The keys of an index. An `Option` leaves out entries that have none.
fn user_of(_: &u64, session: &Session) -> String {
    session.user.clone()
}
fn address_of(_: &u64, session: &Session) -> Option<String> {
    (!session.address.is_empty()).then(|| session.address.clone())
}

#[sharded]
struct Directory {
    #[shard(idle = "30m", capacity = 100_000)]
    sessions: HashMap<u64, Session>,

    /// Many sessions for each user.
    #[shard(index_of = sessions, key = user_of)]
    by_user: HashMap<String, HashSet<u64>>,

    /// At most one session for each address.
    #[shard(index_of = sessions, key = address_of)]
    by_address: HashMap<String, u64>,
}

impl Directory {
    /// Ends all sessions of a user. Between the lookup and the removal a session may have gone to another user, so the
    /// removal asks again.
    fn log_out_everywhere(&self, user: &str) -> usize {
        let keys = self.by_user().keys(user);
        keys.iter().filter(|key| self.sessions().remove_if(*key, |session| session.user == user).is_some()).count()
    }
}

fn main() {
    let clock = Manual::new();
    let directory = Directory::builder().clock(clock.clone()).build();
    let session = |user: &str, address: &str| Session { user: user.to_owned(), address: address.to_owned() };
    directory.sessions().insert(1, session("ada", "10.0.0.1"));
    directory.sessions().insert(2, session("ada", "10.0.0.2"));
    directory.sessions().insert(3, session("bob", "10.0.0.3"));
    println!("10.0.0.2 is {:?}", directory.by_address().get("10.0.0.2").map(|session| session.user));

    // The address is taken, so the entry comes back.
    let refused = directory.sessions().try_insert(4, session("eve", "10.0.0.3")).unwrap_err();
    println!("session {} of {} is refused", refused.key, refused.value.user);

    // An index follows a change in place.
    directory.sessions().with_mut(&3, |session| session.address = String::from("10.0.0.4"));
    directory.sessions().try_insert(4, session("eve", "10.0.0.3")).expect("the address is free now");
    println!("10.0.0.3 is session {:?}", directory.by_address().key("10.0.0.3"));

    println!("ada had {} sessions", directory.log_out_everywhere("ada"));
    assert!(!directory.by_user().contains("ada"));

    // What expires leaves the indexes, too.
    clock.advance(Duration::from_mins(30));
    assert_eq!(directory.by_address().key("10.0.0.3"), None);
    directory.sweep();
    println!("{} addresses are left", directory.by_address().len());
}
