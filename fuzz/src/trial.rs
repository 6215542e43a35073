//! One case: each call on the map and on the model.

use super::{
    choices::Choices,
    model::Model,
    ops::{Answer, Nth, Op},
    subject::Subject,
};
use sharded::clock::Manual;
use std::time::Duration;

/// After so many calls all entries are compared.
const LOOK_EVERY: usize = 64;

pub(crate) struct Trial<'a> {
    choices: Choices,
    subject: &'a dyn Subject,
    clock: &'a Manual,
    model: Model,
}

impl<'a> Trial<'a> {
    pub(crate) fn new(
        choices: Choices,
        subject: &'a dyn Subject,
        clock: &'a Manual,
        (ttl, idle): (Option<Duration>, Option<Duration>),
    ) -> Self {
        Trial { choices, subject, clock, model: Model::new(ttl, idle) }
    }

    pub(crate) fn run(mut self, ops: &[Op]) {
        for (number, op) in ops.iter().enumerate() {
            if self.serves(op) {
                self.step(number, op);
            }
            if number % LOOK_EVERY == LOOK_EVERY - 1 {
                self.step(number, &Op::Look);
            }
        }
        for op in [Op::Look, Op::Sweep, Op::Look, Op::Drain, Op::Look] {
            self.step(ops.len(), &op);
        }
    }

    fn serves(&self, op: &Op) -> bool {
        self.choices.expires || !matches!(op, Op::InsertOwn(..) | Op::ExpireIn(..) | Op::Touch(_) | Op::TtlOf(_))
    }

    fn step(&mut self, number: usize, op: &Op) {
        let (choices, subject) = (self.choices, self.subject);
        if let Op::Advance(by) = *op {
            self.clock.advance(by);
        }
        let (stored, evicted) = (subject.len(), subject.evicted());
        let answer = subject.apply(op);
        let evicted = subject.evicted() - evicted;
        if evicted > 0 {
            assert_eq!(evicted, 1, "{choices:?}, call {number}, {op:?}: entries left for one");
            assert_eq!(
                Some(stored),
                subject.capacity(),
                "{choices:?}, call {number}, {op:?}: evicted though there was room"
            );
            self.evict(number, op);
        }
        let expected = self.model.apply(op);
        assert!(answer == expected, "{choices:?}, call {number}, {op:?}: {answer:?} in place of {expected:?}");

        if matches!(op, Op::Look) {
            // What is shown must be found as well.
            for (key, _) in self.model.entries() {
                let found = subject.apply(&Op::Contains(key));
                assert_eq!(found, Answer::Is(true), "{choices:?}, call {number}: {key} is shown, but not found");
            }
        }
        let stored = subject.len();
        assert!(stored <= subject.capacity().unwrap_or(usize::MAX), "{choices:?}, call {number}, {op:?}: too many");
        if let Answer::Entries(live) = answer {
            let live = if matches!(op, Op::Drain) { 0 } else { live.len() };
            assert!(
                if self.choices.expires { stored >= live } else { stored == live },
                "{choices:?}, call {number}, {op:?}: {stored} are stored, {live} alive"
            );
        }
        if matches!(op, Op::Sweep) {
            assert_eq!(stored, self.model.entries().len(), "{choices:?}, call {number}: what was over is gone");
        }
    }

    /// Something had to leave: lets the model know what, if it was alive.
    fn evict(&mut self, number: usize, op: &Op) {
        let choices = self.choices;
        let Some(key) = put(op) else { panic!("{choices:?}, call {number}, {op:?} puts nothing in, but evicted") };
        assert!(!self.model.is_live(key), "{choices:?}, call {number}, {op:?}: evicted for an entry that was there");
        let Answer::Entries(left) = self.subject.apply(&Op::Look) else { unreachable!("Look shows entries") };
        let gone: Vec<Nth> = self
            .model
            .entries()
            .into_iter()
            .map(|(key, _)| key)
            .filter(|key| left.binary_search_by_key(key, |&(key, _)| key).is_err())
            .collect();
        // None where it was one that was over.
        assert!(
            gone.len() <= usize::from(choices.expires) || gone.len() == 1,
            "{choices:?}, call {number}, {op:?}: {gone:?} left"
        );
        for key in gone {
            assert!(self.model.evict(key));
        }
    }
}

/// The key of a call that may put an entry in.
fn put(op: &Op) -> Option<Nth> {
    match *op {
        Op::Insert(key, _)
        | Op::TryInsert(key, _)
        | Op::InsertOwn(key, ..)
        | Op::InsertIfAbsent(key, _)
        | Op::Upsert(key, _)
        | Op::Compute(key, ..)
        | Op::GetOrInsert(key, _) => Some(key),
        _ => None,
    }
}
