//! Lookups while a change in place moves an entry from one index key to another: at each moment one of both finds it.

use sharded::{clock::Manual, sharded};
use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
    hash::{Hash, Hasher},
    sync::{
        Arc,
        mpsc::{Receiver, channel},
    },
    thread,
    time::Duration,
};

/// An index key. Another thread looks whenever the thread that changes the entry hashes one.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Word(u32);

impl Hash for Word {
    fn hash<H: Hasher>(&self, state: &mut H) {
        LOOKS.with_borrow_mut(|looks| looks.iter_mut().for_each(Looks::begin));
        self.0.hash(state);
    }
}

thread_local! {
    static LOOKS: RefCell<Option<Looks>> = const { RefCell::new(None) };
}

/// Lookups of both index keys while the entry changes.
struct Looks {
    /// Whether one of the index keys has the entry.
    look: Arc<dyn Fn() -> bool + Send + Sync>,
    begun: Vec<Receiver<bool>>,
    found: Vec<bool>,
}

impl Looks {
    /// Begins a look and gives it time. It may have to wait for the change.
    fn begin(&mut self) {
        let ((sender, answer), look) = (channel(), Arc::clone(&self.look));
        thread::spawn(move || sender.send(look()).unwrap());
        match answer.recv_timeout(Duration::from_millis(50)) {
            Ok(found) => self.found.push(found),
            Err(_) => self.begun.push(answer),
        }
    }
}

/// Runs a change, within which each look must find the entry.
#[track_caller]
fn found_throughout(look: impl Fn() -> bool + Send + Sync + 'static, change: impl FnOnce()) {
    LOOKS.set(Some(Looks { look: Arc::new(look), begun: Vec::new(), found: Vec::new() }));
    change();
    let Looks { mut found, begun, .. } = LOOKS.take().unwrap();
    found.extend(begun.iter().map(|answer| answer.recv().unwrap()));
    assert!(!found.is_empty() && found.iter().all(|&found| found), "{found:?}");
}

fn word_of(_: &u32, word: &u32) -> Word {
    Word(*word)
}

#[sharded(shards = 4)]
struct Store {
    #[shard(ttl = "1m")]
    entries: HashMap<u32, u32>,
    #[shard(index_of = entries, key = word_of)]
    unique: HashMap<Word, u32>,
}

#[sharded(shards = 4)]
struct Groups {
    #[shard(ttl = "1m")]
    entries: HashMap<u32, u32>,
    #[shard(index_of = entries, key = word_of)]
    many: HashMap<Word, HashSet<u32>>,
}

#[test]
fn a_unique_index_always_finds_an_entry_that_changes() {
    let store = Arc::new(Store::new());
    store.entries().insert(1, 10);
    check(&store);
}

#[test]
fn an_index_of_many_always_finds_an_entry_that_changes() {
    let store = Arc::new(Groups::new());
    store.entries().insert(1, 10);
    let look = {
        let store = Arc::clone(&store);
        move || [10, 20].map(|word| store.many().contains(&Word(word))) != [false; 2]
    };
    found_throughout(look, || assert!(store.entries().with_mut(&1, |word| *word = 20).is_some()));
}

/// The new index key belongs to an entry that has expired, and is taken from it.
#[test]
fn a_unique_index_finds_an_entry_that_takes_an_index_key_from_an_expired_one() {
    for holder in 2..12 {
        let clock = Manual::new();
        let store = Arc::new(Store::builder().clock(clock.clone()).build());
        store.entries().insert(holder, 20);
        clock.advance(Duration::from_secs(59));
        store.entries().insert(1, 10);
        clock.advance(Duration::from_secs(2));
        check(&store);
        assert_eq!(store.unique().key(&Word(20)), Some(1));
        assert_eq!(store.unique().key(&Word(10)), None);
        assert_eq!(store.unique().stats().entries(), 1);
    }
}

fn check(store: &Arc<Store>) {
    let look = {
        let store = Arc::clone(store);
        move || [10, 20].map(|word| store.unique().key(&Word(word)).is_some()) != [false; 2]
    };
    found_throughout(look, || assert!(store.entries().with_mut(&1, |word| *word = 20).is_some()));
}
