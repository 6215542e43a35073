//! The effect of other calls on the key on a load in progress.

use super::{
    Load, Loaded, Task,
    common::{
        ignore,
        policy::{Never, Of, Times, Ttl},
    },
};
use sharded::{
    Change, LoadError, ShardedMap,
    builder::BuildField,
    clock::System,
    evict::{Lru, MakesRoom, Unbounded},
    lock::{Lock, Mutex, Optimistic, Rcu, RwLock, Serves},
};
use std::sync::Arc;

type Map<L, X, E, const N: usize> = ShardedMap<u64, u64, Of<L, X, E, System, 4, N>>;
type Call<M> = fn(&M);

/// What may be called while a key is being loaded, and whether that puts it in with 10 or takes it out.
struct Calls<M> {
    put: Vec<Call<M>>,
    take: Vec<Call<M>>,
    neither: Vec<Call<M>>,
}

fn calls<L, X, E, const N: usize>() -> Calls<Map<L, X, E, N>>
where
    L: Lock + Serves<u64, u64>,
    X: Times,
    E: MakesRoom,
{
    Calls {
        put: vec![
            |map| ignore(map.insert(7, 10)),
            |map| ignore(map.try_insert(7, 10)),
            |map| ignore(map.insert_if_absent(7, 10)),
            |map| ignore(map.upsert(7, || 10, |_| ())),
            |map| ignore(map.get_or_insert_with(7, || 10)),
            |map| map.compute(7, |_| Change::Put(10, ())),
            |map| map.extend([(7, 10)]),
            |map| {
                map.remove(&7);
                map.insert(7, 10);
            },
        ],
        take: vec![
            |map| ignore(map.remove(&7)),
            |map| ignore(map.remove_entry(&7)),
            |map| ignore(map.remove_if(&7, |_| false)),
            |map| map.compute(7, |_| Change::Remove(())),
            |map| map.clear(),
            |map| map.invalidate_all(),
            |map| ignore(map.drain()),
            |map| _ = map.retain(|_, _| true),
            |map| {
                map.insert(7, 10);
                map.remove(&7);
            },
            |map| {
                map.insert(7, 10);
                map.clear();
            },
        ],
        neither: vec![
            |map| ignore(map.get(&7)),
            |map| ignore(map.contains_key(&7)),
            |map| ignore(map.with_mut(&7, |_| ())),
            |map| map.compute(7, |_| Change::Keep(())),
            |map| map.for_each(|_, _| ()),
            |map| ignore(map.sweep()),
            |map| map.shrink_to_fit(),
            |map| {
                map.insert(8, 1);
                map.remove(&8);
                map.remove(&9);
            },
            |map| map.extend((100..200).map(|key| (key, key))),
        ],
    }
}

fn other_calls_on_the_key<L, X, E, const N: usize>()
where
    L: Lock + Serves<u64, u64>,
    X: Times,
    E: MakesRoom,
    Map<L, X, E, N>: BuildField<Of<L, X, E, System, 4, N>>,
{
    let Calls { put, take, neither } = calls::<L, X, E, N>();
    // The call, whether the load succeeds, what the callers get, and what is stored then.
    let failed: Loaded = Err(LoadError::Failed(Arc::new("no such key")));
    let put = put.into_iter().flat_map(|call| [(call, true, Ok(10), Some(10)), (call, false, Ok(10), Some(10))]);
    let take = take.into_iter().flat_map(|call| [(call, true, Ok(70), None), (call, false, failed.clone(), None)]);
    let neither =
        neither.into_iter().flat_map(|call| [(call, true, Ok(70), Some(70)), (call, false, failed.clone(), None)]);
    for (number, (call, succeeds, got, stored)) in put.chain(take).chain(neither).enumerate() {
        let map = Map::<L, X, E, N>::new();
        let load = Load::new();
        let mut leader: Task<'_, Loaded> = Task::waiting(map.get_or_try_insert_async(7, || load.run()));
        let waiter: Task<'_, Loaded> = Task::waiting(map.get_or_try_insert_async(7, async || unreachable!()));
        call(&map);
        load.end(if succeeds { Ok(70) } else { Err("no such key") });
        assert_eq!(leader.poll().as_ref(), Some(&got), "call {number}");
        assert_eq!(waiter.end(), got, "call {number}");
        assert_eq!(map.get(&7), stored, "call {number}");
        // Nothing of it is left.
        map.remove(&7);
        assert_eq!(map.get_or_load_with(7, || 71), 71, "call {number}");
        assert_eq!(map.get(&7), Some(71), "call {number}");
    }
}

#[test]
fn what_is_put_in_wins_and_what_is_taken_out_is_not_stored() {
    other_calls_on_the_key::<Mutex, Never, Unbounded, 0>();
    other_calls_on_the_key::<RwLock, Never, Unbounded, 0>();
    other_calls_on_the_key::<Optimistic, Never, Unbounded, 0>();
    other_calls_on_the_key::<Rcu, Never, Unbounded, 0>();
    other_calls_on_the_key::<Mutex, Ttl<3_600_000>, Unbounded, 0>();
    other_calls_on_the_key::<Optimistic, Ttl<3_600_000>, Unbounded, 0>();
    other_calls_on_the_key::<Rcu, Ttl<3_600_000>, Unbounded, 0>();
    other_calls_on_the_key::<Mutex, Never, Lru, 1000>();
    other_calls_on_the_key::<RwLock, Ttl<3_600_000>, Lru, 1000>();
}

/// Who comes after the removal must not get what may have been read before it.
#[test]
fn a_load_after_a_removal_is_a_new_one() {
    let map: Map<Mutex, Never, Unbounded, 0> = ShardedMap::new();
    let removals: [Call<Map<Mutex, Never, Unbounded, 0>>; 3] =
        [|map| ignore(map.remove(&7)), |map| map.clear(), |map| ignore(map.retain(|_, _| true))];
    for remove in removals {
        for new_is_first in [true, false] {
            let (old, new) = (Load::<u64>::new(), Load::<u64>::new());
            let mut old_leader = Task::waiting(map.get_or_load_async(7, || old.run()));
            let old_waiter = Task::waiting(map.get_or_load_async(7, async || unreachable!()));
            remove(&map);
            let mut new_leader = Task::waiting(map.get_or_load_async(7, || new.run()));
            let new_waiter = Task::waiting(map.get_or_load_async(7, async || unreachable!()));
            assert!(new.has_begun());
            old.end(1);
            new.end(2);
            if new_is_first {
                assert_eq!((new_leader.poll(), new_waiter.end()), (Some(2), 2));
                // What is there by now is newer than what was loaded.
                assert_eq!((old_leader.poll(), old_waiter.end()), (Some(2), 2));
            } else {
                assert_eq!((old_leader.poll(), old_waiter.end(), map.get(&7)), (Some(1), 1, None));
                assert_eq!((new_leader.poll(), new_waiter.end()), (Some(2), 2));
            }
            assert_eq!(map.remove(&7), Some(2));
        }
    }
}

/// Whoever is to load next looks first whether the load is still wanted.
#[test]
fn a_dropped_load_that_was_overtaken_is_not_taken_over() {
    let map: Map<Mutex, Never, Unbounded, 0> = ShardedMap::new();
    let lost = || map.get_or_load_async(7, || Load::<u64>::new().run());
    // By a value.
    let leader = Task::waiting(lost());
    let waiters = [1, 2].map(|_| Task::waiting(map.get_or_load_async(7, async || unreachable!())));
    map.insert(7, 10);
    drop(leader);
    let [first, second] = waiters;
    assert_eq!((first.end(), second.end()), (10, 10));
    // By a removal, and a new load after that, which those who wait for the old one join.
    map.remove(&7);
    let leader = Task::waiting(lost());
    let mut waiters = [1, 2].map(|_| Task::waiting(map.get_or_load_async(7, async || unreachable!())));
    map.remove(&7);
    let new = Load::<u64>::new();
    let mut new_leader = Task::waiting(map.get_or_load_async(7, || new.run()));
    drop(leader);
    assert!(waiters.iter_mut().all(|waiter| waiter.is_woken() == waiter.poll().is_none()));
    assert!(waiters.iter_mut().all(|waiter| waiter.poll().is_none()));
    new.end(20);
    assert_eq!(new_leader.poll(), Some(20));
    assert_eq!(waiters.map(Task::end), [20, 20]);
}
