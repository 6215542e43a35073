//! The measured loops, compiled for each map, so that there is no virtual call between two operations.

use crate::{
    entries::Entry,
    mix::{Operation, Step},
    script::{BATCH, Group, Groups, MANY, Script},
    stats::Pauses,
    systems::{Access, System},
};
use std::{array, hint::black_box, ops::Range};

/// A system with its type erased.
pub(crate) trait Driver<E: Entry>: Sync {
    /// Inserts entries.
    fn insert(&self, numbers: Range<u64>);
    /// Removes entries.
    fn remove(&self, numbers: Range<u64>);
    /// Shrinks the map, if there is a call for that.
    fn shrink(&self);
    /// Inserts entries, and notes how long each insert takes.
    fn insert_timed(&self, numbers: Range<u64>, pauses: &mut Pauses);
    /// Reads entries, and notes how long each read takes.
    fn get_timed(&self, numbers: Range<u64>, pauses: &mut Pauses);
    /// Does the next [`BATCH`] operations of a script. Returns the number of wrong answers.
    fn batch(&self, script: &mut Script) -> u64;
}

impl<E: Entry, S: System<E>> Driver<E> for S {
    fn insert(&self, numbers: Range<u64>) {
        let mut map = self.handle();
        let mut buffer = E::Buffer::default();
        for number in numbers {
            map.insert(E::query(number, &mut buffer).to_owned(), E::value(number));
        }
    }

    fn remove(&self, numbers: Range<u64>) {
        let mut map = self.handle();
        let mut buffer = E::Buffer::default();
        for number in numbers {
            map.remove(E::query(number, &mut buffer));
        }
    }

    fn shrink(&self) {
        self.handle().shrink();
    }

    fn insert_timed(&self, numbers: Range<u64>, pauses: &mut Pauses) {
        let mut map = self.handle();
        let mut buffer = E::Buffer::default();
        for number in numbers {
            let (key, value) = (E::query(number, &mut buffer).to_owned(), E::value(number));
            let began = pauses.clock.raw();
            black_box(map.insert(black_box(key), value));
            let ended = pauses.clock.raw();
            pauses.record(began, ended);
        }
    }

    fn get_timed(&self, numbers: Range<u64>, pauses: &mut Pauses) {
        let mut map = self.handle();
        let mut buffer = E::Buffer::default();
        for number in numbers {
            let key = black_box(E::query(number, &mut buffer));
            let began = pauses.clock.raw();
            let is_there = black_box(map.get(key)).is_some();
            let ended = pauses.clock.raw();
            pauses.record(began, ended);
            assert!(is_there, "it is only replaced");
        }
    }

    fn batch(&self, script: &mut Script) -> u64 {
        let mut map = self.handle();
        let mut buffer = E::Buffer::default();
        match script {
            Script::Hit(uniform) => wrong(|| black_box(map.get(E::query(uniform.draw(), &mut buffer))).is_some()),
            Script::HitZipf(zipf) => wrong(|| black_box(map.get(E::query(zipf.draw(), &mut buffer))).is_some()),
            Script::HalfIncrement(zipf) => {
                let mut changes = false;
                wrong(|| {
                    changes = !changes;
                    let key = E::query(zipf.draw(), &mut buffer);
                    if changes { map.increment(key) } else { black_box(map.get(key)).is_some() }
                })
            }
            Script::Increment(zipf) => wrong(|| map.increment(E::query(zipf.draw(), &mut buffer))),
            Script::Mix(mix) => wrong(|| {
                let step = mix.step();
                apply::<E>(&mut map, step, &mut buffer) == step.expected
            }),
            Script::Groups(groups) => many::<E>(&mut map, groups),
        }
    }
}

#[inline]
fn wrong(mut answers_right: impl FnMut() -> bool) -> u64 {
    (0..BATCH).map(|_| u64::from(!answers_right())).sum()
}

#[inline]
fn apply<E: Entry>(map: &mut impl Access<E>, step: Step, buffer: &mut E::Buffer) -> bool {
    let key = E::query(step.number, buffer);
    match step.operation {
        Operation::Read => black_box(map.get(key)).is_some(),
        Operation::Insert => map.insert(key.to_owned(), E::value(step.number)),
        Operation::Remove => map.remove(key),
        Operation::Update => map.increment(key),
    }
}

/// Operations in groups. Returns the number of wrong answers.
#[inline]
fn many<E: Entry>(map: &mut impl Access<E>, groups: &mut Groups) -> u64 {
    let mut buffers: [E::Buffer; MANY] = array::from_fn(|_| E::Buffer::default());
    let mut wrong = 0;
    // An exchange is two operations for each key.
    let operations = if groups.group == Group::Exchange { 2 } else { 1 };
    for _ in 0..BATCH / (operations * MANY as u64) {
        let mut numbers = [(0, 0); MANY];
        for pair in &mut numbers {
            *pair = match groups.group {
                Group::Exchange => groups.exchange(),
                Group::Get | Group::Insert => (groups.keys.draw(), 0),
            };
        }
        let keys: [&E::Query; MANY] = {
            let mut numbers = numbers.iter();
            buffers.each_mut().map(|buffer| E::query(numbers.next().map_or(0, |pair| pair.0), buffer))
        };
        let keys = black_box(&keys);
        let is_one_call = groups.is_one_call;
        let right = match groups.group {
            Group::Get if is_one_call => map.get_many(keys),
            Group::Get => keys.iter().filter(|key| black_box(map.get(key)).is_some()).count(),
            Group::Insert => {
                let entries = numbers.map(|(number, _)| entry::<E>(number));
                MANY - insert_group(map, entries, is_one_call)
            }
            Group::Exchange => {
                let removed =
                    if is_one_call { map.remove_many(keys) } else { keys.iter().filter(|key| map.remove(key)).count() };
                let entries = numbers.map(|(_, number)| entry::<E>(number));
                removed.min(insert_group(map, entries, is_one_call))
            }
        };
        wrong += operations * (MANY - right) as u64;
    }
    wrong
}

fn entry<E: Entry>(number: u64) -> (E::Key, E::Value) {
    (E::query(number, &mut E::Buffer::default()).to_owned(), E::value(number))
}

/// Returns how many were new.
#[inline]
fn insert_group<E: Entry>(map: &mut impl Access<E>, entries: [(E::Key, E::Value); MANY], is_one_call: bool) -> usize {
    let entries = black_box(entries);
    if is_one_call {
        map.insert_many(entries)
    } else {
        entries.into_iter().filter_map(|(key, value)| map.insert(key, value).then_some(())).count()
    }
}
