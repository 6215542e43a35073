//! Checks that a recorded history is linearizable: a sequential order explains all answers, and each call takes effect
//! at one moment between its beginning and its end.
//!
//! A map is one register per key, and linearizability is local (Herlihy and Wing, 1990): the calls on each key are
//! checked by themselves.

use super::{
    histories::{
        register::{Answer, Call, Number, apply},
        search::{self, explain},
    },
    history::Operation,
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

impl search::Operation for Operation {
    /// The value of the key.
    type State = Option<Number>;

    fn began(&self) -> u64 {
        self.began
    }
    fn ended(&self) -> u64 {
        self.ended
    }
    fn after(&self, before: &Option<Number>) -> Option<Option<Number>> {
        let (answer, left) = apply(self.call, *before);
        (answer == self.answer).then_some(left)
    }
    fn is_read(&self) -> bool {
        self.call.is_read()
    }
    fn meets(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

/// Checks all keys, each of which has no value at first.
pub(crate) fn check(operations: &[Operation]) -> Result<Checked, Box<Violation>> {
    let mut keys: BTreeMap<u32, Vec<Operation>> = BTreeMap::new();
    for &operation in operations {
        keys.entry(operation.key).or_default().push(operation);
    }
    let mut checked = Checked { operations: operations.len(), overlapping: 0 };
    for operations in keys.values() {
        checked.overlapping += explain(operations, None).map_err(|unexplained| {
            let operation = operations[unexplained.operation];
            let mut before: Vec<_> = operations.iter().filter(|other| other.ended < operation.ended).copied().collect();
            before.sort_unstable_by_key(|operation| operation.ended);
            Box::new(Violation {
                operation,
                open: unexplained.open.into_iter().map(|index| operations[index]).collect(),
                values: unexplained.states.into_iter().collect(),
                before,
            })
        })?;
    }
    Ok(checked)
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
