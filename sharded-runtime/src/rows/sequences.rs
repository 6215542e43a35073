//! Arrays, slices and vectors of rows.

use super::{
    access::Access,
    arrangement::{Arrangement, Copies, Lockable, NoRow, SingleRow, States, Views},
    error::TransactionError,
    pair::{self, TwoRows},
    staged, unlocked,
    wanted::Place,
};
use crate::{
    bounds::Token,
    clock::Readings,
    field::{commit::Phase, plan::Plan, row::End, row_copy::Step},
    lock::Lent,
};
use std::{array, panic::Location};

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

/// Two rows in an array go the short way.
macro_rules! two_of_array {
    ($R:ident $N:ident) => {
        #[inline]
        fn transact<T, E>(
            &self,
            change: impl for<'t> FnOnce(&mut [Views<'t, $R>; $N]) -> Result<T, E>,
            at: &'static Location<'static>,
            _: Token,
        ) -> Result<T, TransactionError<E, <Self::Arrangement as Arrangement>::Values>> {
            if $N == 2
                && $R::Single::IS_PLAIN
                && let (Some(a), Some(b)) = (self[0].single(Token), self[1].single(Token))
            {
                return pair::change_two::<Self, _, _, T, E>((*a, *b), change, at);
            }
            staged::transact_any(self, change, at)
        }
    };
}

macro_rules! two_rows {
    ($($Type:ty),+) => {
        $(
            impl<R: Lockable, const N: usize> TwoRows<R::Single, R::Single> for $Type {
                #[inline]
                fn views<'t>(a: Views<'t, R>, b: Views<'t, R>) -> Views<'t, Self> {
                    array_of(a, b)
                }

                #[inline]
                fn states(a: R::States, b: R::States) -> Self::States {
                    array_of(a, b)
                }
            }
        )+
    };
}
two_rows!([R; N], &[R; N]);

/// Two elements, as an array whose length the caller knows to be two.
#[inline]
fn array_of<T, const N: usize>(a: T, b: T) -> [T; N] {
    let (mut a, mut b) = (Some(a), Some(b));
    array::from_fn(|index| if index == 0 { a.take() } else { b.take() }.expect("there are two"))
}

macro_rules! sequences {
    ($(
        ($($generics:tt)*) $Type:ty, $Arrangement:ty, $States:ty, $Copies:ty, $COUNT:expr, |$rows:ident, $of_one:ident|
        $each:expr $(, $access:ident)?;
    )+) => {
        $(
            impl<$($generics)*> Lockable for $Type {
                type Arrangement = $Arrangement;
                type States = $States;
                type Single = NoRow<$Arrangement, $States>;
                type Copies = $Copies;
                // Each of them has a place on the stack before it lies in a vector.
                const CAN_COPY: bool = R::CAN_COPY && size_of::<R::Copies>() <= unlocked::LARGE;
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
                    let ($rows, $of_one) = (self, |rows: &R| rows.begin(Token));
                    $each
                }

                #[inline]
                fn copies(&self, _: Token) -> Self::Copies {
                    let ($rows, $of_one) = (self, |rows: &R| rows.copies(Token));
                    $each
                }
            }

            impl<$($generics)*> Access for $Type {
                $($access!(R N);)?
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
    (R: Lockable, const N: usize)
        [R; N], [R::Arrangement; N], [R::States; N], [R::Copies; N], times(R::COUNT, N),
        |rows, of_one| rows.each_ref().map(of_one), two_of_array;
    (R: Lockable, const N: usize)
        &[R; N], [R::Arrangement; N], [R::States; N], [R::Copies; N], times(R::COUNT, N),
        |rows, of_one| rows.each_ref().map(of_one), two_of_array;
    (R: Lockable)
        Vec<R>, Vec<R::Arrangement>, Vec<R::States>, Vec<R::Copies>, None,
        |rows, of_one| rows.iter().map(of_one).collect();
    (R: Lockable)
        &Vec<R>, Vec<R::Arrangement>, Vec<R::States>, Vec<R::Copies>, None,
        |rows, of_one| rows.iter().map(of_one).collect();
    (R: Lockable)
        &[R], Vec<R::Arrangement>, Vec<R::States>, Vec<R::Copies>, None,
        |rows, of_one| rows.iter().map(of_one).collect();
}

macro_rules! copies {
    ($(($($generics:tt)*) $Type:ty, $Arrangement:ty, |$all:ident| $refs:expr;)+) => {
        $(
            impl<$($generics)*> Copies for $Type {
                type Arrangement = $Arrangement;

                #[inline]
                fn attempt(&mut self, step: Step) -> bool {
                    self.iter_mut().all(|rows| rows.attempt(step))
                }

                #[inline]
                fn look_at_clocks(&mut self, read: &mut Readings) {
                    for rows in self {
                        rows.look_at_clocks(read);
                    }
                }

                #[inline]
                fn refs(&self) -> <Self::Arrangement as Arrangement>::Refs<'_> {
                    let $all = self;
                    $refs
                }

                #[inline]
                fn note_reads(&self) {
                    self.iter().for_each(R::note_reads);
                }
            }
        )+
    };
}

copies! {
    (R: Copies, const N: usize) [R; N], [R::Arrangement; N], |all| all.each_ref().map(R::refs);
    (R: Copies) Vec<R>, Vec<R::Arrangement>, |all| all.iter().map(R::refs).collect();
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
