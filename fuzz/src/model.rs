//! The model: std's map, and for each entry when it ends.

use super::ops::{Answer, Decision, Nth, Op, Value};
use std::{collections::HashMap, time::Duration};

#[derive(Clone, Copy, Debug)]
struct Entry {
    value: Value,
    deadline: u64,
    used: u64,
}

/// What the map should hold. Entries that are over may be among them.
#[derive(Debug)]
pub(crate) struct Model {
    ttl: u64,
    idle: u64,
    now: u64,
    entries: HashMap<Nth, Entry>,
}

/// In nanoseconds; what is beyond the clock's end is for ever.
fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

impl Model {
    pub(crate) fn new(ttl: Option<Duration>, idle: Option<Duration>) -> Self {
        let nanos = |time: Option<Duration>| time.map_or(u64::MAX, nanos);
        Model { ttl: nanos(ttl), idle: nanos(idle), now: 0, entries: HashMap::new() }
    }

    /// The live entries by key.
    pub(crate) fn entries(&mut self) -> Vec<(Nth, Value)> {
        let (now, idle) = (self.now, self.idle);
        self.entries.retain(|_, entry| entry.end(idle) > now);
        let mut entries: Vec<_> = self.entries.iter().map(|(&key, entry)| (key, entry.value)).collect();
        entries.sort_unstable();
        entries
    }

    /// Lets go of an entry that the map has evicted, and says whether there was one.
    pub(crate) fn evict(&mut self, key: Nth) -> bool {
        self.take(key).is_some()
    }

    pub(crate) fn is_live(&mut self, key: Nth) -> bool {
        self.live(key).is_some()
    }

    /// Does what the call should do, and says what it should return.
    pub(crate) fn apply(&mut self, op: &Op) -> Answer {
        match *op {
            Op::Get(key) | Op::With(key) => Answer::Value(self.used(key).map(|entry| entry.value)),
            Op::WithMut(key, value) => Answer::Value(self.change(key, value)),
            Op::Contains(key) => Answer::Is(self.is_live(key)),
            Op::GetMany(first, count) => {
                Answer::Values((first..first + count).map(|key| self.used(key).map(|entry| entry.value)).collect())
            }
            Op::Insert(key, value) | Op::TryInsert(key, value) => Answer::Value(self.put(key, value, self.ttl)),
            Op::InsertOwn(key, value, ttl) => Answer::Value(self.put(key, value, nanos(ttl))),
            Op::InsertIfAbsent(key, value) => {
                Answer::Is(!self.is_live(key) && self.put(key, value, self.ttl).is_none())
            }
            Op::Upsert(key, value) => {
                let before = self.change(key, value);
                if before.is_none() {
                    self.put(key, value, self.ttl);
                }
                Answer::Value(before)
            }
            Op::Compute(key, decision, value) => {
                let before = self.used(key).map(|entry| entry.value);
                match decision {
                    Decision::Keep => {}
                    Decision::ChangeAndKeep => drop(self.change(key, value)),
                    Decision::Put => drop(self.put(key, value, self.ttl)),
                    Decision::Remove => drop(self.take(key)),
                }
                Answer::Value(before)
            }
            Op::GetOrInsert(key, value) => {
                let found = self.used(key).map(|entry| entry.value);
                if found.is_none() {
                    self.put(key, value, self.ttl);
                }
                Answer::Value(found.or(Some(value)))
            }
            Op::Remove(key) => Answer::Value(self.take(key)),
            Op::RemoveEntry(key) => Answer::Entry(self.take(key).map(|value| (key, value))),
            Op::RemoveIf(key) => {
                let is_removable = self.live(key).is_some_and(|entry| is_removable(entry.value));
                Answer::Value(is_removable.then(|| self.take(key)).flatten())
            }
            Op::ExpireIn(key, ttl) => Answer::Is(self.restart(key, nanos(ttl))),
            Op::Touch(key) => Answer::Is(self.restart(key, self.ttl)),
            Op::TtlOf(key) => {
                let (now, idle) = (self.now, self.idle);
                Answer::Time(self.live(key).map(|entry| match entry.end(idle) {
                    u64::MAX => Duration::MAX,
                    end => Duration::from_nanos(end - now),
                }))
            }
            Op::Retain(modulus) => {
                for (key, value) in self.entries() {
                    match retained(modulus, value) {
                        Some(changed) => self.live(key).expect("it was just listed").value = changed,
                        None => drop(self.take(key)),
                    }
                }
                Answer::Nothing
            }
            Op::Look => Answer::Entries(self.entries()),
            Op::Clear => {
                self.entries.clear();
                Answer::Nothing
            }
            Op::Drain => {
                let entries = self.entries();
                self.entries.clear();
                Answer::Entries(entries)
            }
            Op::Shrink => Answer::Nothing,
            Op::Sweep => Answer::Swept,
            Op::Advance(by) => {
                self.now = self.now.saturating_add(nanos(by));
                Answer::Nothing
            }
        }
    }

    fn live(&mut self, key: Nth) -> Option<&mut Entry> {
        let (now, idle) = (self.now, self.idle);
        self.entries.get_mut(&key).filter(|entry| entry.end(idle) > now)
    }

    /// The entry, whose idle time starts anew.
    fn used(&mut self, key: Nth) -> Option<&mut Entry> {
        let now = self.now;
        let entry = self.live(key)?;
        entry.used = now;
        Some(entry)
    }

    fn change(&mut self, key: Nth, value: Value) -> Option<Value> {
        self.used(key).map(|entry| std::mem::replace(&mut entry.value, value))
    }

    fn take(&mut self, key: Nth) -> Option<Value> {
        let value = self.live(key).map(|entry| entry.value);
        self.entries.remove(&key);
        value
    }

    fn put(&mut self, key: Nth, value: Value, ttl: u64) -> Option<Value> {
        let before = self.take(key);
        let entry = Entry { value, deadline: self.now.saturating_add(ttl), used: self.now };
        self.entries.insert(key, entry);
        before
    }

    fn restart(&mut self, key: Nth, ttl: u64) -> bool {
        let now = self.now;
        let Some(entry) = self.live(key) else { return false };
        entry.deadline = now.saturating_add(ttl);
        entry.used = now;
        true
    }
}

impl Entry {
    fn end(&self, idle: u64) -> u64 {
        self.deadline.min(self.used.saturating_add(idle))
    }
}

/// What [`Op::Retain`] makes of a value that stays.
pub(crate) fn retained(modulus: Value, value: Value) -> Option<Value> {
    (!value.is_multiple_of(modulus)).then(|| value + 1)
}

/// The condition of [`Op::RemoveIf`].
pub(crate) fn is_removable(value: Value) -> bool {
    value.is_multiple_of(2)
}
