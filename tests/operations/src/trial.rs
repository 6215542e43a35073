//! Each operation on a map and on the reference model.

use crate::{
    calls::{EvictionCalls, ExpiryCalls},
    ops::{Answer, Key, Op, RowStep},
    queues::Queue,
    reference::Reference,
    subject::{Log, Subject},
};
use sharded::{
    Cause, Stats,
    clock::Manual,
    lock::{Lock, Rcu},
};
use std::{
    any::TypeId,
    fmt::{Debug, Display},
    time::Duration,
};

/// What the model must know of a policy.
#[derive(Clone, Copy, Debug)]
pub struct Traits {
    ttl: Option<Duration>,
    idle: Option<Duration>,
    /// The time from one use by a read to the next that is noted.
    noted_after: Duration,
    expires: bool,
    makes_room: bool,
    queue: Queue,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Map,
    IndexedMap,
    Set,
}

impl Traits {
    /// Those of a map with these choices.
    #[must_use]
    pub fn of<L: Lock, X: ExpiryCalls, E: EvictionCalls>() -> Self {
        let queue = match E::queue(L::SHARED_READS) {
            // No model knows whether an expired entry is still in the queue, where it may spare others.
            Queue::MarkedLru | Queue::Sieve if X::EXPIRES => Queue::Unknown,
            queue => queue,
        };
        // As `AfterAccess` documents it.
        let notes_seldom = TypeId::of::<L>() == TypeId::of::<Rcu>();
        let noted_after = X::IDLE.filter(|_| notes_seldom).map_or(Duration::ZERO, |idle| idle / 16);
        let (expires, makes_room) = (X::EXPIRES, E::MAKES_ROOM);
        Traits { ttl: X::TTL, idle: X::IDLE, noted_after, expires, makes_room, queue, kind: Kind::Map }
    }

    /// The same of a set.
    #[must_use]
    pub fn of_set(self) -> Self {
        Traits { kind: Kind::Set, ..self }
    }

    /// The same of a map with indexes.
    #[must_use]
    pub fn of_indexed(self) -> Self {
        Traits { kind: Kind::IndexedMap, ..self }
    }

    fn serves(&self, op: &Op) -> bool {
        match op {
            Op::InsertOwn(..) => self.makes_room && self.expires,
            Op::ExpireIn(..) | Op::Touch(_) | Op::TtlOf(_) => self.expires,
            Op::Insert(..) | Op::Extend(_) => self.makes_room,
            Op::InsertIfAbsent(..) | Op::Upsert(..) | Op::Compute(..) | Op::GetOrInsert(..) => {
                self.makes_room && self.kind != Kind::Set
            }
            Op::WithMut(..) | Op::Contains(_) | Op::GetMany(_) | Op::RemoveIf(_) => self.kind != Kind::Set,
            _ => true,
        }
    }
}

/// One sequence of operations on one map.
pub struct Trial<'a> {
    about: &'a dyn Debug,
    traits: Traits,
    clock: &'a Manual,
    subject: &'a dyn Subject,
    apply: Box<dyn Fn(&Op) -> Answer + 'a>,
    reference: Reference<'a>,
    log: Option<Log>,
    compare_every: usize,
}

impl Debug for Trial<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Trial").field("about", &self.about).field("reference", &self.reference).finish_non_exhaustive()
    }
}

/// The call that a failure is reported with.
struct At<'a> {
    about: &'a dyn Debug,
    number: usize,
    op: &'a Op,
}

impl At<'_> {
    #[track_caller]
    fn check(&self, holds: bool, what: impl Display) {
        assert!(holds, "{:?}, call {}, {:?}: {what}", self.about, self.number, self.op);
    }

    #[track_caller]
    fn same<T: Debug + PartialEq>(&self, what: &str, is: &T, expected: &T) {
        self.check(is == expected, format_args!("{what}: {is:?} in place of {expected:?}"));
    }
}

impl<'a> Trial<'a> {
    /// A trial of a map with this clock. A failure is reported with `about`.
    #[must_use]
    pub fn new(about: &'a dyn Debug, traits: Traits, clock: &'a Manual, subject: &'a dyn Subject) -> Self {
        let shard_of = Box::new(|key| subject.shard_of(key));
        let reference = Reference::new(traits.ttl, (traits.idle, traits.noted_after), traits.queue, shard_of);
        let apply = Box::new(|op: &Op| subject.apply(op));
        Trial { about, traits, clock, subject, apply, reference, log: None, compare_every: 1 }
    }

    /// Has a listener log all removals, and compares its log.
    ///
    /// # Panics
    ///
    /// If the map has a listener already.
    #[must_use]
    pub fn listening(mut self) -> Self {
        let log = Log::default();
        self.subject.listen(Log::clone(&log));
        self.log = Some(log);
        self
    }

    /// Calls this in place of the map, so that a planted fault can change the call or the answer.
    #[must_use]
    pub fn calling(mut self, apply: impl Fn(&Op) -> Answer + 'a) -> Self {
        self.apply = Box::new(apply);
        self
    }

    /// Compares all entries only after this number of calls, rather than after each.
    #[must_use]
    pub fn compare_every(mut self, calls: usize) -> Self {
        self.compare_every = calls;
        self
    }

    /// Does the calls.
    ///
    /// # Panics
    ///
    /// When the map answers what the model does not.
    pub fn run(mut self, ops: Vec<Op>) {
        let count = ops.len();
        for (number, op) in ops.into_iter().enumerate() {
            if let Some(op) = self.fitting(op) {
                self.step(number, &op, number % self.compare_every == 0);
            }
        }
        for op in [Op::Look, Op::Sweep, Op::Look, Op::Drain, Op::Look] {
            self.step(count, &op, true);
        }
    }

    /// The call as this map serves it and as the model can follow it.
    fn fitting(&self, op: Op) -> Option<Op> {
        let is_bounded = self.subject.capacity().is_some();
        let op = match op {
            Op::Insert(key, value) if !self.traits.makes_room => Op::TryInsert(key, value),
            // One entry, so that it is known which entry was evicted for it.
            Op::Extend(entries) if is_bounded => Op::Extend(entries.into_iter().take(1).collect()),
            Op::InsertMany(entries) if is_bounded => Op::InsertMany(entries.into_iter().take(1).collect()),
            Op::Transact(rows, ends_well) if is_bounded => Op::Transact(self.that_fit(rows), ends_well),
            // The order in which it uses its keys is not promised.
            Op::GetMany(keys) if self.traits.queue == Queue::Lru => {
                Op::GetMany(keys.first().map_or_else(Vec::new, |&key| vec![key; keys.len()]))
            }
            op => op,
        };
        self.traits.serves(&op).then_some(op)
    }

    /// The rows whose new entries fit, so that none is evicted for them, and a map that refuses either takes all or is
    /// full.
    fn that_fit(&self, rows: Vec<(Key, RowStep)>) -> Vec<(Key, RowStep)> {
        let is_gone = |&(key, step): &(Key, RowStep)| step == RowStep::Remove && self.reference.is_live(key);
        let capacity = self.subject.capacity().unwrap_or(usize::MAX);
        let mut room = capacity.saturating_sub(self.subject.len()) + rows.iter().filter(|row| is_gone(row)).count();
        let refuses_all = room == 0 && !self.traits.makes_room;
        let fits = |&(key, step): &(Key, RowStep)| {
            let is_new = matches!(step, RowStep::Put(_) | RowStep::OrPut(_)) && !self.reference.is_live(key);
            let fits = !is_new || refuses_all || room > 0;
            room = room.saturating_sub(usize::from(is_new));
            fits
        };
        rows.into_iter().filter(fits).collect()
    }

    fn step(&mut self, number: usize, op: &Op, compares: bool) {
        let at = At { about: self.about, number, op };
        let before = self.subject.stats();
        let stored_before = before.shard_sizes.iter().sum::<usize>();
        let (added_before, removed_before) = (self.reference.added, self.reference.removed);
        if let Op::Advance(by) = *op {
            self.clock.advance(by);
        }
        let answer = (self.apply)(op);
        let after = self.subject.stats();
        let stored = after.shard_sizes.iter().sum::<usize>();
        self.evict(&at, after.evicted - before.evicted, stored_before, &before.shard_sizes);

        let expected = self.reference.apply(op, &answer);
        let expected = if self.traits.kind == Kind::Set { without_values(expected) } else { expected };
        at.same("the answer", &answer, &expected);
        if compares || matches!(op, Op::Look) {
            self.compare(&at);
        }
        at.same("the stored entries", &self.subject.len(), &stored);
        at.same("whether it is empty", &self.subject.is_empty(), &(stored == 0));
        at.check(stored <= self.subject.capacity().unwrap_or(usize::MAX), "the capacity is exceeded");
        at.check(stored >= self.reference.len(), "live entries are not stored");
        if !self.traits.expires || *op == Op::Sweep {
            at.same("the stored entries, none of them expired", &stored, &self.reference.len());
        }
        self.compare_counts(&at, &after);

        let count = |after: u64, before: u64| usize::try_from(after - before).unwrap_or(usize::MAX);
        let (expired, evicted) = (count(after.expired, before.expired), count(after.evicted, before.evicted));
        match answer {
            Answer::Swept(removed) => at.same("what a sweep returns", &removed, &expired),
            Answer::Refused => {
                at.check(!self.traits.makes_room, "an eviction that makes room refuses nothing");
                at.same("the capacity of a map that refuses", &Some(stored_before), &self.subject.capacity());
            }
            _ => {}
        }
        if matches!(op, Op::Clear | Op::InvalidateAll | Op::Drain) {
            // A listener hears of expired entries, and indexes lose them one by one, so they are counted.
            let expired = if self.log.is_some() || self.traits.kind == Kind::IndexedMap { 0 } else { expired };
            at.same("what is left, expired and evicted", &(stored, expired, evicted), &(0, 0, 0));
        } else {
            let (added, removed) = (self.reference.added - added_before, self.reference.removed - removed_before);
            // Every entry that is gone was removed by this call, has expired, or was evicted.
            at.same("what came and what went", &(stored + removed + expired + evicted), &(stored_before + added));
        }
    }

    /// Compares all entries, by each way of looking at them.
    fn compare(&self, at: &At<'_>) {
        let mut entries = self.reference.entries();
        if self.traits.kind == Kind::Set {
            for (_, value) in &mut entries {
                *value = 0;
            }
        } else {
            for &(key, _) in &entries {
                let found = (self.apply)(&Op::Contains(key));
                at.check(found == Answer::Is(true), format_args!("{key} is live, but not found"));
            }
        }
        at.same("the entries", &self.subject.entries(), &entries);
        at.same("the number of live entries", &self.subject.live_len(), &entries.len());
        if let Some(disagreement) = self.subject.disagreement() {
            at.check(false, disagreement);
        }
    }

    fn compare_counts(&self, at: &At<'_>, stats: &Stats) {
        let counts = (stats.hits, stats.misses, stats.inserts, stats.refused);
        let Reference { hits, misses, inserts, refused, .. } = self.reference;
        at.same("hits, misses, inserts and refused entries", &counts, &(hits, misses, inserts, refused));
        if let Some(log) = &self.log {
            let log = log.lock().unwrap();
            let told = |cause| log.iter().filter(|&&told| told == cause).count() as u64;
            // In a set nothing is replaced.
            let added = if self.traits.kind == Kind::Set { self.reference.added as u64 } else { stats.inserts };
            let stored = stats.shard_sizes.iter().sum::<usize>();
            at.same("what is stored, and what the listener heard of", &((stored + log.len()) as u64), &added);
            let told = (told(Cause::Expired), told(Cause::Evicted));
            at.same("what expired and what was evicted, as the listener heard", &told, &(stats.expired, stats.evicted));
        }
    }

    /// Has the model evict what the map has evicted, if it may.
    fn evict(&mut self, at: &At<'_>, evicted: u64, stored_before: usize, shard_sizes: &[usize]) {
        if evicted == 0 {
            return;
        }
        let Some(key) = at.op.adds() else { return at.check(false, "evicted though nothing was added") };
        at.same("the evicted entries", &evicted, &1);
        at.same("the capacity of a map that evicts", &Some(stored_before), &self.subject.capacity());
        at.check(!self.reference.is_live(key), "evicted for an entry that was there");
        let entries = self.subject.entries();
        let is_missing = |key: &u32| entries.binary_search_by_key(key, |&(key, _)| key).is_err();
        let gone: Vec<_> = self.reference.entries().into_iter().map(|(key, _)| key).filter(is_missing).collect();
        match gone[..] {
            [] => at.check(self.traits.expires, "the evicted entry is still there"),
            [victim] => {
                let (shard, of_victim) = (self.subject.shard_of(key), self.subject.shard_of(victim));
                let may_leave = of_victim == shard || shard_sizes[shard] == 0;
                at.check(may_leave, "the shard had an entry of its own to evict");
                let is_next = self.reference.evict(victim);
                at.check(is_next, format_args!("{victim} was not the next: {:#?}", self.reference));
            }
            _ => at.check(false, format_args!("more than one entry left: {gone:?}")),
        }
    }
}

/// What a set answers.
fn without_values(answer: Answer) -> Answer {
    match answer {
        Answer::Value(value) => Answer::Value(value.map(|_| 0)),
        Answer::Values(values) => Answer::Values(values.into_iter().map(|value| value.map(|_| 0)).collect()),
        Answer::Entry(entry) => Answer::Entry(entry.map(|(key, _)| (key, 0))),
        Answer::Entries(entries) => Answer::Entries(entries.into_iter().map(|(key, _)| (key, 0)).collect()),
        answer => answer,
    }
}
