//! Whether a recorded history is one that the calls could have had one after the other, each at one moment between its
//! beginning and its end.
//!
//! A map is one register per key, and linearizability is local (Herlihy and Wing, 1990): the calls on each key are
//! checked by themselves. The search is Lowe's ("Testing for linearizability", 2017): it goes through the history in
//! time and carries every pair of a register's value and the open calls that have already taken effect. A call takes
//! effect no sooner than some call's end asks for it, so few pairs are alive at once, and none is looked at twice.

use super::{
    history::Operation,
    register::{Answer, Call, Number, apply},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

/// What was checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Checked {
    pub(crate) operations: usize,
    /// Those that ended while another one on their key was open.
    pub(crate) overlapping: usize,
}

/// A call that can't have answered what it did.
#[derive(Debug)]
pub(crate) struct Violation {
    operation: Operation,
    /// Open when it ended.
    open: Vec<Operation>,
    /// What the key may have held after the end before.
    values: BTreeSet<Option<Number>>,
    /// The calls on the key before it, in the order of their ends.
    before: Vec<Operation>,
}

/// Checks all keys, each of which has no value at first.
pub(crate) fn check(operations: &[Operation]) -> Result<Checked, Box<Violation>> {
    let mut keys: BTreeMap<u32, Vec<Operation>> = BTreeMap::new();
    for &operation in operations {
        keys.entry(operation.key).or_default().push(operation);
    }
    let mut checked = Checked { operations: operations.len(), overlapping: 0 };
    for operations in keys.values() {
        checked.overlapping += check_key(operations)?;
    }
    Ok(checked)
}

/// The open calls that have taken effect, one bit for each place in [`Open`], and the value that they have left.
type State = (u64, Option<Number>);

/// Checks the calls on one key and counts those that overlap.
fn check_key(operations: &[Operation]) -> Result<usize, Box<Violation>> {
    // The times are all different: a clock that counts.
    let mut events: Vec<(u64, usize)> = Vec::with_capacity(2 * operations.len());
    for (index, operation) in operations.iter().enumerate() {
        assert!(operation.began < operation.ended, "{operation:?}");
        events.extend([(operation.began, index), (operation.ended, index)]);
    }
    events.sort_unstable();

    let mut open = Open::default();
    let mut states = vec![(0, None)];
    let mut overlapping = 0;
    for (time, index) in events {
        if time == operations[index].began {
            open.begin(index);
            continue;
        }
        overlapping += usize::from(open.0.iter().flatten().count() > 1);
        let place = open.place_of(index);
        let after = states_after(place, &open, operations, &states);
        if after.is_empty() {
            let mut before: Vec<_> = operations.iter().filter(|before| before.ended < time).copied().collect();
            before.sort_unstable_by_key(|operation| operation.ended);
            return Err(Box::new(Violation {
                operation: operations[index],
                open: open.0.iter().flatten().filter(|&&other| other != index).map(|&i| operations[i]).collect(),
                values: states.into_iter().map(|(_, value)| value).collect(),
                before,
            }));
        }
        states = after;
        open.0[place] = None;
    }
    Ok(overlapping)
}

/// All states in which the call at a place has taken effect; its bit is cleared in them, for the place becomes free.
fn states_after(place: usize, open: &Open, operations: &[Operation], states: &[State]) -> Vec<State> {
    // They are few: looking through them is quicker than any set.
    let mut after = Vec::new();
    let mut seen = states.to_vec();
    let mut next = 0;
    while let Some(&(done, value)) = seen.get(next) {
        next += 1;
        if done & (1 << place) != 0 {
            let state = (done & !(1 << place), value);
            if !after.contains(&state) {
                after.push(state);
            }
            continue;
        }
        for (other, index) in open.0.iter().enumerate().filter_map(|(place, index)| Some((place, (*index)?))) {
            if done & (1 << other) == 0 {
                let (answer, left) = apply(operations[index].call, value);
                let state = (done | (1 << other), left);
                if answer == operations[index].answer && !seen.contains(&state) {
                    seen.push(state);
                }
            }
        }
    }
    after
}

/// The calls that have begun and not ended, each at a place of its own.
#[derive(Default)]
struct Open(Vec<Option<usize>>);

impl Open {
    fn begin(&mut self, index: usize) {
        if let Some(free) = self.0.iter_mut().find(|place| place.is_none()) {
            *free = Some(index);
        } else {
            self.0.push(Some(index));
            assert!(self.0.len() <= 64, "more calls are open at once than a state has bits");
        }
    }

    fn place_of(&self, index: usize) -> usize {
        self.0.iter().position(|&place| place == Some(index)).expect("it has begun")
    }
}

impl Violation {
    /// The call and its answer.
    pub(crate) fn answer(&self) -> (Call, Answer) {
        (self.operation.call, self.operation.answer)
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "no order of the calls explains this answer:\n  {}", self.operation)?;
        writeln!(f, "values that the key may have had before: {:?}", self.values)?;
        writeln!(f, "open as well:")?;
        for operation in &self.open {
            writeln!(f, "  {operation}")?;
        }
        writeln!(f, "the last that had ended on this key:")?;
        for operation in self.before.iter().rev().take(20).rev() {
            writeln!(f, "  {operation}")?;
        }
        Ok(())
    }
}
