//! Whether a recorded history is strictly serializable: whether some total order of all operations explains every
//! answer and has each operation at one moment between its beginning and its end (Papadimitriou, "The serializability
//! of concurrent database updates", 1979; with real time, Herlihy and Wing, 1990).
//!
//! A history of several keys does not decompose by key, so the state of the search is that of all rows. A cycle search
//! over inferred dependencies, as in Elle (Kingsbury and Alvaro, VLDB 2020), takes linear time with any number of
//! clients, but it needs to know the order of the versions of each key. A removed key has no version: the insert that
//! follows does not say which of the removals it has seen, and then the inference is not complete. The search is
//! complete with removals too. It grows with the number of threads, of which a history has few.

use super::{
    histories::search::explain,
    transaction::{Operation, ROWS, State},
};
use std::{collections::BTreeSet, fmt};

/// What was checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Checked {
    pub(crate) operations: usize,
    /// Those that ended while another one with a row in common was open.
    pub(crate) overlapping: usize,
}

/// An operation that can't have answered what it did.
#[derive(Debug)]
pub(crate) struct Violation {
    operation: Operation,
    /// Open when it ended.
    open: Vec<Operation>,
    /// What the rows may have held after the end before.
    states: BTreeSet<State>,
    /// The operations before it that share a row with it, in the order of their ends.
    before: Vec<Operation>,
}

/// Checks a history that began without any value.
pub(crate) fn check(operations: &[Operation]) -> Result<Checked, Box<Violation>> {
    let overlapping = explain(operations, [None; ROWS]).map_err(|unexplained| {
        use super::histories::search::Operation as _;
        let operation = operations[unexplained.operation].clone();
        let is_before = |other: &&Operation| other.ended < operation.ended && other.meets(&operation);
        let mut before: Vec<_> = operations.iter().filter(is_before).cloned().collect();
        before.sort_unstable_by_key(|operation| operation.ended);
        Box::new(Violation {
            open: unexplained.open.into_iter().map(|index| operations[index].clone()).collect(),
            states: unexplained.states.into_iter().collect(),
            operation,
            before,
        })
    })?;
    Ok(Checked { operations: operations.len(), overlapping })
}

impl Violation {
    /// The operation whose answers have no explanation.
    pub(crate) fn operation(&self) -> &Operation {
        &self.operation
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "no order of the operations explains this one:\n  {}", self.operation)?;
        writeln!(f, "values that the rows may have had before:")?;
        for state in &self.states {
            writeln!(f, "  {state:?}")?;
        }
        writeln!(f, "open as well:")?;
        for operation in &self.open {
            writeln!(f, "  {operation}")?;
        }
        writeln!(f, "the last that had ended on its rows:")?;
        for operation in self.before.iter().rev().take(20).rev() {
            writeln!(f, "  {operation}")?;
        }
        Ok(())
    }
}
