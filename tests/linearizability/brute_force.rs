//! The checker, compared with trying every order of a few calls, and with histories written by hand.

use super::{
    checker::check,
    common::threads::Dice,
    histories::{
        brute_force::{is_explained, times},
        register::{Answer, Call, Decision, apply},
    },
    history::Operation,
};

/// A few calls on one key at random times, each with the answer that it has in some order, most of the time.
fn few_calls(dice: &mut Dice) -> Vec<Operation> {
    let count = 1 + u32::try_from(dice.below(7)).expect("small");
    let times = times(count as usize, dice);
    let mut below = |bound: u64| u32::try_from(dice.below(bound)).expect("small");
    let mut calls: Vec<Operation> = (0..count)
        .map(|thread| {
            let number = 2 * (thread + 1) + below(2);
            let call = match below(11) {
                0 | 1 => Call::Get,
                2 => Call::Contains,
                3 => Call::Insert(number),
                4 => Call::InsertIfAbsent(number),
                5 => Call::GetOrInsert(number),
                6 => Call::Upsert(number, 1),
                7 => Call::WithMut(1),
                8 => Call::Compute(Decision::Remove, 0),
                9 => Call::Remove,
                _ => Call::RemoveIf,
            };
            let (began, ended) = times[thread as usize];
            Operation { thread, key: 0, call, answer: Answer::Is(false), began, ended }
        })
        .collect();
    // Each takes effect somewhere in its time.
    let mut order: Vec<(u64, usize)> = calls
        .iter()
        .enumerate()
        .map(|(at, call)| (u64::from(below(call.ended - call.began)) + call.began, at))
        .collect();
    order.sort_unstable();
    let mut value = None;
    for (_, at) in order {
        (calls[at].answer, value) = apply(calls[at].call, value);
    }
    // Any answer in place of one, or none.
    if below(2) == 0 {
        let at = below(count.into()) as usize;
        calls[at].answer = match calls[at].answer {
            Answer::Is(is) => Answer::Is(!is),
            _ if below(3) == 0 => Answer::Value(None),
            _ => Answer::Value(Some(2 + below(16))),
        };
    }
    calls
}

#[test]
fn the_checker_agrees_with_trying_every_order() {
    let mut dice = Dice::new(0);
    let (mut explained, mut unexplained) = (0, 0);
    for _ in 0..30_000 {
        let calls = few_calls(&mut dice);
        let is_explained = is_explained(&calls.iter().collect::<Vec<_>>(), &None);
        assert_eq!(check(&calls).is_ok(), is_explained, "{calls:#?}");
        *(if is_explained { &mut explained } else { &mut unexplained }) += 1;
    }
    assert!(explained > 5000 && unexplained > 5000, "both must come: {explained}, {unexplained}");
}

/// Calls with their answers and times, on one key.
fn is_accepted(calls: &[(Call, Answer, u64, u64)]) -> bool {
    let operation = |(thread, &(call, answer, began, ended)): (usize, &(Call, Answer, u64, u64))| Operation {
        thread: u32::try_from(thread).expect("few"),
        key: 7,
        call,
        answer,
        began,
        ended,
    };
    check(&calls.iter().enumerate().map(operation).collect::<Vec<_>>()).is_ok()
}

#[test]
fn a_read_that_overlaps_a_write_may_see_either() {
    let write = (Call::Insert(1), Answer::Value(None), 0, 10);
    let read = |seen, began, ended| (Call::Get, Answer::Value(seen), began, ended);
    assert!(is_accepted(&[write, read(Some(1), 1, 9), read(None, 2, 8)]));
    // But not the old value after someone has seen the new one.
    assert!(!is_accepted(&[write, read(Some(1), 1, 3), read(None, 4, 6)]));
    assert!(!is_accepted(&[write, read(None, 11, 12)]));
    assert!(!is_accepted(&[write, read(Some(2), 1, 9)]));
}

#[test]
fn a_value_is_removed_once() {
    let write = (Call::Insert(1), Answer::Value(None), 0, 1);
    let remove = |seen, began, ended| (Call::Remove, Answer::Value(seen), began, ended);
    assert!(is_accepted(&[write, remove(Some(1), 2, 9), remove(None, 3, 8)]));
    assert!(!is_accepted(&[write, remove(Some(1), 2, 9), remove(Some(1), 3, 8)]));
    assert!(!is_accepted(&[write, remove(Some(1), 2, 3), (Call::Contains, Answer::Is(true), 4, 5)]));
}

#[test]
fn an_increment_is_not_lost() {
    let add = |before, began, ended| (Call::Upsert(1, 1), Answer::Value(before), began, ended);
    assert!(is_accepted(&[add(None, 0, 9), add(Some(1), 1, 8), add(Some(2), 2, 7)]));
    assert!(!is_accepted(&[add(None, 0, 9), add(Some(1), 1, 8), add(Some(1), 2, 7)]));
}

#[test]
fn a_torn_value_is_never_right() {
    let write = (Call::Insert(1), Answer::Value(None), 0, 9);
    assert!(!is_accepted(&[write, (Call::Get, Answer::Wrong("torn"), 1, 8)]));
}
