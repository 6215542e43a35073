//! The checker, compared with trying every order of a few operations, and with histories written by hand.

use super::{
    checker::check,
    common::threads::Dice,
    histories::{
        brute_force::{is_explained, times},
        register::{Answer, Call, Number, apply},
    },
    transaction::{End, Kind, Operation, ROWS, Row, State, Step},
};

/// A few operations on three rows at random times. The answers are those of some order, or each row's are those of an
/// order of its own, or one of them is any answer.
fn few_operations(dice: &mut Dice) -> Vec<Operation> {
    let mut below = |bound: u64| u32::try_from(dice.below(bound)).expect("small");
    let count = 2 + below(5);
    let (is_atomic, is_changed) = (below(2) == 0, below(4) == 0);
    let times = times(count as usize, dice);
    let mut below = |bound: u64| u32::try_from(dice.below(bound)).expect("small");
    let mut operations = Vec::new();
    // When each step takes effect, its operation, and its number there.
    let mut moments = Vec::new();
    for (number, &(began, ended)) in (0..count).zip(&times) {
        let moment = |offset: u32| began + u64::from(offset) % (ended - began);
        let at_once = moment(below(1000));
        let steps: Vec<Step> = (0..=below(3))
            .map(|step| {
                let call = match below(8) {
                    0..4 => Call::Get,
                    4 | 5 => Call::Insert(16 * (number + 1) + step),
                    6 => Call::WithMut(1),
                    _ => Call::Remove,
                };
                Step { row: below(3) as usize, call }
            })
            .collect();
        for at in 0..steps.len() {
            moments.push((if is_atomic { at_once } else { moment(below(1000)) }, number as usize, at));
        }
        let end = if below(6) == 0 { End::Abort } else { End::Commit };
        let answers = vec![Answer::Is(false); steps.len()];
        operations.push(Operation { thread: number, kind: Kind::Transaction, steps, answers, end, began, ended });
    }
    moments.sort_unstable();
    let mut state: State = [None; ROWS];
    for (at, &(_, number, step)) in moments.iter().enumerate() {
        let operation: &mut Operation = &mut operations[number];
        let before = state;
        let Step { row, call } = operation.steps[step];
        (operation.answers[step], state[row]) = apply(call, before[row]);
        // An aborted operation is taken back after its last step, and a step that is not atomic right away.
        let is_last = moments.get(at + 1).is_none_or(|&(_, other, _)| other != number);
        if operation.end == End::Abort && (!is_atomic || is_last) {
            state = if is_atomic { before_abort(&operations[..], number, &state) } else { before };
        }
    }
    if is_changed {
        let number = below(count.into()) as usize;
        let step = below(operations[number].steps.len() as u64) as usize;
        operations[number].answers[step] =
            if below(3) == 0 { Answer::Value(None) } else { Answer::Value(Some(16 + below(100))) };
    }
    operations
}

/// The state before an operation's first step on each row, from the answers of its steps, all of which name the value
/// before them.
fn before_abort(operations: &[Operation], number: usize, state: &State) -> State {
    let Operation { steps, answers, .. } = &operations[number];
    let mut before = *state;
    for (step, answer) in steps.iter().zip(answers).rev() {
        let Answer::Value(value) = *answer else { unreachable!("every call here answers a value") };
        before[step.row] = value;
    }
    before
}

#[test]
fn the_checker_agrees_with_trying_every_order() {
    let mut dice = Dice::new(0);
    let (mut explained, mut unexplained) = (0, 0);
    for _ in 0..30_000 {
        let operations = few_operations(&mut dice);
        let is_explained = is_explained(&operations.iter().collect::<Vec<_>>(), &[None; ROWS]);
        assert_eq!(check(&operations).is_ok(), is_explained, "{operations:#?}");
        *(if is_explained { &mut explained } else { &mut unexplained }) += 1;
    }
    assert!(explained > 5000 && unexplained > 5000, "both must come: {explained}, {unexplained}");
}

/// A committed transaction of these calls and answers.
fn transaction(steps: &[(Row, Call, Option<Number>)], began: u64, ended: u64) -> Operation {
    Operation {
        thread: 0,
        kind: Kind::Transaction,
        steps: steps.iter().map(|&(row, call, _)| Step { row, call }).collect(),
        answers: steps.iter().map(|&(_, _, answer)| Answer::Value(answer)).collect(),
        end: End::Commit,
        began,
        ended,
    }
}

fn view(seen: &[(Row, Option<Number>)], began: u64, ended: u64) -> Operation {
    let steps: Vec<_> = seen.iter().map(|&(row, value)| (row, Call::Get, value)).collect();
    Operation { kind: Kind::View, ..transaction(&steps, began, ended) }
}

fn is_accepted(operations: &[Operation]) -> bool {
    check(operations).is_ok()
}

use Call::{Get, Insert, Remove};

#[test]
fn a_view_sees_all_of_a_commit_or_none() {
    let commit = transaction(&[(0, Insert(1), None), (1, Insert(2), None)], 0, 9);
    assert!(is_accepted(&[commit.clone(), view(&[(0, Some(1)), (1, Some(2))], 1, 8)]));
    assert!(is_accepted(&[commit.clone(), view(&[(0, None), (1, None)], 1, 8)]));
    assert!(!is_accepted(&[commit.clone(), view(&[(0, Some(1)), (1, None)], 1, 8)]));
    // Nor do single reads, one after the other.
    assert!(is_accepted(&[commit.clone(), view(&[(0, None)], 1, 3), view(&[(1, Some(2))], 4, 8)]));
    assert!(!is_accepted(&[commit, view(&[(0, Some(1))], 1, 3), view(&[(1, None)], 4, 8)]));
}

#[test]
fn a_stale_view_is_serializable_but_not_strictly() {
    let commit = transaction(&[(0, Insert(1), None), (1, Insert(2), None)], 0, 2);
    assert!(is_accepted(&[commit.clone(), view(&[(0, None), (1, None)], 1, 4)]));
    assert!(!is_accepted(&[commit, view(&[(0, None), (1, None)], 3, 4)]));
}

#[test]
fn two_transactions_do_not_both_act_on_what_the_other_changes() {
    let skew = |row, number, began, ended| {
        transaction(&[(0, Get, None), (1, Get, None), (row, Insert(number), None)], began, ended)
    };
    assert!(is_accepted(&[skew(0, 1, 0, 9)]));
    assert!(!is_accepted(&[skew(0, 1, 0, 9), skew(1, 2, 1, 8)]));
}

#[test]
fn two_views_see_two_commits_in_one_order() {
    let (first, second) = (transaction(&[(0, Insert(1), None)], 0, 20), transaction(&[(1, Insert(2), None)], 1, 19));
    let fork = |other: Option<Number>| {
        [
            first.clone(),
            second.clone(),
            view(&[(0, Some(1)), (1, None)], 2, 18),
            view(&[(0, other), (1, Some(2))], 3, 17),
        ]
    };
    assert!(is_accepted(&fork(Some(1))));
    assert!(!is_accepted(&fork(None)));
}

#[test]
fn nobody_sees_what_was_rolled_back() {
    let mut aborted = transaction(&[(0, Insert(1), None), (0, Get, Some(1)), (1, Remove, None)], 0, 9);
    assert!(is_accepted(&[aborted.clone(), view(&[(0, Some(1))], 1, 8)]));
    for end in [End::Abort, End::Panic] {
        aborted.end = end;
        assert!(is_accepted(&[aborted.clone(), view(&[(0, None)], 1, 8)]));
        assert!(!is_accepted(&[aborted.clone(), view(&[(0, Some(1))], 1, 8)]));
    }
    // What it read itself must be of one moment, too.
    aborted.answers[1] = Answer::Value(None);
    assert!(!is_accepted(&[aborted]));
}

#[test]
fn a_transaction_reads_what_it_wrote() {
    assert!(is_accepted(&[transaction(&[(0, Insert(1), None), (0, Get, Some(1))], 0, 1)]));
    assert!(!is_accepted(&[transaction(&[(0, Insert(1), None), (0, Get, None)], 0, 1)]));
}

#[test]
fn an_update_of_two_rows_is_not_lost() {
    let add = |a, b, began, ended| transaction(&[(0, Call::WithMut(1), a), (1, Call::WithMut(1), b)], began, ended);
    let start = transaction(&[(0, Insert(10), None), (1, Insert(20), None)], 0, 1);
    assert!(is_accepted(&[start.clone(), add(Some(10), Some(20), 2, 9), add(Some(11), Some(21), 3, 8)]));
    assert!(!is_accepted(&[start.clone(), add(Some(10), Some(21), 2, 9), add(Some(11), Some(20), 3, 8)]));
    assert!(!is_accepted(&[start, add(Some(10), Some(20), 2, 9), add(Some(10), Some(20), 3, 8)]));
}
