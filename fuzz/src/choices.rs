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
#[allow(clippy::struct_excessive_bools, reason = "each is a bit of the input")]
pub(crate) struct Choices {
    is_optimistic: bool,
    /// Whether entries that own memory are read without a lock. Only where they do not expire: the idle time is then
    /// coarse.
    is_shared: bool,
    /// Whether the map has indexes.
    is_indexed: bool,
    expires: bool,
    /// Where there is a capacity.
    evicts: Option<Evicts>,
    capacity: usize,
    shards: usize,
    spread: Spread,
    keys: Keys,
}

/// Mostly small ones: after every eviction all entries are compared.
const CAPACITIES: [usize; 8] = [1, 2, 3, 5, 12, 40, 64, 300];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Evicts {
    Adaptive,
    Sieve,
    S3Fifo,
    TinyLfu,
}

const EVICTIONS: [Evicts; 4] = [Evicts::Adaptive, Evicts::Sieve, Evicts::S3Fifo, Evicts::TinyLfu];

/// All entries are compared after this number of calls.
const COMPARE_EVERY: usize = 64;

type TtlAndIdle = TtlIdle<TTL_MS, IDLE_MS>;

fn one_of<T: Copy>(all: &[T], byte: u8) -> T {
    all[usize::from(byte) % all.len()]
}

impl Choices {
    pub(crate) fn read(bytes: &mut Bytes<'_>) -> Self {
        let bits = bytes.byte();
        let is_bounded = bits & 4 != 0;
        Choices {
            is_optimistic: bits & 1 != 0,
            is_shared: bits & 0x40 != 0,
            is_indexed: bits & 0x80 != 0,
            expires: bits & 2 != 0,
            evicts: is_bounded.then(|| one_of(&EVICTIONS, bits >> 4)),
            capacity: if is_bounded { one_of(&CAPACITIES, bytes.byte()) } else { 0 },
            shards: if bits & 8 == 0 { 1 } else { 4 },
            spread: one_of(&SPREADS, bytes.byte()),
            keys: one_of(&Keys::ALL, bytes.byte()),
        }
    }

    /// Tries operations on a map of these choices. `apply` does each of them.
    pub(crate) fn try_out(self, ops: Vec<Op>, apply: impl Fn(&dyn Subject, &Op) -> Answer) {
        let clock = Manual::new();
        let (map, traits) = self.build(&clock);
        let trial = Trial::new(&self, traits, &clock, &*map).compare_every(COMPARE_EVERY);
        trial.calling(|op| apply(&*map, op)).run(ops);
    }

    fn build(self, clock: &Manual) -> (Box<dyn Subject>, Traits) {
        macro_rules! with {
            ($expiry:ty, $eviction:ty) => {
                if self.is_optimistic {
                    self.with::<u32, Words, Optimistic, $expiry, $eviction>(clock)
                } else {
                    self.with::<Heap, Heap, Mutex, $expiry, $eviction>(clock)
                }
            };
        }
        macro_rules! lasting {
            ($eviction:ty) => {
                if self.is_shared && !self.is_optimistic {
                    self.with::<Heap, Heap, Rcu, Never, $eviction>(clock)
                } else {
                    with!(Never, $eviction)
                }
            };
        }
        match (self.expires, self.evicts) {
            (true, None) => with!(TtlAndIdle, Unbounded),
            (true, Some(Evicts::Adaptive)) => with!(TtlAndIdle, Adaptive),
            (true, Some(Evicts::Sieve)) => with!(TtlAndIdle, Sieve),
            (true, Some(Evicts::S3Fifo)) => with!(TtlAndIdle, S3Fifo),
            (true, Some(Evicts::TinyLfu)) => with!(TtlAndIdle, TinyLfu),
            (false, None) => lasting!(Unbounded),
            (false, Some(Evicts::Adaptive)) => lasting!(Adaptive),
            (false, Some(Evicts::Sieve)) => lasting!(Sieve),
            (false, Some(Evicts::S3Fifo)) => lasting!(S3Fifo),
            (false, Some(Evicts::TinyLfu)) => lasting!(TinyLfu),
        }
    }

    fn with<K, V, L, X, E>(self, clock: &Manual) -> (Box<dyn Subject>, Traits)
    where
        K: MadeKey,
        V: Made,
        L: Lock + Serves<K, V>,
        X: ExpiryCalls,
        E: EvictionCalls,
        Map<K, V, L, X, E, Spread>: BuildField<Of<L, X, E>>,
        Map<K, V, L, X, E, Spread, true>: BuildField<Of<L, X, E, System, 16, 0, true>>,
    {
        spread::choose(self.spread);
        let traits = Traits::of::<L, X, E>();
        if self.is_indexed {
            let map = Indexed::<K, V, L, X, E, Spread>::build(clock, self.shards, self.capacity, self.keys);
            return (Box::new(map), traits.of_indexed());
        }
        let map: Map<K, V, L, X, E, Spread> = build::<Of<L, X, E>, _>(clock, self.shards, self.capacity);
        (Box::new(Keyed { map, keys: self.keys }), traits)
    }
}
