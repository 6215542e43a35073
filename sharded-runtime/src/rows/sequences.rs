//! Arrays, slices and vectors of rows.

use super::{
    arrangement::{Arrangement, Lockable, States},
    wanted::Place,
};
use crate::{
    bounds::Token,
    field::{commit::Phase, plan::Plan, row::End},
    lock::Lent,
};
use std::array;

impl<A: Arrangement, const N: usize> Arrangement for [A; N] {
    type Views<'t> = [A::Views<'t>; N];
    type Refs<'t> = [A::Refs<'t>; N];
    type Values = [A::Values; N];
}

impl<T: Arrangement> Arrangement for Vec<T> {
    type Views<'t> = Vec<T::Views<'t>>;
    type Refs<'t> = Vec<T::Refs<'t>>;
    type Values = Vec<T::Values>;
}

/// The element that has a row, and the number that the row has there.
#[inline]
fn find<R: Lockable>(all: &[R], mut row: usize) -> (&R, usize) {
    if let Some(count @ 1..) = R::COUNT {
        return (&all[row / count], row % count);
    }
    for rows in all {
        let count = rows.count(Token);
        if row < count {
            return (rows, row);
        }
        row -= count;
    }
    unreachable!("row {row} of a shorter sequence")
}

macro_rules! sequences {
    ($(($($generics:tt)*) $Type:ty, $Arrangement:ty, $States:ty, $COUNT:expr, $begin:expr;)+) => {
        $(
            impl<$($generics)*> Lockable for $Type {
                type Arrangement = $Arrangement;
                type States = $States;
                const COUNT: Option<usize> = $COUNT;

                #[inline]
                fn count(&self, _: Token) -> usize {
                    self.iter().map(|rows| rows.count(Token)).sum()
                }

                #[inline]
                fn place(&self, row: usize, _: Token) -> Place<'_> {
                    let (rows, row) = find(&self[..], row);
                    rows.place(row, Token)
                }

                #[inline]
                fn lock<const TO_READ: bool, T>(
                    &self,
                    row: usize,
                    lent: &mut Lent<'_>,
                    run: impl FnOnce(&mut Lent<'_>) -> T,
                ) -> T {
                    let (rows, row) = find(&self[..], row);
                    rows.lock::<TO_READ, T>(row, lent, run)
                }

                #[inline]
                fn begin(&self, _: Token) -> Self::States {
                    let begin: fn(&Self) -> Self::States = $begin;
                    begin(self)
                }
            }
        )+
    };
}

/// The count of an array of so many elements that have this count each, if it is known.
const fn times(count: Option<usize>, elements: usize) -> Option<usize> {
    match count {
        Some(count) => Some(count * elements),
        None => None,
    }
}

sequences! {
    (R: Lockable, const N: usize) [R; N], [R::Arrangement; N], [R::States; N], times(R::COUNT, N), |rows| {
        array::from_fn(|row| rows[row].begin(Token))
    };
    (R: Lockable, const N: usize) &[R; N], [R::Arrangement; N], [R::States; N], times(R::COUNT, N), |rows| {
        array::from_fn(|row| rows[row].begin(Token))
    };
    (R: Lockable) Vec<R>, Vec<R::Arrangement>, Vec<R::States>, None, |rows| {
        rows.iter().map(|rows| rows.begin(Token)).collect()
    };
    (R: Lockable) &Vec<R>, Vec<R::Arrangement>, Vec<R::States>, None, |rows| {
        rows.iter().map(|rows| rows.begin(Token)).collect()
    };
    (R: Lockable) &[R], Vec<R::Arrangement>, Vec<R::States>, None, |rows| {
        rows.iter().map(|rows| rows.begin(Token)).collect()
    };
}

macro_rules! states {
    ($(($($generics:tt)*) $Type:ty, $Arrangement:ty, |$all:ident, $map:ident| $each:expr;)+) => {
        $(
            impl<$($generics)*> States for $Type {
                type Arrangement = $Arrangement;

                #[inline]
                fn look(&mut self, plan: &mut Plan<'_>, lent: &Lent<'_>) {
                    for rows in self {
                        rows.look(plan, lent);
                    }
                }

                #[inline]
                fn views<'t>(&'t mut self, lent: &'t Lent<'_>) -> <Self::Arrangement as Arrangement>::Views<'t> {
                    let $all = self;
                    let $map = |rows: &'t mut R| rows.views(lent);
                    $each
                }

                #[inline]
                fn refs<'t>(&'t mut self, lent: &'t Lent<'_>) -> <Self::Arrangement as Arrangement>::Refs<'t> {
                    let $all = self;
                    let $map = |rows: &'t mut R| rows.refs(lent);
                    $each
                }

                #[inline(always)]
                #[allow(clippy::inline_always, reason = "as for one row")]
                fn run(&mut self, phase: Phase, plan: &mut Plan<'_>, lent: &mut Lent<'_>) {
                    for rows in self {
                        rows.run(phase, plan, lent);
                    }
                }

                #[inline]
                fn note_reads(&mut self, lent: &mut Lent<'_>) {
                    for rows in self {
                        rows.note_reads(lent);
                    }
                }

                fn values(&mut self) -> <Self::Arrangement as Arrangement>::Values {
                    let $all = self;
                    let $map = R::values;
                    $each
                }

                #[inline(always)]
                #[allow(clippy::inline_always, reason = "as `run`")]
                fn finish(&mut self, end: End, plan: &mut Plan<'_>) {
                    for rows in self {
                        rows.finish(end, plan);
                    }
                }
            }
        )+
    };
}

states! {
    (R: States, const N: usize) [R; N], [R::Arrangement; N], |all, map| all.each_mut().map(map);
    (R: States) Vec<R>, Vec<R::Arrangement>, |all, map| all.iter_mut().map(map).collect();
}
