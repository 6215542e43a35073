//! The settings of a map: the declared options and their overrides. The code does not depend on the types of the map.

use super::{
    advance,
    placing::{Placing, Wanted},
};
use crate::{
    Policy,
    builder::{BuildError, Overrides, StoreContext},
    clock::{Clock, Nanos, TimeSource},
    engine::budget::Budget,
    engine::table::StampOf,
    evict::{Eviction, FieldContext},
    expiry::Stamp,
    lock::Lock,
    memory::arena::MemoryNode,
    shards::{ShardCount, to_evict_well},
};
use std::{sync::Arc, time::Duration};

/// The longest time before the clock's zero at which an entry may have been used last: 146 years, a quarter of the
/// range of the clock.
const LONGEST_PAST: Nanos = Nanos::new(u64::MAX / 4);

/// The declared options of a policy, as values.
#[allow(clippy::struct_excessive_bools, reason = "one for each choice")]
pub(crate) struct Declared {
    name: &'static str,
    shards: fn() -> usize,
    ttl: Option<Duration>,
    ttl_jitter: u8,
    idle: Option<Duration>,
    tracks_access: bool,
    refresh_after: Option<Duration>,
    capacity: Option<usize>,
    evicts: bool,
    weighs: bool,
    preallocate: bool,
    /// One in so many units of the capacity is kept for entries that have left. Zero if none is.
    retired_part: usize,
}

/// The lengths of time of a map.
pub(crate) struct Times {
    pub(crate) ttl: Nanos,
    /// The most by which the jitter shortens a ttl.
    pub(crate) jitter: Nanos,
    pub(crate) idle: Nanos,
    /// The shortest time after which an unused entry without a ttl of its own expires.
    pub(crate) lifetime: Nanos,
    /// The age from which calls that load refresh an entry.
    pub(crate) refresh_after: Nanos,
}

/// The settings that a map is built with.
pub(crate) struct Settings {
    pub(crate) placing: Placing,
    pub(crate) nodes: Vec<Arc<MemoryNode>>,
    pub(crate) field: FieldContext,
    pub(crate) budget: Option<Budget>,
    pub(crate) times: Times,
}

impl Declared {
    pub(crate) const fn by<P: Policy>() -> Self {
        assert!(P::TTL.is_none() || StampOf::<P>::EXPIRES, "a policy with a TTL needs an `Expiry` other than `Never`");
        assert!(
            !P::TTL_OF_ENTRY || StampOf::<P>::EXPIRES,
            "a policy with TTL_OF_ENTRY needs an `Expiry` other than `Never`"
        );
        assert!(!P::TTL_OF_ENTRY || P::TTL.is_none(), "a policy has a TTL or TTL_OF_ENTRY, not both");
        assert!(P::TTL_JITTER == 0 || P::TTL.is_some(), "a policy with a TTL_JITTER needs a TTL");
        assert!(P::TTL_JITTER < 100, "a TTL_JITTER is a share of the TTL, below 100 percent");
        assert!(P::REFRESH_AFTER.is_none() || P::TTL.is_some(), "a policy with a REFRESH_AFTER needs a TTL");
        assert!(P::IDLE.is_none() || StampOf::<P>::TRACKS_ACCESS, "a policy with an IDLE time needs `AfterAccess`");
        assert!(!matches!(P::CAPACITY, Some(0)), "the CAPACITY of a policy must not be zero");
        assert!(P::CAPACITY.is_none() || P::Eviction::BOUNDED, "a policy with a CAPACITY needs an `Eviction`");
        assert!(!P::WEIGHS || P::Eviction::BOUNDED, "a policy that WEIGHS entries needs an `Eviction`");
        assert!(!P::PREALLOCATE || P::CAPACITY.is_some(), "a policy that PREALLOCATEs needs a CAPACITY");
        assert!(!P::PREALLOCATE || can_preallocate::<P>(), "a policy that PREALLOCATEs neither WEIGHS nor has `Rcu`");
        assert!(!P::PINS || P::Eviction::EVICTS, "a policy that PINS entries needs an `Eviction` that evicts");
        Declared {
            name: P::NAME,
            shards: P::Shards::count,
            ttl: P::TTL,
            ttl_jitter: P::TTL_JITTER,
            idle: P::IDLE,
            tracks_access: StampOf::<P>::TRACKS_ACCESS,
            refresh_after: P::REFRESH_AFTER,
            capacity: P::CAPACITY,
            evicts: P::Eviction::EVICTS,
            weighs: P::WEIGHS,
            preallocate: P::PREALLOCATE,
            retired_part: if P::WEIGHS && P::Lock::SHARES_ENTRIES { Budget::RETIRED_PART } else { 0 },
        }
    }
}

/// Whether the memory of all entries is known from their number, and lies in tables.
const fn can_preallocate<P: Policy>() -> bool {
    !P::WEIGHS && !P::Lock::SHARES_ENTRIES
}

impl Settings {
    /// Notes mistakes in `store`.
    pub(crate) fn new(store: &StoreContext, given: &Overrides, declared: &Declared, wanted: &Wanted) -> Self {
        if let Some(mistake) = &given.mistake {
            store.note(mistake.clone());
        }
        let capacity = given.capacity.or(declared.capacity);
        let count = shard_count(store, given, declared, capacity);
        let placing = Placing::new(store, count, given.huge_pages, wanted);
        let field = FieldContext::new(capacity.filter(|_| !declared.weighs), count);
        // A store with a mistake is not built, and needs no memory.
        let in_advance = if (given.preallocate || declared.preallocate) && store.check(()).is_ok() {
            noted(store, advance::take(declared.name, &placing, wanted, field.most_entries_ever()))
        } else {
            None
        };
        Settings {
            nodes: placing.nodes(),
            placing,
            field: field.with(in_advance),
            budget: capacity.map(|capacity| Budget::new(capacity, count, declared.weighs, declared.retired_part)),
            times: Times::new(given, declared),
        }
    }
}

impl Times {
    fn new(given: &Overrides, declared: &Declared) -> Self {
        let forever = |time: Option<Duration>| time.map_or(Nanos::FOREVER, Nanos::from_duration);
        let ttl = forever(given.ttl.or(declared.ttl));
        // An infinite time is not shortened.
        let jitter = if ttl.is_forever() { Nanos::ZERO } else { ttl.percent(declared.ttl_jitter) };
        let idle = forever(given.idle.or(declared.idle).filter(|_| declared.tracks_access));
        Times {
            ttl,
            jitter,
            idle,
            lifetime: idle.min(ttl.minus(jitter)),
            refresh_after: forever(declared.refresh_after),
        }
    }

    /// The shortest of them.
    pub(crate) fn shortest(&self) -> Nanos {
        self.lifetime.min(self.refresh_after)
    }

    /// The time before the clock's zero for which an entry may have been unused.
    pub(crate) fn past(&self) -> Nanos {
        if self.idle.is_forever() { Nanos::ZERO } else { self.idle.min(LONGEST_PAST) }
    }

    /// The times by this clock, see [`TimeSource::lengthened`].
    pub(crate) fn lengthened<C: Clock>(self, clock: &TimeSource<C>) -> Self {
        let (ttl, idle) = (clock.lengthened(self.ttl), clock.lengthened(self.idle));
        Times { ttl, idle, lifetime: idle.min(ttl.minus(self.jitter)), ..self }
    }
}

/// The result. A mistake is noted in `store`.
fn noted<T>(store: &StoreContext, result: Result<T, BuildError>) -> Option<T> {
    result.map_err(|mistake| store.note(mistake)).ok()
}

/// The number from the builder, or else the declared one, limited so that the shards are large enough to evict well.
fn shard_count(store: &StoreContext, given: &Overrides, declared: &Declared, capacity: Option<usize>) -> usize {
    let count = given.shards.unwrap_or_else(|| {
        let count = store.shards().unwrap_or_else(declared.shards);
        let capacity = capacity.filter(|_| declared.evicts);
        capacity.map_or(count, |capacity| count.min(to_evict_well(capacity)))
    });
    // Of a `ShardCount` of the user's own.
    match BuildError::check_shards(Some(declared.name), count) {
        Ok(()) => count,
        Err(mistake) => {
            store.note(mistake);
            1
        }
    }
}
