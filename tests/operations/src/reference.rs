//! The reference model: std's map with explicit deadlines, and the queues of LRU and SIEVE.

use crate::{
    ops::{Answer, Decision, Key, Op, RowStep, Value, is_removable, retained},
    queues::{Queue, Queues},
};
use std::{collections::BTreeMap, time::Duration};

/// A time in nanoseconds. `u64::MAX` is for ever.
fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    value: Value,
    deadline: u64,
    used: u64,
}

/// What the map should hold.
#[derive(Debug)]
pub(crate) struct Reference<'a> {
    ttl: u64,
    idle: u64,
    noted_after: u64,
    now: u64,
    live: BTreeMap<Key, Entry>,
    queues: Queues<'a>,
    pub(crate) hits: u64,
    pub(crate) misses: u64,
    pub(crate) inserts: u64,
    pub(crate) refused: u64,
    /// Entries that were added without replacing another one.
    pub(crate) added: usize,
    /// Entries that a call removed.
    pub(crate) removed: usize,
}

impl<'a> Reference<'a> {
    /// The use of an entry by a read starts its idle time anew if the last start was `noted_after` ago.
    pub(crate) fn new(
        ttl: Option<Duration>,
        (idle, noted_after): (Option<Duration>, Duration),
        queue: Queue,
        shard_of: Box<dyn Fn(Key) -> usize + 'a>,
    ) -> Self {
        Reference {
            ttl: ttl.map_or(u64::MAX, nanos),
            idle: idle.map_or(u64::MAX, nanos),
            noted_after: nanos(noted_after),
            now: 0,
            live: BTreeMap::new(),
            queues: Queues::new(queue, shard_of),
            hits: 0,
            misses: 0,
            inserts: 0,
            refused: 0,
            added: 0,
            removed: 0,
        }
    }

    pub(crate) fn entries(&self) -> Vec<(Key, Value)> {
        self.live.iter().map(|(&key, entry)| (key, entry.value)).collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.live.len()
    }

    pub(crate) fn is_live(&self, key: Key) -> bool {
        self.live.contains_key(&key)
    }

    /// Removes an evicted entry. Returns whether it was the next to leave.
    pub(crate) fn evict(&mut self, key: Key) -> bool {
        self.live.remove(&key);
        self.queues.evict(key)
    }

    /// Does what the call should do, and returns what it should return. `given` is what it did return, for what no
    /// model can know: whether expired entries still occupied slots.
    pub(crate) fn apply(&mut self, op: &Op, given: &Answer) -> Answer {
        match *op {
            Op::Get(key) | Op::With(key) => Answer::Value(self.access(key).then(|| self.read(key))),
            Op::WithMut(key, value) => Answer::Value(self.access_to_change(key).then(|| self.change(key, value))),
            Op::Contains(key) => Answer::Is(self.is_live(key)),
            Op::GetMany(ref keys) => {
                Answer::Values(keys.iter().map(|&key| self.access(key).then(|| self.read(key))).collect())
            }
            Op::Observe(ref keys) => {
                Answer::Values(keys.iter().map(|&key| self.observe(key).then(|| self.read(key))).collect())
            }
            Op::TryInsert(..) | Op::InsertMany(_) if *given == Answer::Refused => {
                self.refused += 1;
                Answer::Refused
            }
            Op::Insert(key, value) | Op::TryInsert(key, value) => Answer::Value(self.put(key, value, self.ttl)),
            Op::InsertOwn(key, value, ttl) => Answer::Value(self.put(key, value, nanos(ttl))),
            Op::InsertIfAbsent(key, value) => Answer::Is(self.put_if_absent(key, value)),
            Op::Upsert(key, value) => Answer::Value(if self.access_to_change(key) {
                Some(self.change(key, value))
            } else {
                self.put(key, value, self.ttl)
            }),
            Op::Compute(key, decision, value) => self.compute(key, decision, value),
            Op::GetOrInsert(key, value) => {
                // Calls that load look first, as any reader does.
                let is_there = if value % 3 == 0 { self.access_to_change(key) } else { self.access(key) };
                if !is_there {
                    self.put(key, value, self.ttl);
                }
                Answer::Value(Some(self.read(key)))
            }
            Op::Extend(ref entries) => {
                for &(key, value) in entries {
                    self.put(key, value, self.ttl);
                }
                Answer::Nothing
            }
            Op::InsertMany(ref entries) => {
                Answer::Values(entries.iter().map(|&(key, value)| self.put(key, value, self.ttl)).collect())
            }
            Op::Transact(ref rows, ends_well) => self.transact(rows, ends_well, given),
            Op::RemoveMany(ref keys) => Answer::Values(keys.iter().map(|&key| self.take(key)).collect()),
            Op::Remove(key) => Answer::Value(self.take(key)),
            Op::RemoveEntry(key) => Answer::Entry(self.take(key).map(|value| (key, value))),
            Op::RemoveIf(key) => Answer::Value(
                self.live.get(&key).is_some_and(|entry| is_removable(entry.value)).then(|| self.take(key)).flatten(),
            ),
            Op::ExpireIn(key, ttl) => Answer::Is(self.restart(key, nanos(ttl))),
            Op::Touch(key) => Answer::Is(self.restart(key, self.ttl)),
            Op::TtlOf(key) => Answer::Time(self.live.get(&key).map(|entry| match self.end(entry) {
                u64::MAX => Duration::MAX,
                end => Duration::from_nanos(end - self.now),
            })),
            Op::Retain(modulus) => {
                let before = self.len();
                for (key, value) in self.entries() {
                    match retained(modulus, key, value) {
                        Some(changed) => self.live.get_mut(&key).expect("it was just listed").value = changed,
                        None => drop(self.take(key)),
                    }
                }
                Answer::NotRetained(before - self.len())
            }
            Op::Look => Answer::Entries(self.entries()),
            Op::Clear | Op::InvalidateAll => {
                self.take_all();
                Answer::Nothing
            }
            Op::Drain => Answer::Entries(self.take_all()),
            Op::Shrink => Answer::Nothing,
            Op::Sweep => given.clone(),
            Op::Advance(by) => {
                self.advance(by);
                Answer::Nothing
            }
        }
    }

    fn advance(&mut self, by: Duration) {
        self.now = self.now.saturating_add(nanos(by));
        let ended: Vec<_> =
            self.live.iter().filter(|(_, entry)| self.end(entry) <= self.now).map(|(&key, _)| key).collect();
        for key in ended {
            self.live.remove(&key);
            self.queues.removed(key);
        }
    }

    /// Removes an entry that was written with a deadline that has passed.
    fn expire(&mut self, key: Key) {
        if self.live.get(&key).is_some_and(|entry| self.end(entry) <= self.now) {
            self.live.remove(&key);
            self.queues.removed(key);
        }
    }

    fn end(&self, entry: &Entry) -> u64 {
        entry.deadline.min(entry.used.saturating_add(self.idle))
    }

    fn read(&self, key: Key) -> Value {
        self.live[&key].value
    }

    fn change(&mut self, key: Key, value: Value) -> Value {
        std::mem::replace(&mut self.live.get_mut(&key).expect("it was just found").value, value)
    }

    fn access(&mut self, key: Key) -> bool {
        self.use_shared(key, self.noted_after)
    }

    /// A read under the lock, if there is an idle time.
    fn observe(&mut self, key: Key) -> bool {
        self.use_shared(key, 0)
    }

    fn use_shared(&mut self, key: Key, noted_after: u64) -> bool {
        self.count(key, noted_after) && {
            self.queues.used_shared(key);
            true
        }
    }

    fn access_to_change(&mut self, key: Key) -> bool {
        self.count(key, 0) && {
            self.queues.used(key);
            true
        }
    }

    fn count(&mut self, key: Key, noted_after: u64) -> bool {
        let found = self.live.get_mut(&key);
        *(if found.is_some() { &mut self.hits } else { &mut self.misses }) += 1;
        if let Some(entry) = found {
            if self.now - entry.used >= noted_after {
                entry.used = self.now;
            }
            true
        } else {
            false
        }
    }

    /// Stores an entry. There is room for it. One with a ttl of zero is never live.
    fn put(&mut self, key: Key, value: Value, ttl: u64) -> Option<Value> {
        self.inserts += 1;
        let entry = Entry { value, deadline: self.now.saturating_add(ttl), used: self.now };
        let old = self.live.insert(key, entry).map(|entry| entry.value);
        if old.is_some() {
            self.queues.used(key);
        } else {
            self.added += 1;
            self.queues.inserted(key);
        }
        self.expire(key);
        old
    }

    fn put_if_absent(&mut self, key: Key, value: Value) -> bool {
        !self.is_live(key) && {
            self.put(key, value, self.ttl);
            true
        }
    }

    fn compute(&mut self, key: Key, decision: Decision, value: Value) -> Answer {
        let found = self.access_to_change(key);
        let before = found.then(|| self.read(key));
        match decision {
            Decision::ChangeAndKeep if found => {
                self.change(key, value);
            }
            Decision::Keep | Decision::ChangeAndKeep => {}
            Decision::Put => {
                self.put(key, value, self.ttl);
            }
            Decision::Remove => {
                self.take(key);
            }
        }
        Answer::Value(before)
    }

    /// All rows are read, then all entries that are there are changed, and then the new ones are stored.
    fn transact(&mut self, rows: &[(Key, RowStep)], ends_well: bool, given: &Answer) -> Answer {
        let mut seen = Vec::new();
        for &(key, step) in rows {
            let is_use = !matches!(step, RowStep::Put(_) | RowStep::Remove);
            let value = (is_use && self.access_to_change(key)).then(|| self.read(key));
            seen.push(if let RowStep::OrPut(new) = step { value.or(Some(new)) } else { value });
        }
        if !ends_well {
            return Answer::Values(seen);
        }
        if *given == Answer::Refused {
            self.refused += 1;
            return Answer::Refused;
        }
        for inserts in [false, true] {
            for &(key, step) in rows {
                match (step, self.is_live(key)) {
                    (RowStep::Put(value), is_live) if is_live != inserts => {
                        self.put(key, value, self.ttl);
                    }
                    (RowStep::OrPut(value), false) if inserts => {
                        self.put(key, value, self.ttl);
                    }
                    (RowStep::Update(value), true) if !inserts => {
                        self.change(key, value);
                    }
                    (RowStep::Remove, true) if !inserts => {
                        self.take(key);
                    }
                    _ => {}
                }
            }
        }
        Answer::Values(seen)
    }

    fn take(&mut self, key: Key) -> Option<Value> {
        let taken = self.live.remove(&key)?;
        self.removed += 1;
        self.queues.removed(key);
        Some(taken.value)
    }

    fn take_all(&mut self) -> Vec<(Key, Value)> {
        let entries = self.entries();
        self.live.clear();
        self.queues.cleared();
        entries
    }

    fn restart(&mut self, key: Key, ttl: u64) -> bool {
        let Some(entry) = self.live.get_mut(&key) else { return false };
        entry.deadline = self.now.saturating_add(ttl);
        entry.used = self.now;
        self.queues.used(key);
        self.expire(key);
        true
    }
}
