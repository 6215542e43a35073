//! The model: std's map with explicit deadlines, and the queues of LRU and SIEVE as lists.

use super::ops::{Answer, Decision, Key, Op, Value, is_removable, retained};
use std::{collections::BTreeMap, time::Duration};

/// How long a declared or given time is, in nanoseconds; `u64::MAX` is for ever.
pub(crate) fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Which entry leaves when there is no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Queue {
    /// Nothing is predicted.
    Unknown,
    Lru,
    /// Under a lock that readers share: a read marks its entry, a marked one is spared once.
    MarkedLru,
    Sieve,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    value: Value,
    deadline: u64,
    used: u64,
}

/// What the map should hold.
#[derive(Debug)]
pub(crate) struct Reference {
    ttl: u64,
    idle: u64,
    now: u64,
    live: BTreeMap<Key, Entry>,
    queues: Queues,
    pub(crate) hits: u64,
    pub(crate) misses: u64,
    pub(crate) inserts: u64,
    /// Entries that came without replacing another, and those that a call took out.
    pub(crate) added: usize,
    pub(crate) removed: usize,
}

impl Reference {
    pub(crate) fn new(
        ttl: Option<Duration>,
        idle: Option<Duration>,
        queue: Queue,
        shard_of: Box<dyn Fn(Key) -> usize>,
    ) -> Self {
        Reference {
            ttl: ttl.map_or(u64::MAX, nanos),
            idle: idle.map_or(u64::MAX, nanos),
            now: 0,
            live: BTreeMap::new(),
            queues: Queues { kind: queue, shard_of, shards: BTreeMap::new() },
            hits: 0,
            misses: 0,
            inserts: 0,
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

    /// An entry was evicted. Says whether it was one that the queues would have let go.
    pub(crate) fn evict(&mut self, key: Key) -> bool {
        self.live.remove(&key);
        self.queues.evict(key)
    }

    /// Does what the call should do and says what it should return. `given` is what it did return, for what no model can know:
    /// whether expired entries still took the room.
    pub(crate) fn apply(&mut self, op: &Op, given: &Answer) -> Answer {
        match *op {
            Op::Get(key) | Op::With(key) => Answer::Value(self.access(key).then(|| self.read(key))),
            Op::WithMut(key, value) => Answer::Value(self.access_to_change(key).then(|| self.change(key, value))),
            Op::Contains(key) => Answer::Is(self.is_live(key)),
            Op::GetMany(ref keys) => {
                Answer::Values(keys.iter().map(|&key| self.access(key).then(|| self.read(key))).collect())
            }
            Op::TryInsert(..) if *given == Answer::Refused => Answer::Refused,
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
                if !self.access_to_change(key) {
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
                for (key, value) in self.entries() {
                    match retained(modulus, key, value) {
                        Some(changed) => self.live.get_mut(&key).expect("it was just listed").value = changed,
                        None => drop(self.take(key)),
                    }
                }
                Answer::Nothing
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
            self.queues.forget(key);
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
        self.count(key) && {
            self.queues.hit(key);
            true
        }
    }

    fn access_to_change(&mut self, key: Key) -> bool {
        self.count(key) && {
            self.queues.hit_alone(key);
            true
        }
    }

    fn count(&mut self, key: Key) -> bool {
        let found = self.live.get_mut(&key);
        *(if found.is_some() { &mut self.hits } else { &mut self.misses }) += 1;
        if let Some(entry) = found {
            entry.used = self.now;
            true
        } else {
            false
        }
    }

    /// Stores an entry, for which there is room. One that is over at once is never live.
    fn put(&mut self, key: Key, value: Value, ttl: u64) -> Option<Value> {
        self.inserts += 1;
        let entry = Entry { value, deadline: self.now.saturating_add(ttl), used: self.now };
        let old = self.live.insert(key, entry).map(|entry| entry.value);
        if old.is_some() {
            self.queues.hit_alone(key);
        } else {
            self.added += 1;
            self.queues.inserted(key);
        }
        self.advance(Duration::ZERO);
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

    fn take(&mut self, key: Key) -> Option<Value> {
        let taken = self.live.remove(&key)?;
        self.removed += 1;
        self.queues.forget(key);
        Some(taken.value)
    }

    fn take_all(&mut self) -> Vec<(Key, Value)> {
        let entries = self.entries();
        self.live.clear();
        self.queues.shards.clear();
        entries
    }

    fn restart(&mut self, key: Key, ttl: u64) -> bool {
        let Some(entry) = self.live.get_mut(&key) else { return false };
        entry.deadline = self.now.saturating_add(ttl);
        entry.used = self.now;
        self.queues.hit_alone(key);
        self.advance(Duration::ZERO);
        true
    }
}

/// The queue of each shard, the newest entry first.
struct Queues {
    kind: Queue,
    shard_of: Box<dyn Fn(Key) -> usize>,
    shards: BTreeMap<usize, Shard>,
}

impl std::fmt::Debug for Queues {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.shards.fmt(f)
    }
}

#[derive(Debug, Default)]
struct Shard {
    /// Keys, with whether they are marked.
    queue: Vec<(Key, bool)>,
    /// Where SIEVE goes on; the oldest where none.
    hand: Option<Key>,
}

impl Queues {
    fn shard(&mut self, key: Key) -> &mut Shard {
        self.shards.entry((self.shard_of)(key)).or_default()
    }

    fn inserted(&mut self, key: Key) {
        self.shard(key).queue.insert(0, (key, false));
    }

    fn hit(&mut self, key: Key) {
        match self.kind {
            Queue::Unknown => {}
            Queue::Lru => self.shard(key).move_to_front(key),
            Queue::MarkedLru | Queue::Sieve => self.shard(key).mark(key),
        }
    }

    fn hit_alone(&mut self, key: Key) {
        match self.kind {
            Queue::Unknown => {}
            Queue::Lru | Queue::MarkedLru => self.shard(key).move_to_front(key),
            Queue::Sieve => self.shard(key).mark(key),
        }
    }

    fn forget(&mut self, key: Key) {
        self.shard(key).remove(key);
    }

    fn evict(&mut self, key: Key) -> bool {
        let kind = self.kind;
        let shard = self.shard(key);
        let next = match kind {
            Queue::Unknown => Some(key),
            Queue::Lru | Queue::MarkedLru => shard.least_recent(),
            Queue::Sieve => shard.sieve(),
        };
        shard.remove(key);
        next == Some(key)
    }
}

impl Shard {
    fn position(&self, key: Key) -> Option<usize> {
        self.queue.iter().position(|&(k, _)| k == key)
    }

    fn move_to_front(&mut self, key: Key) {
        if let Some(at) = self.position(key) {
            let entry = self.queue.remove(at);
            self.queue.insert(0, entry);
        }
    }

    fn mark(&mut self, key: Key) {
        if let Some(at) = self.position(key) {
            self.queue[at].1 = true;
        }
    }

    /// The key that is one newer.
    fn newer(&self, key: Key) -> Option<Key> {
        let at = self.position(key)?;
        at.checked_sub(1).map(|newer| self.queue[newer].0)
    }

    fn remove(&mut self, key: Key) {
        if self.hand == Some(key) {
            self.hand = self.newer(key);
        }
        self.queue.retain(|&(k, _)| k != key);
    }

    fn least_recent(&mut self) -> Option<Key> {
        while let Some(oldest @ (_, true)) = self.queue.last_mut() {
            oldest.1 = false;
            let key = oldest.0;
            self.move_to_front(key);
        }
        self.queue.last().map(|&(key, _)| key)
    }

    fn sieve(&mut self) -> Option<Key> {
        let oldest = self.queue.last()?.0;
        let mut hand = self.hand.unwrap_or(oldest);
        while let Some(at) = self.position(hand)
            && self.queue[at].1
        {
            self.queue[at].1 = false;
            hand = self.newer(hand).unwrap_or(oldest);
        }
        self.hand = Some(hand);
        Some(hand)
    }
}
