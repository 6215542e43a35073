//! A set of any policy, behind the same trait as a map.

use crate::{
    calls::{EvictionCalls, ExpiryCalls, Hasher},
    ops::{Answer, Key, Op, Value, retained},
    rows,
    subject::{Log, Set, Subject, sorted},
};
use sharded::{
    Stats,
    lock::{Lock, Serves},
};

/// A set is a map whose values are all zero.
impl<L, X, E, S> Subject for Set<L, X, E, S>
where
    L: Lock + Serves<Key, ()>,
    X: ExpiryCalls,
    E: EvictionCalls,
    S: Hasher,
{
    fn apply(&self, op: &Op) -> Answer {
        match *op {
            Op::Get(key) | Op::With(key) => Answer::Value(self.contains(&key).then_some(0)),
            Op::TryInsert(key, _) => match self.try_insert(key) {
                Ok(is_new) => Answer::Value((!is_new).then_some(0)),
                Err(refused) => {
                    assert_eq!(refused.key, key, "what was refused is given back");
                    Answer::Refused
                }
            },
            Op::InsertMany(ref entries) => match self.insert_many(entries.iter().map(|&(key, _)| key)) {
                Ok(are_new) => Answer::Values(are_new.iter().map(|is_new| (!is_new).then_some(0)).collect()),
                Err(refused) => {
                    let back = refused.refused.iter().map(|refused| refused.key);
                    assert!(back.eq(entries.iter().map(|&(key, _)| key)), "what was refused is given back");
                    Answer::Refused
                }
            },
            Op::Transact(ref steps, ends_well) => {
                rows::transact(steps.iter().map(|(key, _)| self.row(key)).collect(), steps, ends_well)
            }
            Op::Observe(ref keys) => rows::read(keys.iter().map(|key| self.row(key)).collect()),
            Op::RemoveMany(ref keys) => {
                Answer::Values(self.remove_many(keys).iter().map(|was_there| was_there.then_some(0)).collect())
            }
            Op::Remove(key) => Answer::Value(self.remove(&key).then_some(0)),
            Op::RemoveEntry(key) => Answer::Entry(self.take(&key).map(|key| (key, 0))),
            Op::ExpireIn(..) | Op::Touch(_) | Op::TtlOf(_) => X::on_set(self, op),
            Op::Retain(modulus) => Answer::NotRetained(self.retain(|&key| retained(modulus, key, 0).is_some())),
            Op::Look => {
                let mut seen = Vec::new();
                self.for_each(|&key| seen.push((key, 0)));
                Answer::Entries(sorted(seen))
            }
            Op::Clear => {
                self.clear();
                Answer::Nothing
            }
            Op::InvalidateAll => {
                self.invalidate_all();
                Answer::Nothing
            }
            Op::Drain => Answer::Entries(sorted(self.drain().into_iter().map(|key| (key, 0)))),
            Op::Shrink => {
                self.shrink_to_fit();
                Answer::Nothing
            }
            Op::Sweep => Answer::Swept(self.sweep()),
            Op::Advance(_) => Answer::Nothing,
            _ => E::on_set(self, op),
        }
    }

    fn entries(&self) -> Vec<(Key, Value)> {
        sorted(self.to_vec().into_iter().map(|key| (key, 0)))
    }
    fn len(&self) -> usize {
        self.len()
    }
    fn is_empty(&self) -> bool {
        self.is_empty()
    }
    fn live_len(&self) -> usize {
        self.live_len()
    }
    fn capacity(&self) -> Option<usize> {
        self.capacity()
    }
    fn stats(&self) -> Stats {
        self.stats()
    }
    fn shard_of(&self, key: Key) -> usize {
        self.shard_of(&key)
    }
    fn listen(&self, log: Log) {
        self.on_removal(move |_, cause| log.lock().unwrap().push(cause)).unwrap();
    }
}
