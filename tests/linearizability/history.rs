//! Histories: threads that make random calls on one map, and record the beginning, the end and the answer of each.

use super::{
    common::threads::Dice,
    histories::{
        churn::{Calling, Pace, churn},
        recorder::{CountingClock, record_together},
        register::{Answer, Call, Decision, Number},
    },
    subject::Subject,
};
use std::fmt;

/// A call that has been made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Operation {
    pub(crate) thread: u32,
    pub(crate) key: u32,
    pub(crate) call: Call,
    pub(crate) answer: Answer,
    /// Before the call: all that have ended by then come before it.
    pub(crate) began: u64,
    /// After it: all that begin from then on come after it.
    pub(crate) ended: u64,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Operation { thread, key, call, answer, began, ended } = self;
        write!(f, "{began:>6} to {ended:>6}, thread {thread}, key {key}: {call:?} -> {answer:?}")
    }
}

/// What a history is made of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) threads: u32,
    /// Calls of each thread.
    pub(crate) steps: u32,
    /// The keys that are called for, from zero. All others are cold.
    pub(crate) hot: u32,
    /// So many more threads put in and take out cold keys while the calls go on, so that the table grows and shrinks
    /// under the hot ones.
    pub(crate) churners: u32,
    /// So many cold keys of each of them, at most, are in the map.
    pub(crate) cold: u32,
    /// Whether all entries are taken out at once now and then. Not with churners, who count on theirs.
    pub(crate) drains: bool,
}

/// Has the threads call a map in which no hot key has a value.
pub(crate) fn record(subject: &dyn Subject, plan: &Plan, seed: u64) -> Vec<Operation> {
    let clock = CountingClock::default();
    let pace = Pace::new(plan.threads);
    record_together(plan.threads + plan.churners, |thread| {
        let dice = Dice::new(seed.wrapping_mul(64).wrapping_add(thread.into()));
        if thread >= plan.threads {
            churn(subject, thread - plan.threads, plan.cold, dice, &pace);
            return Vec::new();
        }
        let _calling = Calling(&pace);
        let mut caller = Caller { subject, plan, thread, dice, clock: &clock, operations: Vec::new() };
        caller.operations.reserve(2 * plan.steps as usize);
        for step in 0..plan.steps {
            if plan.churners > 0 {
                pace.call();
            }
            caller.step(step);
        }
        caller.operations
    })
}

struct Caller<'a> {
    subject: &'a dyn Subject,
    plan: &'a Plan,
    thread: u32,
    dice: Dice,
    clock: &'a CountingClock,
    operations: Vec<Operation>,
}

impl Caller<'_> {
    fn step(&mut self, step: u32) {
        let key = self.below(self.plan.hot);
        // Apart from all others, with room for what is added.
        let fresh: Number = (self.thread * 4096 + step + 1) << 8 | self.below(2);
        let by = 1 + self.below(3);
        let finds = self.subject.has_index() && self.below(4) == 0;
        let call = match self.below(64) {
            sort if finds => Call::Find(sort.is_multiple_of(2)),
            0..12 => Call::Get,
            12..14 => Call::With,
            14..18 => Call::Contains,
            18..28 => Call::Insert(fresh),
            28..31 => Call::InsertIfAbsent(fresh),
            31..34 => Call::GetOrInsert(fresh),
            34..38 => Call::Upsert(fresh, by),
            38..42 => Call::WithMut(by),
            42 => Call::Compute(Decision::Keep, 0),
            43..45 => Call::Compute(Decision::AddAndKeep, by),
            45..47 => Call::Compute(Decision::Put, fresh),
            47..49 => Call::Compute(Decision::Remove, 0),
            49..55 => Call::Remove,
            55..57 => Call::RemoveIf,
            // They are long: each comes two or three times in a history.
            57..59 if self.below(self.plan.threads * self.plan.steps / 64 + 1) == 0 => {
                return self.on_all_entries(Call::Walk);
            }
            59..61 if self.plan.drains && self.below(self.plan.threads * self.plan.steps / 64 + 1) == 0 => {
                return self.on_all_entries(Call::Drain);
            }
            61 => return self.insert_many(fresh),
            62 => return self.remove_many(),
            _ => return self.get_many(),
        };
        let began = self.clock.now();
        let answer = self.subject.call(key, call);
        self.log(key, call, answer, began);
    }

    /// Reads all hot keys in one call, which is one read of each.
    fn get_many(&mut self) {
        let mut keys: Vec<u32> = (0..self.plan.hot).collect();
        let by = self.below(self.plan.hot);
        keys.rotate_left(by as usize);
        let began = self.clock.now();
        let answers = self.subject.get_many(&keys);
        assert_eq!(answers.len(), keys.len());
        for (key, answer) in keys.into_iter().zip(answers) {
            self.log(key, Call::GetMany, answer, began);
        }
    }

    /// Stores a number under some hot keys in one call, which is one insert of each.
    fn insert_many(&mut self, number: Number) {
        let entries: Vec<(u32, Number)> = (0..self.plan.hot.min(3)).map(|key| (key, number)).collect();
        let began = self.clock.now();
        let answers = self.subject.insert_many(&entries);
        assert_eq!(answers.len(), entries.len());
        for ((key, number), answer) in entries.into_iter().zip(answers) {
            self.log(key, Call::Insert(number), answer, began);
        }
    }

    /// Removes some hot keys in one call, which is one removal of each.
    fn remove_many(&mut self) {
        let keys: Vec<u32> = (0..self.plan.hot.min(3)).collect();
        let began = self.clock.now();
        let answers = self.subject.remove_many(&keys);
        assert_eq!(answers.len(), keys.len());
        for (key, answer) in keys.into_iter().zip(answers) {
            self.log(key, Call::Remove, answer, began);
        }
    }

    /// A call on all entries at once, which is one call on each key that it shows or does not show.
    fn on_all_entries(&mut self, call: Call) {
        let began = self.clock.now();
        let mut seen = if call == Call::Drain { self.subject.drain() } else { self.subject.walk() };
        seen.retain(|&(key, _)| key < self.plan.hot);
        for key in 0..self.plan.hot {
            let times = seen.iter().filter(|&&(seen, _)| seen == key).count();
            // A key comes up again only where its entry has left and another one has come.
            if times == 0 || times > 1 && call == Call::Walk {
                seen.push((key, Answer::Value(None)));
            }
        }
        for (key, answer) in seen {
            self.log(key, call, answer, began);
        }
    }

    fn log(&mut self, key: u32, call: Call, answer: Answer, began: u64) {
        let ended = self.clock.now();
        self.operations.push(Operation { thread: self.thread, key, call, answer, began, ended });
    }

    fn below(&mut self, bound: u32) -> u32 {
        u32::try_from(self.dice.below(bound.into())).expect("less than a u32")
    }
}
