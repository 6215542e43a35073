//! Under a clock that advances in ticks, no entry expires early, and none can be read later than two ticks after its
//! deadline.
//!
//! The clock here shows the time of its last tick. The true time is set by hand, so that inserts and reads are tried at
//! every position between two ticks.

mod common;

use common::policy::{Of, Refreshed, Times, Ttl, TtlIdle};
use proptest::prelude::*;
use sharded::{
    Change, ShardedMap,
    builder::{BuildField, FieldOptions, StoreOptions},
    clock::{Clock, System},
    evict::Unbounded,
    lock::{Lock, Mutex, Optimistic, Rcu, RwLock, Serves},
};
use std::{
    cell::Cell,
    time::{Duration, Instant},
};

#[derive(Clone, Copy)]
struct World {
    /// The time in truth.
    time: u64,
    tick: u64,
    /// When the first tick is.
    phase: u64,
    /// Whether the clock can say the time in truth, too.
    is_precise: bool,
}

thread_local! {
    static WORLD: Cell<World> = const { Cell::new(World { time: 0, tick: 1, phase: 0, is_precise: false }) };
}

#[derive(Default)]
struct Ticking;

impl Clock for Ticking {
    const RUNS: bool = false;

    fn nanos(&self) -> u64 {
        let World { time, tick, phase, .. } = WORLD.get();
        phase + (time - phase) / tick * tick
    }

    fn resolution(&self) -> u64 {
        WORLD.get().tick
    }

    fn precise_nanos(&self) -> Option<u64> {
        let World { time, is_precise, .. } = WORLD.get();
        is_precise.then_some(time)
    }
}

fn time() -> u64 {
    WORLD.get().time
}

fn set_time(time: u64) {
    WORLD.set(World { time, ..WORLD.get() });
}

type Policy<L, X> = Of<L, X, Unbounded, Ticking, 1>;
type Map<L, X> = ShardedMap<u64, u64, Policy<L, X>>;

const KEY: u64 = 7;

fn nanos(time: u64) -> Duration {
    Duration::from_nanos(time)
}

/// What starts the time of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Insert,
    TryInsert,
    InsertIfAbsent,
    Replace,
    InsertOwn,
    ReplaceOwn,
    Upsert,
    ComputeNew,
    ComputeReplaced,
    GetOrInsert,
    Load,
    Touch,
    ExpireIn,
}

impl Way {
    const ALL: [Way; 13] = [
        Way::Insert,
        Way::TryInsert,
        Way::InsertIfAbsent,
        Way::Replace,
        Way::InsertOwn,
        Way::ReplaceOwn,
        Way::Upsert,
        Way::ComputeNew,
        Way::ComputeReplaced,
        Way::GetOrInsert,
        Way::Load,
        Way::Touch,
        Way::ExpireIn,
    ];

    fn is_own(self) -> bool {
        matches!(self, Way::InsertOwn | Way::ReplaceOwn | Way::ExpireIn)
    }

    /// Whether there is an entry before.
    fn restarts(self) -> bool {
        matches!(self, Way::Replace | Way::ReplaceOwn | Way::ComputeReplaced | Way::Touch | Way::ExpireIn)
    }
}

/// A time of day, a clock, and the times of an entry.
#[derive(Clone, Debug)]
struct Plan {
    way: Way,
    start: u64,
    tick: u64,
    phase: u64,
    is_precise: bool,
    ttl: u64,
    own: u64,
    idle: u64,
    /// When it is looked at, as parts of its time in thousandths.
    looks: Vec<u64>,
}

/// From some nanoseconds to some minutes.
fn times() -> impl Strategy<Value = u64> {
    (1..38_u32, any::<u64>()).prop_map(|(bits, dice)| (1 << bits) | (dice & ((1 << bits) - 1)))
}

fn plans() -> impl Strategy<Value = Plan> {
    let clock = (times(), any::<u64>(), any::<u64>(), any::<bool>());
    let own = (times(), times(), times());
    let looks = prop::collection::vec(0..1500_u64, 1..20);
    (prop::sample::select(&Way::ALL[..]), clock, own, looks).prop_map(
        |(way, (tick, phase, start, is_precise), (ttl, own, idle), looks)| Plan {
            way,
            start: (1 << 40) + start % (4 * tick),
            tick,
            phase: phase % tick,
            is_precise,
            ttl,
            own,
            idle,
            looks,
        },
    )
}

impl Plan {
    fn begin(&self) {
        let Plan { start: time, tick, phase, is_precise, .. } = *self;
        WORLD.set(World { time, tick, phase, is_precise });
    }

    /// How late an entry may go, where the shortest time of the map is this.
    fn late(&self, shortest: u64) -> u64 {
        if self.is_precise && shortest < 32 * self.tick { 0 } else { 2 * self.tick }
    }

    /// The moments at which an entry is looked at that is stored now and lives until then.
    fn moments(&self, ends: u64, late: u64) -> Vec<u64> {
        let now = time();
        let mut moments: Vec<_> = self.looks.iter().map(|look| now + (ends - now) * look / 1000).collect();
        moments.extend([now, ends - 1, ends, ends + late, ends + late + self.tick]);
        moments.retain(|&moment| moment >= now);
        moments.sort_unstable();
        moments
    }
}

fn map<L, X>(options: FieldOptions<Policy<L, X>>) -> Map<L, X>
where
    L: Lock,
    X: Times,
    Map<L, X>: BuildField<Policy<L, X>>,
{
    BuildField::build(&StoreOptions::new().start(), 0, options)
}

/// Starts the time of the entry; answers how long it is.
fn store<L, X>(map: &Map<L, X>, plan: &Plan) -> u64
where
    L: Lock + Serves<u64, u64>,
    X: Times<Expiry: sharded::expiry::Expires>,
{
    if plan.way.restarts() {
        map.insert_with_ttl(KEY, 0, Duration::from_hours(1));
    }
    match plan.way {
        Way::Insert | Way::Replace => _ = map.insert(KEY, 1),
        Way::TryInsert => assert_eq!(map.try_insert(KEY, 1).expect("nothing is refused"), None),
        Way::InsertIfAbsent => assert!(map.insert_if_absent(KEY, 1).is_ok()),
        Way::InsertOwn | Way::ReplaceOwn => _ = map.insert_with_ttl(KEY, 1, nanos(plan.own)),
        Way::Upsert => assert_eq!(map.upsert(KEY, || 1, |_| ()), None),
        Way::ComputeNew | Way::ComputeReplaced => map.compute(KEY, |_| Change::Put(1, ())),
        Way::GetOrInsert => assert_eq!(map.get_or_insert_with(KEY, || 1), 1),
        Way::Load => assert_eq!(map.get_or_load_with(KEY, || 1), 1),
        Way::Touch => assert!(map.touch(&KEY)),
        Way::ExpireIn => assert!(map.expire_in(&KEY, nanos(plan.own))),
    }
    if plan.way.is_own() { plan.own } else { plan.ttl }
}

/// The entry is there to the end of its time, and not long after it.
fn check<L, X>(map: &Map<L, X>, plan: &Plan, ends: u64, late: u64)
where
    L: Lock + Serves<u64, u64>,
    X: Times<Expiry: sharded::expiry::Expires>,
{
    for moment in plan.moments(ends, late) {
        set_time(moment);
        let left = map.ttl_of(&KEY);
        let is_there = map.contains_key(&KEY);
        assert_eq!(map.live_len(), usize::from(is_there));
        assert_eq!(left.is_some(), is_there);
        if moment < ends {
            assert!(is_there, "{} early", ends - moment);
        } else if moment >= ends + late {
            assert!(!is_there, "{} late", moment - ends);
        }
        if let Some(left) = left {
            let left = u64::try_from(left.as_nanos()).expect("some minutes");
            // What is told to be left is left, and is not much less than is left.
            assert!(left + late >= ends.saturating_sub(moment));
            set_time(moment + left.saturating_sub(1));
            assert!(left == 0 || map.contains_key(&KEY), "{left} were told to be left");
            set_time(moment);
        }
        if !is_there {
            map.sweep();
            assert_eq!(map.len(), 0);
        }
    }
}

fn lives_as_declared<L>(plan: &Plan)
where
    L: Lock + Serves<u64, u64>,
    Map<L, Ttl<1000>>: BuildField<Policy<L, Ttl<1000>>>,
{
    plan.begin();
    let map = map::<L, Ttl<1000>>(FieldOptions::new().ttl(nanos(plan.ttl)));
    let ends = time() + store(&map, plan);
    check(&map, plan, ends, plan.late(plan.ttl));
}

fn lives_after_use<L>(plan: &Plan)
where
    L: Lock + Serves<u64, u64>,
    Map<L, TtlIdle<1000, 1000>>: BuildField<Policy<L, TtlIdle<1000, 1000>>>,
{
    plan.begin();
    let options = FieldOptions::new().ttl(nanos(plan.ttl)).idle(nanos(plan.idle));
    let map = map::<L, TtlIdle<1000, 1000>>(options);
    let ends = time() + store(&map, plan);
    let mut ends_unused = time() + plan.idle;
    // It is used for the first half of its looks.
    let mut moments = plan.moments(ends.min(ends_unused), 0);
    moments.truncate(plan.looks.len() / 2);
    for moment in moments {
        set_time(moment);
        if moment < ends.min(ends_unused) {
            assert!(map.get(&KEY).is_some(), "early");
            ends_unused = moment + plan.idle;
        }
    }
    let ends = ends.min(ends_unused);
    if time() < ends {
        check(&map, plan, ends, plan.late(plan.ttl.min(plan.idle)));
    }
}

/// As above, with a save at some moment of its life, and a restore into a map that begins then, at another position
/// between two ticks.
fn lives_on_after_a_restart(plan: &Plan) {
    type X = TtlIdle<1000, 1000>;
    plan.begin();
    let build = || map::<Mutex, X>(FieldOptions::new().ttl(nanos(plan.ttl)).idle(nanos(plan.idle)));
    let before = build();
    let lives = store(&before, plan).min(plan.idle);
    let begun = time();
    set_time(begun + (lives - 1) * plan.looks[0].min(1000) / 1000);
    let left = begun + lives - time();
    let mut file = Vec::new();
    assert_eq!(before.save(&mut file).expect("saved"), 1, "it is alive");

    let phase = (plan.phase + plan.tick * plan.looks[0] / 1500) % plan.tick;
    WORLD.set(World { time: time() + plan.start % plan.tick, phase, ..WORLD.get() });
    let after = build();
    assert_eq!(after.restore(&file[..]).expect("restored").entries, 1);
    let ends = time() + left;
    check(&after, plan, ends, 2 * plan.late(plan.ttl.min(plan.idle)));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 800, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_entry_lives_as_long_as_declared_at_least(plan in plans()) {
        lives_as_declared::<Mutex>(&plan);
        lives_as_declared::<RwLock>(&plan);
        lives_as_declared::<Optimistic>(&plan);
        lives_as_declared::<Rcu>(&plan);
    }

    #[test]
    fn an_entry_lives_as_long_after_its_last_use_at_least(plan in plans()) {
        lives_after_use::<Mutex>(&plan);
        lives_after_use::<RwLock>(&plan);
    }

    #[test]
    fn an_entry_lives_as_long_across_a_restart_at_least(plan in plans()) {
        lives_on_after_a_restart(&plan);
    }

    /// A time of zero is over at once, under every clock.
    #[test]
    fn a_time_of_zero_is_over_at_once(plan in plans()) {
        plan.begin();
        let map = map::<Mutex, Ttl<1000>>(FieldOptions::new());
        map.insert_with_ttl(KEY, 1, Duration::ZERO);
        prop_assert!(!map.contains_key(&KEY));
        map.insert(KEY, 1);
        prop_assert!(map.expire_in(&KEY, Duration::ZERO) && map.get(&KEY).is_none());
    }
}

/// What is loaded anew begins to live then, and one whose time is set meanwhile keeps it.
#[test]
fn a_refresh_starts_the_whole_time() {
    for is_precise in [false, true] {
        for phase in [0, 3, 9_999_999] {
            WORLD.set(World { time: 1 << 40, tick: 10_000_000, phase, is_precise });
            let map = map::<Mutex, Refreshed<10_000, 1000>>(FieldOptions::new());
            assert_eq!(map.get_or_load_with(KEY, || 1), 1);
            set_time(time() + 1_020_000_000);
            assert_eq!(map.get_or_load_with(KEY, || 2), 2, "it is old");
            set_time(time() + 9_999_999_999);
            assert_eq!(map.get(&KEY), Some(2), "early");
            set_time(time() + 20_000_001);
            assert_eq!(map.get(&KEY), None, "late");
        }
    }
}

/// On the system's clock: nothing is gone as long as its time is not over.
#[test]
fn no_entry_is_gone_early() {
    fn check<X: Times<Expiry: sharded::expiry::Expires>>(rounds: u32, ttl: Option<Duration>, lives: Duration)
    where
        ShardedMap<u64, u64, Of<Mutex, X, Unbounded, System, 1>>: BuildField<Of<Mutex, X, Unbounded, System, 1>>,
    {
        let map: ShardedMap<u64, u64, Of<Mutex, X, Unbounded, System, 1>> = ShardedMap::new();
        let clock = System::default();
        for round in 0..rounds {
            let shown = clock.nanos();
            let before = Instant::now();
            match ttl {
                Some(ttl) => _ = map.insert_with_ttl(KEY, 1, ttl),
                None => _ = map.insert(KEY, 1),
            }
            let exact = clock.precise_nanos().unwrap_or(shown);
            while map.contains_key(&KEY) {
                std::hint::spin_loop();
            }
            // Where a virtual machine stood still meanwhile, its ticks may have been later than is counted on.
            let was_in_time = exact <= shown + clock.resolution();
            assert!(!was_in_time || before.elapsed() >= lives, "{:?} of {lives:?} in round {round}", before.elapsed());
        }
    }
    let (short, long) = (Duration::from_millis(1), Duration::from_millis(3));
    check::<Ttl<1>>(200, None, short);
    check::<TtlIdle<1000, 1>>(200, None, short);
    check::<Ttl<3_600_000>>(60, Some(long), long);
    check::<Ttl<500>>(2, None, Duration::from_millis(500));
}
