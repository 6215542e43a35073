//! The measured loops, compiled for each map, so that there is no virtual call between two operations.

use crate::{
    entries::Entry,
    mix::{Operation, Step},
    script::{BATCH, MANY, Script},
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
            Script::Single(uniform) => {
                many::<E>(|| uniform.draw(), |keys| keys.iter().filter(|key| black_box(map.get(key)).is_some()).count())
            }
            Script::Many(uniform) => many::<E>(|| uniform.draw(), |keys| map.get_many(keys)),
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

/// Reads in groups of [`MANY`]. The keys of a group are made before its reads.
#[inline]
fn many<E: Entry>(mut draw: impl FnMut() -> u64, mut found: impl FnMut(&[&E::Query; MANY]) -> usize) -> u64 {
    let mut buffers: [E::Buffer; MANY] = array::from_fn(|_| E::Buffer::default());
    let mut missing = 0;
    for _ in 0..BATCH / MANY as u64 {
        let keys = buffers.each_mut().map(|buffer| E::query(draw(), buffer));
        missing += MANY - found(black_box(&keys));
    }
    missing as u64
}
