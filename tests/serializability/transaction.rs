//! Operations on several rows: what they do, what they answered and when, and what they make of the state.

use super::histories::{
    register::{Answer, Call, Number, apply},
    search,
};
use std::fmt;

/// How many rows there are, over all maps. All of them are used all the time.
pub(crate) const ROWS: usize = 8;

/// The number of a row, below [`ROWS`]. A subject says which key of which map it is.
pub(crate) type Row = usize;

/// The values of all rows.
pub(crate) type State = [Option<Number>; ROWS];

/// A call on one row. Its meaning inside a transaction is that of the single call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) row: Row,
    pub(crate) call: Call,
}

/// How an operation is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// One call of a map, without a transaction.
    Single,
    Transaction,
    /// A read-only view of several rows.
    View,
    /// A lookup in an index of the rows that may have an index key.
    Find,
}

/// How the closure of a transaction ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Commit,
    /// It returns an error, or a map has no room for the changes.
    Abort,
    Panic,
}

/// An operation that has been made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Operation {
    pub(crate) thread: u32,
    pub(crate) kind: Kind,
    pub(crate) steps: Vec<Step>,
    /// What each step answered. Those of an aborted transaction count as well.
    pub(crate) answers: Vec<Answer>,
    pub(crate) end: End,
    pub(crate) began: u64,
    pub(crate) ended: u64,
}

impl search::Operation for Operation {
    type State = State;

    fn began(&self) -> u64 {
        self.began
    }
    fn ended(&self) -> u64 {
        self.ended
    }
    fn after(&self, before: &State) -> Option<State> {
        let mut state = *before;
        for (step, answer) in self.steps.iter().zip(&self.answers) {
            let (explained, left) = apply(step.call, state[step.row]);
            if explained != *answer {
                return None;
            }
            state[step.row] = left;
        }
        Some(if self.end == End::Commit { state } else { *before })
    }
    fn is_read(&self) -> bool {
        self.end != End::Commit || self.steps.iter().all(|step| step.call.is_read())
    }
    fn meets(&self, other: &Self) -> bool {
        self.steps.iter().any(|step| other.steps.iter().any(|others| others.row == step.row))
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Operation { thread, kind, steps, answers, end, began, ended } = self;
        write!(f, "{began:>6} to {ended:>6}, thread {thread}, {kind:?} {end:?}:")?;
        for (Step { row, call }, answer) in steps.iter().zip(answers) {
            write!(f, " row {row} {call:?} -> {answer:?};")?;
        }
        Ok(())
    }
}
