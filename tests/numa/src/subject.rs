//! The stores under test, one for each declaration, and their threads.

use sharded::{
    builder::FieldOptions,
    clock::Manual,
    placement::{Asked, Binding, StorePlacement},
    sharded,
};
use std::{collections::HashMap, ops::Range, time::Duration};

/// How a store is declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Declared {
    /// Shards in blocks over the nodes that have processors.
    Spread,
    /// The same, in huge pages.
    SpreadHuge,
    /// The same, and nowhere else.
    StrictSpread,
    /// All shards are on the node of the thread that builds the store.
    Local,
    /// Nothing is said of nodes.
    Off,
}

/// Entries of a filled store; so many that each shard has several chunks.
const ENTRIES: u64 = 40_000;
/// How long an entry lives, by a clock that is moved by hand.
const TTL: Duration = Duration::from_hours(1);

/// A store, whatever was declared of it.
trait Subject: Send + Sync {
    fn fill(&self, keys: Range<u64>);
    fn remove(&self, keys: Range<u64>);
    fn shrink(&self);
    fn sweep(&self);
    fn placement(&self) -> StorePlacement;
    /// By key, the shard and the address of its value.
    fn value(&self, key: u64) -> Option<(usize, usize)>;
    fn shards(&self) -> usize;
    fn read(&self, keys: Range<u64>) -> usize;
}

macro_rules! stores {
    ($($name:ident: $numa:ident,)*) => {$(
        /// Every kind of lock, with and without what expiry and eviction know of entries.
        #[sharded(shards = 64, numa = $numa)]
        struct $name {
            #[shard(lock = Mutex, ttl = "1h", capacity = 1_000_000, evict = Lru)]
            sessions: HashMap<u64, [u64; 8]>,
            #[shard(lock = RwLock, ttl = "1h")]
            users: HashMap<u64, [u8; 24]>,
            #[shard(lock = Optimistic, unbounded = "as many as the test puts in")]
            prices: HashMap<u64, u64>,
        }

        impl Subject for $name {
            fn fill(&self, keys: Range<u64>) {
                for key in keys {
                    self.sessions().insert(key, [key; 8]);
                    self.users().insert(key, [7; 24]);
                    self.prices().insert(key, key);
                }
            }
            fn remove(&self, keys: Range<u64>) {
                for key in keys {
                    self.sessions().remove(&key);
                    self.users().remove(&key);
                    self.prices().remove(&key);
                }
            }
            fn shrink(&self) {
                self.sessions().shrink_to_fit();
                self.users().shrink_to_fit();
                self.prices().shrink_to_fit();
            }
            fn sweep(&self) {
                sharded::Store::sweep(self);
            }
            fn placement(&self) -> StorePlacement {
                sharded::Store::placement(self)
            }
            fn value(&self, key: u64) -> Option<(usize, usize)> {
                let address = self.sessions().with(&key, |value| std::ptr::from_ref(value).addr())?;
                Some((self.sessions().shard_of(&key), address))
            }
            fn shards(&self) -> usize {
                self.sessions().shard_count()
            }
            fn read(&self, keys: Range<u64>) -> usize {
                keys.filter(|key| self.sessions().get(key) == Some([*key; 8])).count()
            }
        }
    )*};
}

stores! {
    Spread: Spread,
    StrictSpread: StrictSpread,
    Local: Local,
    Off: Off,
}

/// A store and what keys it has.
pub(crate) struct Store {
    subject: Box<dyn Subject>,
    clock: Manual,
    keys: Range<u64>,
}

impl Store {
    /// Builds it and fills it, both from the calling thread.
    pub(crate) fn filled(declared: Declared) -> Self {
        let mut store = Self::build(declared);
        store.fill();
        store
    }

    /// An empty one.
    pub(crate) fn build(declared: Declared) -> Self {
        let clock = Manual::new();
        let subject: Box<dyn Subject> = match declared {
            Declared::Spread => Box::new(Spread::builder().clock(clock.clone()).build()),
            Declared::SpreadHuge => {
                let builder = Spread::builder().clock(clock.clone());
                let builder = builder.sessions(FieldOptions::huge_pages).users(FieldOptions::huge_pages);
                Box::new(builder.prices(FieldOptions::huge_pages).build())
            }
            Declared::StrictSpread => Box::new(StrictSpread::builder().clock(clock.clone()).build()),
            Declared::Local => Box::new(Local::builder().clock(clock.clone()).build()),
            Declared::Off => Box::new(Off::builder().clock(clock.clone()).build()),
        };
        Store { subject, clock, keys: 0..0 }
    }

    pub(crate) fn fill(&mut self) {
        self.put(0..ENTRIES);
    }

    /// Puts these entries in, and counts on them from here on.
    pub(crate) fn put(&mut self, keys: Range<u64>) {
        self.add(keys.clone());
        self.count_on(keys);
    }

    pub(crate) fn add(&self, keys: Range<u64>) {
        self.subject.fill(keys);
    }

    pub(crate) fn count_on(&mut self, keys: Range<u64>) {
        self.keys = keys;
    }

    /// The life of a store, step by step: each is named once it is done.
    pub(crate) fn live<E>(&mut self, mut look: impl FnMut(&str, &Self) -> Result<(), E>) -> Result<(), E> {
        self.fill();
        look("filled", self)?;
        self.subject.fill(ENTRIES..3 * ENTRIES);
        self.keys = 0..3 * ENTRIES;
        look("grown", self)?;
        for begin in (0..ENTRIES).step_by(1000) {
            self.subject.remove(begin..begin + 1000);
            self.subject.fill(3 * ENTRIES + begin..3 * ENTRIES + begin + 1000);
        }
        self.keys = ENTRIES..4 * ENTRIES;
        look("churned", self)?;
        self.subject.remove(ENTRIES + 400..4 * ENTRIES);
        self.subject.shrink();
        self.keys = ENTRIES..ENTRIES + 400;
        look("shrunk", self)?;
        self.put(0..ENTRIES);
        look("filled again", self)?;
        self.clock.advance(TTL);
        self.subject.sweep();
        self.keys = 0..0;
        look("expired", self)?;
        self.put(0..ENTRIES / 4);
        look("filled after that", self)
    }

    /// By shard: the node that it was declared to be on.
    pub(crate) fn homes(&self) -> Vec<Option<usize>> {
        let placement = self.subject.placement();
        placement.fields()[0].shards().iter().map(|shard| shard.node().map(|node| node.get() as usize)).collect()
    }

    /// By shard: the address of each value of the field whose values can be looked at.
    pub(crate) fn entries(&self) -> Vec<Vec<usize>> {
        let mut entries = vec![Vec::new(); self.subject.shards()];
        for (shard, address) in self.keys.clone().filter_map(|key| self.subject.value(key)) {
            entries[shard].push(address);
        }
        entries
    }

    /// What the library says of itself.
    pub(crate) fn placement(&self) -> StorePlacement {
        self.subject.placement()
    }

    /// Reads every entry, from the calling thread; answers how many are there, and as they should be.
    pub(crate) fn read_all(&self) -> usize {
        self.subject.read(self.keys.clone())
    }

    pub(crate) fn keys(&self) -> Range<u64> {
        self.keys.clone()
    }
}

/// Whether all that a store consists of is at home, as it says itself; answers the pages.
pub(crate) fn says_at_home(store: &Store) -> Result<u64, String> {
    let placement = store.placement();
    let mut pages = 0;
    for field in placement.fields() {
        if matches!(field.binding(), Binding::Refused(_)) || field.asked() != Asked::Pages {
            return Err(format!("{:?}, {:?}", field.binding(), field.asked()));
        }
        for shard in field.shards() {
            // Exactly all: so many of so many.
            if shard.per_cent() != Some(100.0) {
                return Err(format!("not all at home:\n{placement}"));
            }
            pages += shard.pages().map(|(_, pages)| pages).sum::<u64>();
        }
    }
    Ok(pages)
}
