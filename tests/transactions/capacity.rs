//! Transactions on maps with a capacity: one row without room refuses the whole transaction, and entries are evicted to
//! make room.

#![allow(clippy::trivially_copy_pass_by_ref, reason = "what a weigher is given")]

use crate::common::{
    ignore,
    policy::{Limited, Never, Of, Ttl},
    threads::Dice,
};
use sharded::{
    Policy, ShardedMap, TransactionError,
    builder::{BuildField, FieldOptions, StoreOptions},
    clock::{Clock, Manual, System},
    evict::{Adaptive, Eviction, Lru, MakesRoom, Reject, S3Fifo, Sieve, TinyLfu},
    lock::{Lock, Mutex, Optimistic, Rcu, RwLock, Serves},
};
use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

/// What one round stages: keys to store with their values, and keys to remove.
struct Round {
    puts: Vec<(u64, u32)>,
    removes: Vec<u64>,
}

fn round(dice: &mut Dice, keys: u64, heaviest: u64) -> Round {
    let mut left: Vec<u64> = (0..keys).collect();
    let mut draw = |dice: &mut Dice| {
        let index = usize::try_from(dice.below(left.len() as u64)).unwrap();
        left.swap_remove(index)
    };
    let puts = (0..dice.below(6)).map(|_| (draw(dice), u32::try_from(1 + dice.below(heaviest)).unwrap())).collect();
    let removes = (0..dice.below(4)).map(|_| draw(dice)).collect();
    Round { puts, removes }
}

/// Makes the changes of a round in one transaction. Returns what was given back, if it was refused.
fn change<P: Policy<Lock: Serves<u64, u32>>>(map: &ShardedMap<u64, u32, P>, round: &Round) -> Option<Vec<Option<u32>>> {
    let puts: Vec<_> = round.puts.iter().map(|(key, _)| map.row(key)).collect();
    let removes: Vec<_> = round.removes.iter().map(|key| map.row(key)).collect();
    let result = sharded::transaction((puts, removes), |(puts, removes)| {
        for (row, &(_, value)) in puts.iter_mut().zip(&round.puts) {
            row.insert(value);
        }
        for row in removes {
            row.remove();
        }
        Ok::<_, ()>(())
    });
    match result {
        Ok(()) => None,
        Err(TransactionError::Refused { map, values }) => {
            let (given_back, others) = *values;
            assert_eq!(map, "field");
            assert!(others.iter().all(Option::is_none));
            Some(given_back)
        }
        Err(TransactionError::Failed(())) => unreachable!("the closure does not fail"),
        Err(TransactionError::Taken { .. }) => unreachable!("there is no index"),
    }
}

fn contents<P: Policy<Lock: Serves<u64, u32>>>(map: &ShardedMap<u64, u32, P>, keys: u64) -> BTreeMap<u64, u32> {
    (0..keys).filter_map(|key| Some((key, map.get(&key)?))).collect()
}

impl Round {
    /// Makes the changes in a plain map.
    fn make(&self, known: &mut BTreeMap<u64, u32>) {
        known.extend(self.puts.iter().copied());
        self.removes.iter().for_each(|key| {
            known.remove(key);
        });
    }
}

/// Where nothing is evicted, a transaction is refused exactly if it would exceed the capacity at its end.
#[test]
fn what_exceeds_the_capacity_is_refused_whole() {
    fn check<L: Lock + Serves<u64, u32>, const SHARDS: usize>()
    where
        ShardedMap<u64, u32, Of<L, Never, Reject, System, SHARDS, 12>>:
            BuildField<Of<L, Never, Reject, System, SHARDS, 12>>,
    {
        let map: ShardedMap<u64, u32, Of<L, Never, Reject, System, SHARDS, 12>> = ShardedMap::new();
        let (mut dice, mut known, mut refused) = (Dice::new(7), BTreeMap::new(), 0);
        for _ in 0..600 {
            let round = round(&mut dice, 24, 1000);
            let mut after = known.clone();
            round.make(&mut after);
            let given_back = change(&map, &round);
            if after.len() > 12 && after.len() > known.len() {
                refused += 1;
                let values: Vec<_> = round.puts.iter().map(|&(_, value)| Some(value)).collect();
                assert_eq!(given_back, Some(values));
            } else {
                assert_eq!(given_back, None);
                known = after;
            }
            assert_eq!(contents(&map, 24), known);
            assert_eq!(map.stats().refused, refused);
        }
        assert!(refused > 50, "only {refused} were refused");
        // Every unit of the capacity is still there.
        map.clear();
        for key in 100..112 {
            assert!(map.try_insert(key, 1).is_ok(), "{key}");
        }
        assert!(map.try_insert(200, 1).is_err());
    }
    check::<Mutex, 1>();
    check::<Mutex, 16>();
    check::<RwLock, 4>();
    check::<Optimistic, 4>();
    check::<Rcu, 4>();
}

/// As above, with weights.
#[test]
fn what_is_too_heavy_is_refused_whole() {
    type Weighed<const SHARDS: usize> = Limited<Reject, SHARDS, 1000, true, false>;
    fn check<const SHARDS: usize>() {
        let options = FieldOptions::new().weigher(|_: &u64, value: &u32| *value);
        let map: ShardedMap<u64, u32, Weighed<SHARDS>> = ShardedMap::with_options(options);
        let (mut dice, mut known, mut refused) = (Dice::new(11), BTreeMap::<u64, u32>::new(), 0);
        for _ in 0..600 {
            let round = round(&mut dice, 24, 300);
            let mut after = known.clone();
            round.make(&mut after);
            let units = |key: &u64| u64::from(known.get(key).copied().unwrap_or(0));
            let coming: u64 =
                round.puts.iter().filter(|(key, _)| units(key) == 0).map(|&(_, value)| u64::from(value)).sum();
            let going: u64 = round.removes.iter().map(units).sum();
            let total: u64 = known.values().copied().map(u64::from).sum();
            let is_refused = change(&map, &round).is_some();
            // A value that takes the place of another one needs no room, as with a single insert.
            let needed = coming.saturating_sub(going);
            assert_eq!(is_refused, needed > 0 && total + needed > 1000, "{total} + {needed}");
            if is_refused {
                refused += 1;
            } else {
                known = after;
            }
            assert_eq!(contents(&map, 24), known);
            assert_eq!(map.weight(), known.values().copied().map(u64::from).sum::<u64>());
        }
        assert!(refused > 50, "only {refused} were refused");
        assert_eq!(
            change(&map, &Round { puts: vec![(1, 1001)], removes: (0..24).filter(|&key| key != 1).collect() }),
            Some(vec![Some(1001)])
        );
        assert_eq!(contents(&map, 24), known);
    }
    check::<1>();
    check::<8>();
}

/// Under evictions nothing is refused. What is left is what was committed last.
#[test]
fn entries_leave_for_those_that_come() {
    fn check<L: Lock + Serves<u64, u32>, E: MakesRoom, const SHARDS: usize>()
    where
        ShardedMap<u64, u32, Of<L, Never, E, System, SHARDS, 12>>: BuildField<Of<L, Never, E, System, SHARDS, 12>>,
    {
        let map: ShardedMap<u64, u32, Of<L, Never, E, System, SHARDS, 12>> = ShardedMap::new();
        let (mut dice, mut known) = (Dice::new(3), BTreeMap::new());
        for _ in 0..600 {
            let round = round(&mut dice, 40, 1000);
            assert_eq!(change(&map, &round), None);
            round.make(&mut known);
            let left = contents(&map, 40);
            assert!(left.len() <= 12 && left.len() == map.len(), "{}", left.len());
            assert!(left.iter().all(|(key, value)| known.get(key) == Some(value)), "{left:?} of {known:?}");
            known = left;
        }
        let stats = map.stats();
        assert!(stats.evicted > 100, "only {} were evicted", stats.evicted);
        map.clear();
        map.extend((100..112).map(|key| (key, 1)));
        assert_eq!(map.len(), 12, "every unit of the capacity is still there");
    }
    check::<Mutex, Lru, 1>();
    check::<Mutex, Adaptive, 4>();
    check::<RwLock, Sieve, 4>();
    check::<RwLock, S3Fifo, 1>();
    check::<Optimistic, TinyLfu, 4>();
    check::<Rcu, TinyLfu, 4>();
    check::<Optimistic, Adaptive, 1>();
    check::<Rcu, Adaptive, 1>();
}

/// Entries that may not be evicted stay, whatever comes; what finds no room is refused whole.
#[test]
fn what_may_not_leave_stays() {
    fn check<E: Eviction, const SHARDS: usize, const WEIGHS: bool>()
    where
        ShardedMap<u64, u32, Limited<E, SHARDS, 12, WEIGHS, true>>: BuildField<Limited<E, SHARDS, 12, WEIGHS, true>>,
    {
        fn may_leave(_: &u64, value: &u32) -> bool {
            value.is_multiple_of(2)
        }
        let options = FieldOptions::new().evictable(may_leave);
        let map: ShardedMap<u64, u32, Limited<E, SHARDS, 12, WEIGHS, true>> = if WEIGHS {
            ShardedMap::with_options(options.weigher(|_: &u64, _: &u32| 1))
        } else {
            ShardedMap::with_options(options)
        };
        let (mut dice, mut known, mut refused) = (Dice::new(5), BTreeMap::new(), 0);
        for number in 0..800 {
            let round = round(&mut dice, 40, 1000);
            let given_back = change(&map, &round);
            let before = known.clone();
            if given_back.is_none() {
                round.make(&mut known);
            }
            let left = contents(&map, 40);
            assert!(left.len() <= 12 && left.len() == map.len(), "{}", left.len());
            assert!(left.iter().all(|(key, value)| known.get(key) == Some(value)), "{left:?} of {known:?}");
            for (key, value) in &before {
                let is_pinned = !may_leave(key, value) && known.get(key) == Some(value);
                assert!(!is_pinned || left.contains_key(key), "round {number}: {key} may not leave");
            }
            if given_back.is_some() {
                refused += 1;
                // Nor do entries leave that the transaction changes.
                let is_put = |key: &u64| round.puts.iter().any(|(put, _)| put == key);
                let pinned = left.iter().filter(|(key, value)| !may_leave(key, value) || is_put(key)).count();
                let coming = round.puts.iter().filter(|(key, _)| !left.contains_key(key)).count();
                assert!(coming > 0 && pinned + coming > 12 - round.removes.len(), "{pinned} and {coming}");
            }
            known = left;
        }
        assert!(refused > 20, "only {refused} were refused");
        // Every unit of the capacity is still there.
        map.clear();
        for key in 100..112 {
            assert!(map.try_insert(key, 1).is_ok(), "{key}");
        }
        assert!(map.try_insert(200, 1).is_err());
    }
    check::<Lru, 1, false>();
    check::<Lru, 8, false>();
    check::<Adaptive, 4, true>();
    check::<Sieve, 1, true>();
}

/// Entries of other fields are as before, if one field refuses.
#[test]
fn a_refusal_of_one_map_leaves_all_as_they_were() {
    let full: ShardedMap<u64, u32, Of<Mutex, Never, Reject, System, 4, 2>> = ShardedMap::new();
    let others = [0, 1].map(|_| ShardedMap::<u64, u32, Of<Mutex, Never, Lru, System, 4, 2>>::new());
    full.try_insert(1, 1).unwrap();
    full.try_insert(2, 2).unwrap();
    others.iter().for_each(|map| map.extend([(1, 1), (2, 2)]));
    let rows = (others[0].row(&1), others[0].row(&3), full.row(&3), others[1].row(&2));
    let error = sharded::transaction(rows, |(replaced, new, refused, removed)| {
        replaced.insert(10);
        new.insert(30);
        refused.insert(31);
        removed.remove();
        Ok::<_, ()>(())
    })
    .unwrap_err();
    assert_eq!(
        error,
        TransactionError::Refused { map: "field", values: Box::new((Some(10), Some(30), Some(31), None)) }
    );
    assert_eq!((full.len(), others[1].get(&2), others[0].contains_key(&3)), (2, Some(2), false));
    // (An entry may have left to make room.)
    assert!(others[0].get(&1).is_none_or(|value| value == 1));
    others[0].extend([(5, 5), (6, 6)]);
    assert_eq!(others[0].len(), 2, "every unit of the capacity is still there");
}

/// More new entries than one call may evict in a shard.
#[test]
fn many_entries_come_at_once() {
    let map: ShardedMap<u64, u32, Of<Mutex, Never, Lru, System, 4, 200>> = ShardedMap::new();
    map.extend((0..1000).map(|key| (key, 1)));
    let keys: Vec<u64> = (5000..5150).collect();
    let rows: Vec<_> = keys.iter().map(|key| map.row(key)).collect();
    sharded::transaction(rows, |rows| Ok::<_, ()>(rows.iter_mut().for_each(|row| row.insert(2)))).unwrap();
    assert_eq!(map.len(), 200);
    let there = keys.iter().filter(|key| map.contains_key(key)).count();
    assert!(there >= 150 - 4, "{there} of 150 are there");
}

/// Entries leave after all shards are unlocked, so an entry that the transaction changes is there until then: a change
/// in place does not become an insert.
#[test]
fn a_change_in_place_keeps_its_time_to_live() {
    let clock = Manual::new();
    let store = StoreOptions::new().clock(clock.clone()).start();
    let map: ShardedMap<u64, u32, Of<Mutex, Ttl<60_000>, Lru, System, 1, 2>> =
        BuildField::build(&store, 0, FieldOptions::new());
    let short = Duration::from_secs(5);
    map.insert_with_ttl(1, 10, short);
    map.insert_with_ttl(2, 20, short);
    // The entry of key 1 is the one that was used the longest ago.
    sharded::transaction((map.row(&3), map.row(&4), map.row(&1)), |(new, other, updated)| {
        new.insert(30);
        other.insert(40);
        updated.update(|value| *value += 1);
        Ok::<_, ()>(())
    })
    .unwrap();
    assert_eq!(map.len(), 2);
    clock.advance(short);
    assert!(!map.contains_key(&1), "it is an entry with a time to live of a minute");
}

/// As above, where some entries may not be evicted and so room is made before the first change.
#[test]
fn what_a_transaction_changes_is_not_evicted_for_it() {
    let map: ShardedMap<u64, u32, Limited<Lru, 1, 3, false, true>> =
        ShardedMap::with_options(FieldOptions::new().evictable(|_: &u64, _: &u32| true));
    map.extend([(1, 10), (2, 20), (3, 30)]);
    // The two entries that were used the longest ago are changed.
    sharded::transaction((map.row(&1), map.row(&4), map.row(&2)), |(put, new, updated)| {
        put.insert(11);
        new.insert(40);
        updated.update(|value| *value += 1);
        Ok::<_, ()>(())
    })
    .unwrap();
    assert_eq!((map.get(&1), map.get(&2), map.get(&3), map.get(&4)), (Some(11), Some(21), None, Some(40)));
    // Later they may leave.
    map.extend([(5, 50), (6, 60), (7, 70)]);
    assert_eq!(map.len(), 3);
}

static SET: AtomicU64 = AtomicU64::new(0);

/// A clock that one test sets.
#[derive(Default)]
struct Set;

impl Clock for Set {
    const RUNS: bool = false;

    fn nanos(&self) -> u64 {
        SET.load(Relaxed)
    }
}

/// Entries that have weights and expire, and of which some may not be evicted.
enum Pinned {}

impl Policy for Pinned {
    type Shards = sharded::shards::Fixed<1>;
    type Lock = Mutex;
    type Expiry = sharded::expiry::AfterWrite;
    type Eviction = Lru;
    type Placement = sharded::placement::Off;
    type Clock = Set;
    const NAME: &'static str = "field";
    const TTL: Option<Duration> = Some(Duration::from_hours(1));
    const CAPACITY: Option<usize> = Some(20);
    const WEIGHS: bool = true;
    const PINS: bool = true;
}

/// The room of an expired entry is counted once, also if the transaction replaces that entry.
#[test]
fn an_expired_entry_makes_room_once() {
    let options = FieldOptions::new().weigher(|_: &u64, value: &u32| *value).evictable(|&key: &u64, _: &u32| key >= 9);
    let map: ShardedMap<u64, u32, Pinned> = ShardedMap::with_options(options);
    map.insert(1, 10);
    map.insert_with_ttl(2, 5, Duration::from_secs(1));
    map.insert(9, 5);
    SET.store(2_000_000_000, Relaxed);
    // 15 units are needed. The expired entry has 5, and the one that may be evicted has 5.
    let result = sharded::transaction((map.row(&2), map.row(&3)), |(expired, new)| {
        expired.insert(10);
        new.insert(5);
        Ok::<_, ()>(())
    });
    assert!(matches!(result, Err(TransactionError::Refused { .. })));
    assert_eq!((map.get(&1), map.get(&9)), (Some(10), Some(5)));
}

/// A refused transaction evicts nothing, wherever its rows are.
#[test]
fn a_refused_transaction_evicts_nothing() {
    let full: ShardedMap<u64, u32, Of<Mutex, Never, Reject, System, 4, 1>> = ShardedMap::new();
    let others = [0, 1].map(|_| ShardedMap::<u64, u32, Of<Mutex, Never, Adaptive, System, 4, 4>>::new());
    full.try_insert(1, 1).unwrap();
    others.iter().for_each(|map| map.extend((0..4).map(|key| (key, 1))));
    let rows = (others[0].row(&10), full.row(&2), others[1].row(&10));
    let result = sharded::transaction(rows, |(before, refused, after)| {
        before.insert(1);
        refused.insert(1);
        after.insert(1);
        Ok::<_, ()>(())
    });
    assert!(matches!(result, Err(TransactionError::Refused { .. })));
    for map in &others {
        assert_eq!((map.len(), map.stats().evicted), (4, 0));
        map.extend((20..30).map(|key| (key, 1)));
        assert_eq!(map.len(), 4, "every unit of the capacity is still there");
    }
}

/// A new entry is not evicted for itself, whatever was used before. (`TinyLfu` and `Adaptive` may have it leave at
/// once, where all others are used more.)
#[test]
fn what_comes_stays() {
    fn check<E: MakesRoom, const SHARDS: usize>()
    where
        ShardedMap<u64, u32, Of<Mutex, Never, E, System, SHARDS, 100>>:
            BuildField<Of<Mutex, Never, E, System, SHARDS, 100>>,
    {
        let map: ShardedMap<u64, u32, Of<Mutex, Never, E, System, SHARDS, 100>> = ShardedMap::new();
        map.extend((0..100).map(|key| (key, 1)));
        let mut left = 0;
        for key in 1000..1200 {
            (0..100).for_each(|key| ignore(map.get(&key)));
            sharded::transaction(map.row(&key), |row| Ok::<_, ()>(row.insert(2))).unwrap();
            left += u32::from(!map.contains_key(&key));
        }
        assert!(left == 0, "{left} in {SHARDS} of {}", std::any::type_name::<E>());
    }
    check::<Lru, 1>();
    check::<Sieve, 1>();
    check::<S3Fifo, 1>();
    check::<Lru, 8>();
    check::<Sieve, 8>();
    check::<S3Fifo, 8>();
}

/// Keys of a shard.
fn keys_in<P: Policy<Lock: Serves<u64, u32>>>(map: &ShardedMap<u64, u32, P>, shard: usize) -> Vec<u64> {
    (0..10_000).filter(|key| map.shard_of(key) == shard).collect()
}

/// Room for a new entry may be in the shard of a row that inserts nothing.
#[test]
fn room_is_found_in_all_shards_of_the_rows() {
    let clock = Manual::new();
    let store = StoreOptions::new().clock(clock.clone()).start();
    for reads_expired in [false, true] {
        let map: ShardedMap<u64, u32, Of<Mutex, Ttl<10_000>, Reject, System, 2, 2>> =
            BuildField::build(&store, 0, FieldOptions::new());
        let (here, there) = (keys_in(&map, 0), keys_in(&map, 1));
        for &key in &here[..2] {
            map.try_insert(key, 1).unwrap();
        }
        clock.advance(Duration::from_secs(11));
        let read = here[if reads_expired { 0 } else { 2 }];
        sharded::transaction((map.row(&read), map.row(&there[0])), |(read, new)| {
            assert_eq!(read.get(), None);
            new.insert(1);
            Ok::<_, ()>(())
        })
        .unwrap();
        assert_eq!(map.get(&there[0]), Some(1));
    }
    let map: ShardedMap<u64, u32, Limited<Lru, 2, 4096, false, true>> =
        ShardedMap::with_options(FieldOptions::new().evictable(|_: &u64, value: &u32| *value == 1));
    let (here, there) = (keys_in(&map, 0), keys_in(&map, 1));
    map.extend(here[..4096].iter().map(|&key| (key, 1)));
    assert_eq!(map.len(), 4096);
    sharded::transaction((map.row(&here[4096]), map.row(&there[0])), |(read, new)| {
        assert_eq!(read.get(), None);
        new.insert(2);
        Ok::<_, ()>(())
    })
    .unwrap();
    assert_eq!((map.get(&there[0]), map.len()), (Some(2), 4096));
}

/// Where entries have weights and some may not leave, the room may be in several shards of the rows, none of which has
/// enough of it, and in others.
#[test]
fn room_is_found_in_several_shards() {
    type Pinned = ShardedMap<u64, u32, Limited<Lru, 4, 40, true, true>>;
    /// A key of each shard, from this one on.
    fn key_of_each(map: &Pinned, from: u64) -> [u64; 4] {
        [0, 1, 2, 3].map(|shard| (from..from + 1000).find(|key| map.shard_of(key) == shard).unwrap())
    }
    // Shards of the rows, shards whose entry may leave, and the weight of each new entry.
    for (rows, evictable, weight, fits) in [
        (&[0, 1][..], &[0, 1][..], 10, true),
        (&[0, 1], &[0], 10, false),
        (&[0, 1, 2], &[0, 1, 2], 10, true),
        (&[0], &[0, 1], 20, true),
        (&[0, 1], &[0, 2], 10, true),
        (&[0, 1], &[2, 3], 10, true),
        (&[0, 1], &[0, 1, 2], 15, true),
        (&[0, 1], &[0, 1, 2], 16, false),
    ] {
        let options = FieldOptions::new()
            .shards(4)
            .weigher(|_: &u64, value: &u32| *value)
            .evictable(|key: &u64, _: &u32| *key >= 1000);
        let map: Pinned = ShardedMap::with_options(options);
        let (pinned, free, new) = (key_of_each(&map, 0), key_of_each(&map, 1000), key_of_each(&map, 2000));
        for shard in 0..4 {
            let key = if evictable.contains(&shard) { free[shard] } else { pinned[shard] };
            map.try_insert(key, 10).unwrap();
        }
        assert_eq!(map.weight(), 40);
        let rows: Vec<_> = rows.iter().map(|&shard| map.row(&new[shard])).collect();
        let result = sharded::transaction(&rows[..], |rows| {
            rows.iter_mut().for_each(|row| row.insert(weight));
            Ok::<_, ()>(())
        });
        let at = format!("{} rows, {evictable:?}, {weight}", rows.len());
        assert_eq!(result.is_ok(), fits, "{at}");
        assert!(map.weight() <= 40, "{at}");
        let has = |keys: &[u64; 4]| keys.iter().filter(|key| map.contains_key(key)).count();
        assert_eq!(has(&pinned), 4 - evictable.len(), "{at}");
        if fits {
            assert_eq!(has(&new), rows.len(), "{at}");
        } else {
            assert_eq!((has(&new), has(&free)), (0, evictable.len()), "{at}");
        }
        // Every unit is still there.
        map.clear();
        for key in 3000..3040 {
            map.try_insert(key, 1).unwrap();
        }
    }
}

/// New entries stay in a full map of entries that are often used: none leaves at once because it was not used yet.
#[test]
fn new_entries_stay_in_a_map_of_hot_ones() {
    fn check<E: Eviction + MakesRoom>()
    where
        ShardedMap<u64, u32, Of<Mutex, Never, E, System, 1, 100>>: BuildField<Of<Mutex, Never, E, System, 1, 100>>,
    {
        for rows in 1..5 {
            let map: ShardedMap<u64, u32, Of<Mutex, Never, E, System, 1, 100>> = ShardedMap::new();
            for round in 0..10 {
                for key in 0..100 {
                    if round == 0 { ignore(map.insert(key, 0)) } else { ignore(map.get(&key)) }
                }
            }
            let keys: Vec<u64> = (1000..1000 + rows).collect();
            let new: Vec<_> = keys.iter().map(|key| map.row(key)).collect();
            sharded::transaction(new, |new| Ok::<_, ()>(new.iter_mut().for_each(|row| row.insert(1)))).unwrap();
            let stayed = keys.iter().filter(|key| map.contains_key(key)).count();
            assert_eq!((stayed as u64, map.len()), (rows, 100), "{}", std::any::type_name::<E>());
        }
    }
    check::<Lru>();
    check::<TinyLfu>();
}
