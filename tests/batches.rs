//! How calls with several entries consume their iterators, and when. The model suite tests their effect on the map.

mod common;

use common::{
    eventually,
    policy::{Never, Of},
};
use sharded::{
    ShardedMap,
    builder::BuildField,
    evict::Unbounded,
    lock::{Lock, Mutex, Optimistic, Rcu, RwLock, Serves},
};
use std::{sync::mpsc, thread};

type Map<L> = ShardedMap<u64, u64, Of<L, Never, Unbounded>>;

/// A sender may wait until its entry is stored before it sends the next one.
#[test]
fn entries_of_a_channel_are_stored_as_they_come() {
    let map = Map::<Mutex>::new();
    let (send, entries) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(|| map.extend(entries));
        for key in 0..50 {
            send.send((key, key)).unwrap();
            eventually("it is stored", || map.contains_key(&key));
        }
        drop(send);
    });
    assert_eq!(map.len(), 50);
}

/// An iterator that panics if it is asked again after its end.
struct Once(std::ops::Range<usize>, bool);

impl Iterator for Once {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        assert!(!self.1, "it has ended");
        let next = self.0.next();
        self.1 = next.is_none();
        next
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

fn an_iterator_is_asked_to_its_end<L>()
where
    L: Lock + Serves<u64, u64>,
    Map<L>: BuildField<Of<L, Never, Unbounded>>,
{
    let map = Map::<L>::new();
    let keys: Vec<u64> = (0..100).collect();
    let once = || Once(0..40, false);
    map.extend(once().map(|key| (keys[key], 0)));
    assert_eq!(map.insert_many(once().map(|key| (keys[key], 1))).unwrap().len(), 40);
    assert_eq!(map.get_many(once().map(|key| &keys[key])).len(), 40);
    assert_eq!(map.remove_many(once().map(|key| &keys[key])).len(), 40);
    assert!(map.is_empty());
}

#[test]
fn an_iterator_is_not_asked_after_its_end() {
    an_iterator_is_asked_to_its_end::<Mutex>();
    an_iterator_is_asked_to_its_end::<RwLock>();
    an_iterator_is_asked_to_its_end::<Optimistic>();
    an_iterator_is_asked_to_its_end::<Rcu>();
}
