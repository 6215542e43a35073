//! User code of any kind panics at each of its runs: `weight()` is the weight of the entries, the capacity is kept, and
//! no unit of it is lost. Tested with weights, with entries that may not be evicted, and with both.

mod common;

use common::{
    fuse::{Burnt, Key, Plain, Value, alive, burns, forget, step},
    ignore,
    policy::Limited,
};
use sharded::{
    Change, ShardedMap,
    builder::{BuildField, FieldOptions, Functions},
    evict::{Adaptive, Bounded, Lru, MakesRoom, Sieve},
};

const CAPACITY: usize = 60;

/// Made with a capacity of twelve where entries have no weights.
type Full<E, const WEIGHS: bool, const PINS: bool> = Limited<E, 4, CAPACITY, WEIGHS, PINS>;

type Map<E, const WEIGHS: bool, const PINS: bool> = ShardedMap<Key, Value, Full<E, WEIGHS, PINS>, Plain>;

fn weigh(_: &Key, value: &Value) -> u32 {
    step();
    u32::try_from(value.0).unwrap_or(u32::MAX)
}

fn may_leave(key: &Key, _: &Value) -> bool {
    step();
    !is_pinned(key.0)
}

fn is_pinned(key: u64) -> bool {
    key.is_multiple_of(4)
}

/// Twelve entries that weigh five each: it is full.
fn full<E: MakesRoom + Bounded, const WEIGHS: bool, const PINS: bool>(shards: usize) -> Map<E, WEIGHS, PINS>
where
    Map<E, WEIGHS, PINS>: BuildField<Full<E, WEIGHS, PINS>>,
{
    let capacity = if WEIGHS { CAPACITY } else { 12 };
    let mut options = FieldOptions::<_, Functions<_, _>>::default().shards(shards).capacity(capacity);
    if WEIGHS {
        options = options.weigher(weigh);
    }
    if PINS {
        options = options.evictable(may_leave);
    }
    let map = Map::<E, WEIGHS, PINS>::with_options(options);
    map.extend((0..12).map(|key| (Key::new(key), Value::new(5))));
    assert_eq!(map.len(), 12);
    map
}

type Call<M> = fn(&M);

fn calls<E: MakesRoom + Bounded, const WEIGHS: bool, const PINS: bool>() -> Vec<Call<Map<E, WEIGHS, PINS>>> {
    fn set(value: &mut Value, weight: u64) {
        step();
        value.0 = weight;
        step();
    }
    vec![
        // What is new: light, heavy, as heavy as all, heavier.
        |map| ignore(map.insert(Key::new(100), Value::new(1))),
        |map| ignore(map.insert(Key::new(100), Value::new(35))),
        |map| ignore(map.try_insert(Key::new(101), Value::new(60))),
        |map| ignore(map.insert(Key::new(100), Value::new(61))),
        |map| ignore(map.insert_if_absent(Key::new(101), Value::new(20))),
        |map| ignore(map.upsert(Key::new(101), || Value::new(20), |_| ())),
        |map| ignore(map.get_or_insert_with(Key::new(101), || Value::new(20))),
        |map| map.compute(Key::new(101), |_| Change::Put(Value::new(20), ())),
        |map| map.extend((100..104).map(|key| (Key::new(key), Value::new(7)))),
        // What is there: lighter, heavier, heavier than all; replaced, and changed in place.
        |map| ignore(map.insert(Key::new(1), Value::new(2))),
        |map| ignore(map.insert(Key::new(1), Value::new(30))),
        |map| ignore(map.insert(Key::new(1), Value::new(61))),
        |map| ignore(map.try_insert(Key::new(2), Value::new(40))),
        |map| map.compute(Key::new(1), |_| Change::Put(Value::new(30), ())),
        |map| map.compute(Key::new(1), |_| Change::Put(Value::new(90), ())),
        |map| ignore(map.with_mut(&Key::new(1), |value| set(value, 1))),
        |map| ignore(map.with_mut(&Key::new(1), |value| set(value, 33))),
        |map| ignore(map.with_mut(&Key::new(1), |value| set(value, 1_000_000_000))),
        |map| ignore(map.upsert(Key::new(1), || unreachable!(), |value| set(value, 33))),
        |map| {
            map.compute(Key::new(1), |value| {
                if let Some(value) = value {
                    set(value, 33);
                }
                Change::Keep(())
            });
        },
        |map| {
            map.compute(Key::new(1), |value| {
                if let Some(value) = value {
                    set(value, 33);
                }
                Change::Remove(())
            });
        },
        |map| {
            map.compute(Key::new(1), |value| {
                if let Some(value) = value {
                    set(value, 99);
                }
                Change::Put(Value::new(3), ())
            });
        },
        // Two of them heavier than all.
        |map| {
            map.retain(|key, value| {
                set(value, if key.0.is_multiple_of(5) { 61 + key.0 } else { key.0 });
                key.0 != 3
            });
        },
        // What leaves.
        |map| ignore(map.remove(&Key::new(1))),
        |map| ignore(map.remove_if(&Key::new(1), |_| true)),
        |map| map.clear(),
        |map| ignore(map.drain()),
        |map| map.shrink_to_fit(),
    ]
}

fn check<E: MakesRoom + Bounded, const WEIGHS: bool, const PINS: bool>(map: &Map<E, WEIGHS, PINS>, what: &str) {
    let mut entries = Vec::new();
    map.for_each(|key, value| entries.push((key.0, value.0)));
    let weight: u64 = entries.iter().map(|(_, weight)| if WEIGHS { *weight } else { 1 }).sum();
    assert_eq!((map.len(), map.weight()), (entries.len(), weight), "{what}");
    let capacity = map.capacity().expect("it is bounded") as u64;
    // What grows is not refused where nothing may leave for it.
    if !PINS || entries.iter().any(|(key, _)| !is_pinned(*key)) {
        assert!(weight <= capacity, "{weight} of {capacity} {what}");
    }
    map.clear();
    assert_eq!((map.len(), map.weight()), (0, 0), "{what}");
    // To the last unit.
    let evicted = map.stats().evicted;
    (0..capacity).for_each(|key| _ = map.insert(Key::new(4 * key + 1), Value::new(1)));
    assert_eq!((map.weight(), map.stats().evicted), (capacity, evicted), "{what}");
    map.insert(Key::new(1001), Value::new(1));
    assert_eq!((map.weight(), map.stats().evicted), (capacity, evicted + 1), "{what}");
}

fn at_every_step<E: MakesRoom + Bounded, const WEIGHS: bool, const PINS: bool>()
where
    Map<E, WEIGHS, PINS>: BuildField<Full<E, WEIGHS, PINS>>,
{
    for shards in [1, 4] {
        for (number, call) in calls::<E, WEIGHS, PINS>().into_iter().enumerate() {
            for fuse in 0.. {
                let map = full::<E, WEIGHS, PINS>(shards);
                let burnt = burns(fuse, || call(&map));
                // What the call was about to return may leak where a drop panics (rust-lang/rust#47949).
                let leaked = alive() - 2 * map.len();
                let may_leak = if burnt == Some(Burnt::InDrop) { 2 } else { 0 };
                assert!(leaked <= may_leak, "call {number} at {fuse}: {leaked} keys and values left over");
                check(&map, &format!("after call {number} at {fuse} in {shards}"));
                drop(map);
                forget();
                if burnt.is_none() {
                    break;
                }
            }
        }
    }
}

#[test]
fn weights_add_up() {
    at_every_step::<Lru, true, false>();
    at_every_step::<Adaptive, true, false>();
}

#[test]
fn so_do_entries_of_which_some_may_not_leave() {
    at_every_step::<Sieve, false, true>();
    at_every_step::<Lru, true, true>();
}

/// A weigher that panics at what a closure left half done: nobody knows what the entry weighs, so it leaves.
#[test]
fn what_can_not_be_weighed_leaves() {
    #[allow(clippy::trivially_copy_pass_by_ref, clippy::ptr_arg, reason = "what a weigher is given")]
    fn weigh(_: &u32, text: &String) -> u32 {
        assert!(text != "half", "what is half done can't be weighed");
        10
    }
    type Map = ShardedMap<u32, String, Full<Lru, true, false>>;
    let map = Map::with_options(FieldOptions::new().weigher(weigh));
    (0..6).for_each(|key| _ = map.insert(key, "whole".to_owned()));
    common::panics(|| map.with_mut(&3, |text| *text = "half".to_owned()));
    assert_eq!((map.get(&3), map.len(), map.weight()), (None, 5, 50));
    let message = common::panics(|| {
        map.with_mut(&4, |text| {
            *text = "half".to_owned();
            panic!("by itself");
        })
    });
    assert_eq!((message.as_str(), map.get(&4), map.len(), map.weight()), ("by itself", None, 4, 40));
    // What is to be stored is weighed before: then nothing has happened.
    common::panics(|| map.insert(5, "half".to_owned()));
    common::panics(|| map.insert(7, "half".to_owned()));
    assert_eq!((map.get(&5).as_deref(), map.len(), map.weight()), (Some("whole"), 4, 40));
}
