//! Which map a case is tried on.

use super::{
    ops::{Bytes, IDLE, Op, TTL},
    policy::{Never, Of},
    spread::{self, SPREADS, Spread},
    subject::{Both, Deadlines, Heap, Keyed, Made, Map, Subject, Words},
    trial::Trial,
};
use sharded::{
    Policy,
    builder::{BuildField, FieldOptions, StoreOptions},
    clock::Manual,
    evict::{Adaptive, Bounded, MakesRoom, S3Fifo, Sieve, TinyLfu, Unbounded},
    lock::{Lock, Mutex, Optimistic, Serves},
};
use std::hash::Hash;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Choices {
    pub(crate) is_optimistic: bool,
    pub(crate) expires: bool,
    pub(crate) capacity: Option<usize>,
    pub(crate) evicts: Evicts,
    pub(crate) shards: usize,
    pub(crate) spread: Spread,
    pub(crate) keys: KeySet,
}

/// Mostly small ones: after every eviction all entries are looked at.
const CAPACITIES: [usize; 8] = [1, 2, 3, 5, 12, 40, 64, 300];

/// Which entry leaves where there is a capacity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Evicts {
    Adaptive,
    Sieve,
    S3Fifo,
    TinyLfu,
}

const EVICTIONS: [Evicts; 4] = [Evicts::Adaptive, Evicts::Sieve, Evicts::S3Fifo, Evicts::TinyLfu];

/// Which integers are the keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeySet {
    FromZero,
    FromTheGreatest,
    UpperHalves,
    Reversed,
    Scattered,
}

const KEY_SETS: [KeySet; 5] =
    [KeySet::FromZero, KeySet::FromTheGreatest, KeySet::UpperHalves, KeySet::Reversed, KeySet::Scattered];

impl KeySet {
    pub(crate) fn key(self, nth: u32) -> u32 {
        match self {
            KeySet::FromZero => nth,
            KeySet::FromTheGreatest => !nth,
            KeySet::UpperHalves => nth << 16,
            KeySet::Reversed => nth.reverse_bits(),
            KeySet::Scattered => nth.wrapping_mul(0x9E37_79B1),
        }
    }

    /// The number of a key.
    pub(crate) fn nth(self, key: u32) -> u32 {
        match self {
            KeySet::FromZero => key,
            KeySet::FromTheGreatest => !key,
            KeySet::UpperHalves => key >> 16,
            KeySet::Reversed => key.reverse_bits(),
            KeySet::Scattered => key.wrapping_mul(0x0E8B_2F51),
        }
    }
}

impl Choices {
    pub(crate) fn read(bytes: &mut Bytes<'_>) -> Self {
        let bits = bytes.byte();
        Choices {
            is_optimistic: bits & 1 != 0,
            expires: bits & 2 != 0,
            capacity: (bits & 4 != 0).then(|| CAPACITIES[usize::from(bytes.byte()) % CAPACITIES.len()]),
            evicts: EVICTIONS[usize::from(bits >> 4) % EVICTIONS.len()],
            shards: if bits & 8 == 0 { 1 } else { 4 },
            spread: SPREADS[usize::from(bytes.byte()) % SPREADS.len()],
            keys: KEY_SETS[usize::from(bytes.byte()) % KEY_SETS.len()],
        }
    }

    /// Tries calls on a map of these choices.
    pub(crate) fn try_out(self, ops: &[Op]) {
        let clock = Manual::new();
        let subject = self.build(&clock);
        self.try_on(&*subject, &clock, ops);
    }

    /// Tries calls on this.
    pub(crate) fn try_on(self, subject: &dyn Subject, clock: &Manual, ops: &[Op]) {
        let times = if self.expires { (Some(TTL), Some(IDLE)) } else { (None, None) };
        Trial::new(self, subject, clock, times).run(ops);
    }

    pub(crate) fn build(self, clock: &Manual) -> Box<dyn Subject> {
        if self.is_optimistic {
            self.with_lock::<u32, Words, Optimistic>(clock)
        } else {
            self.with_lock::<Heap, Heap, Mutex>(clock)
        }
    }

    fn with_lock<K, V, L>(self, clock: &Manual) -> Box<dyn Subject>
    where
        K: Made + Eq + Hash,
        V: Made,
        L: Lock + Serves<K, V>,
        Map<K, V, L, Both, Adaptive>: BuildField<Of<L, Both, Adaptive>>,
        Map<K, V, L, Never, Adaptive>: BuildField<Of<L, Never, Adaptive>>,
        Map<K, V, L, Both, Sieve>: BuildField<Of<L, Both, Sieve>>,
        Map<K, V, L, Never, Sieve>: BuildField<Of<L, Never, Sieve>>,
        Map<K, V, L, Both, S3Fifo>: BuildField<Of<L, Both, S3Fifo>>,
        Map<K, V, L, Never, S3Fifo>: BuildField<Of<L, Never, S3Fifo>>,
        Map<K, V, L, Both, TinyLfu>: BuildField<Of<L, Both, TinyLfu>>,
        Map<K, V, L, Never, TinyLfu>: BuildField<Of<L, Never, TinyLfu>>,
        Map<K, V, L, Both, Unbounded>: BuildField<Of<L, Both, Unbounded>>,
        Map<K, V, L, Never, Unbounded>: BuildField<Of<L, Never, Unbounded>>,
    {
        let Some(capacity) = self.capacity else {
            return if self.expires {
                self.with::<K, V, L, Both, Unbounded>(clock, FieldOptions::new())
            } else {
                self.with::<K, V, L, Never, Unbounded>(clock, FieldOptions::new())
            };
        };
        match (self.expires, self.evicts) {
            (true, Evicts::Adaptive) => self.with::<K, V, L, Both, Adaptive>(clock, bounded(capacity)),
            (true, Evicts::Sieve) => self.with::<K, V, L, Both, Sieve>(clock, bounded(capacity)),
            (true, Evicts::S3Fifo) => self.with::<K, V, L, Both, S3Fifo>(clock, bounded(capacity)),
            (true, Evicts::TinyLfu) => self.with::<K, V, L, Both, TinyLfu>(clock, bounded(capacity)),
            (false, Evicts::Adaptive) => self.with::<K, V, L, Never, Adaptive>(clock, bounded(capacity)),
            (false, Evicts::Sieve) => self.with::<K, V, L, Never, Sieve>(clock, bounded(capacity)),
            (false, Evicts::S3Fifo) => self.with::<K, V, L, Never, S3Fifo>(clock, bounded(capacity)),
            (false, Evicts::TinyLfu) => self.with::<K, V, L, Never, TinyLfu>(clock, bounded(capacity)),
        }
    }

    fn with<K, V, L, X, E>(self, clock: &Manual, options: FieldOptions<Of<L, X, E>>) -> Box<dyn Subject>
    where
        K: Made + Eq + Hash,
        V: Made,
        L: Lock + Serves<K, V>,
        X: Deadlines,
        E: MakesRoom,
        Map<K, V, L, X, E>: BuildField<Of<L, X, E>>,
    {
        spread::choose(self.spread);
        let store = StoreOptions::new().clock(clock.clone()).start();
        let map: Map<K, V, L, X, E> = BuildField::build(&store, 0, options.shards(self.shards));
        Box::new(Keyed { map, keys: self.keys })
    }
}

fn bounded<P: Policy<Eviction: Bounded>>(capacity: usize) -> FieldOptions<P> {
    FieldOptions::new().capacity(capacity)
}
