//! The map of a case.

use crate::spread::{self, SPREADS, Spread};
use sharded::{
    builder::BuildField,
    clock::{Manual, System},
    evict::{Adaptive, S3Fifo, Sieve, TinyLfu, Unbounded},
    lock::{Lock, Mutex, Optimistic, Rcu, Serves},
};
use sharded_operations::{
    Answer, Bytes, EvictionCalls, ExpiryCalls, Heap, IDLE_MS, Indexed, Keyed, Keys, Made, MadeKey, Map, Of, Op,
    Subject, TTL_MS, Traits, Trial, Words, build,
    policy::{Never, TtlIdle},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Choices {
    /// Its place in `MAPS`.
    map: usize,
    /// Where the map has one.
    capacity: usize,
    shards: usize,
    spread: Spread,
    keys: Keys,
}

/// Mostly small ones: after every eviction all entries are compared.
const CAPACITIES: [usize; 8] = [1, 2, 3, 5, 12, 40, 64, 300];

/// All entries are compared after this number of calls.
const COMPARE_EVERY: usize = 64;

type TtlAndIdle = TtlIdle<TTL_MS, IDLE_MS>;

type Build = fn(Choices, &Manual) -> (Box<dyn Subject>, Traits);

/// Each lock with each eviction. Every pair of an eviction, an expiry and a form (with indexes or without) is among
/// them. Entries under `Rcu` do not expire, since their idle time is coarse. The model suite tries all combinations.
/// Each map here takes the fuzzer some ten seconds to build.
const MAPS: [Build; 15] = [
    indexed::<u32, Words, Optimistic, Never, Unbounded>,
    plain::<u32, Words, Optimistic, TtlAndIdle, Adaptive>,
    indexed::<u32, Words, Optimistic, TtlAndIdle, Sieve>,
    plain::<u32, Words, Optimistic, Never, S3Fifo>,
    plain::<u32, Words, Optimistic, TtlAndIdle, TinyLfu>,
    plain::<Heap, Heap, Mutex, TtlAndIdle, Unbounded>,
    indexed::<Heap, Heap, Mutex, Never, Adaptive>,
    plain::<Heap, Heap, Mutex, Never, Sieve>,
    indexed::<Heap, Heap, Mutex, TtlAndIdle, S3Fifo>,
    plain::<Heap, Heap, Mutex, Never, TinyLfu>,
    plain::<Heap, Heap, Rcu, Never, Unbounded>,
    plain::<Heap, Heap, Rcu, Never, Adaptive>,
    plain::<Heap, Heap, Rcu, Never, Sieve>,
    indexed::<Heap, Heap, Rcu, Never, S3Fifo>,
    indexed::<Heap, Heap, Rcu, Never, TinyLfu>,
];

fn one_of<T: Copy>(all: &[T], byte: u8) -> T {
    all[usize::from(byte) % all.len()]
}

impl Choices {
    pub(crate) fn read(bytes: &mut Bytes<'_>) -> Self {
        let map = usize::from(bytes.byte()) % MAPS.len();
        let room = bytes.byte();
        Choices {
            map,
            capacity: one_of(&CAPACITIES, room),
            shards: if room & 0x80 == 0 { 1 } else { 4 },
            spread: one_of(&SPREADS, bytes.byte()),
            keys: one_of(&Keys::ALL, bytes.byte()),
        }
    }

    /// Tries operations on a map of these choices. `apply` does each of them.
    pub(crate) fn try_out(self, ops: Vec<Op>, apply: impl Fn(&dyn Subject, &Op) -> Answer) {
        let clock = Manual::new();
        spread::choose(self.spread);
        let (map, traits) = MAPS[self.map](self, &clock);
        let trial = Trial::new(&self, traits, &clock, &*map).compare_every(COMPARE_EVERY);
        trial.calling(|op| apply(&*map, op)).run(ops);
    }
}

fn plain<K, V, L, X, E>(choices: Choices, clock: &Manual) -> (Box<dyn Subject>, Traits)
where
    K: MadeKey,
    V: Made,
    L: Lock + Serves<K, V>,
    X: ExpiryCalls,
    E: EvictionCalls,
    Map<K, V, L, X, E, Spread>: BuildField<Of<L, X, E>>,
{
    let map: Map<K, V, L, X, E, Spread> = build::<Of<L, X, E>, _>(clock, choices.shards, choices.capacity);
    (Box::new(Keyed { map, keys: choices.keys }), Traits::of::<L, X, E>())
}

fn indexed<K, V, L, X, E>(choices: Choices, clock: &Manual) -> (Box<dyn Subject>, Traits)
where
    K: MadeKey,
    V: Made,
    L: Lock + Serves<K, V>,
    X: ExpiryCalls,
    E: EvictionCalls,
    Map<K, V, L, X, E, Spread, true>: BuildField<Of<L, X, E, System, 16, 0, true>>,
{
    let map = Indexed::<K, V, L, X, E, Spread>::build(clock, choices.shards, choices.capacity, choices.keys);
    (Box::new(map), Traits::of::<L, X, E>().of_indexed())
}
