//! One key of a map as a register: the answer and the effect of each call.

/// What values carry. Every write of a history has a number of its own.
pub(crate) type Number = u32;

/// A call, as far as it concerns one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    Get,
    With,
    Contains,
    /// One key of many, each of which is read by itself.
    GetMany,
    /// What a visit of all entries shows of the key.
    Walk,
    /// A lookup in an index by the key and by whether the number is even, as it is here.
    Find(bool),
    Insert(Number),
    InsertIfAbsent(Number),
    GetOrInsert(Number),
    /// Adds the second number, or stores the first.
    Upsert(Number, Number),
    /// Adds the number.
    WithMut(Number),
    Compute(Decision, Number),
    Remove,
    /// Stores the number and answers nothing.
    Put(Number),
    /// Removes the value and answers whether there was one.
    Delete,
    /// Removes an even number.
    RemoveIf,
    /// What taking out all entries has taken of the key.
    Drain,
}

impl Call {
    /// Whether it changes no value.
    pub(crate) fn is_read(self) -> bool {
        use Call::{Compute, Contains, Find, Get, GetMany, Walk, With};
        matches!(self, Get | With | Contains | GetMany | Walk | Find(_) | Compute(Decision::Keep, _))
    }
}

/// What the closure of `compute` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    Keep,
    AddAndKeep,
    Put,
    Remove,
}

/// What a call has returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Value(Option<Number>),
    Is(bool),
    /// Nothing is said of what was there.
    Done,
    /// Answers that no map may ever give.
    Wrong(&'static str),
}

/// What a call answers when the key has this value, and the value that it leaves.
pub(crate) fn apply(call: Call, before: Option<Number>) -> (Answer, Option<Number>) {
    let value = Answer::Value(before);
    let plus = |by| before.map(|number| add(number, by));
    match call {
        Call::Contains => (Answer::Is(before.is_some()), before),
        Call::Get | Call::With | Call::GetMany | Call::Walk | Call::Compute(Decision::Keep, _) => (value, before),
        Call::Find(is_even) => (Answer::Value(before.filter(|number| number.is_multiple_of(2) == is_even)), before),
        Call::Insert(number) | Call::Compute(Decision::Put, number) => (value, Some(number)),
        Call::InsertIfAbsent(number) => (Answer::Is(before.is_none()), before.or(Some(number))),
        Call::GetOrInsert(number) => (Answer::Value(before.or(Some(number))), before.or(Some(number))),
        Call::Upsert(number, by) => (value, plus(by).or(Some(number))),
        Call::WithMut(by) | Call::Compute(Decision::AddAndKeep, by) => (value, plus(by)),
        Call::Remove | Call::Drain | Call::Compute(Decision::Remove, _) => (value, None),
        Call::Put(number) => (Answer::Done, Some(number)),
        Call::Delete => (Answer::Is(before.is_some()), None),
        Call::RemoveIf => match before {
            Some(number) if is_removable(number) => (value, None),
            _ => (Answer::Value(None), before),
        },
    }
}

/// The increment of a change in place.
pub(crate) fn add(number: Number, by: Number) -> Number {
    number.wrapping_add(by)
}

/// The condition of [`Call::RemoveIf`].
pub(crate) fn is_removable(number: Number) -> bool {
    number.is_multiple_of(2)
}
