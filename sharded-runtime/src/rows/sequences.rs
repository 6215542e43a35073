//! Arrays, slices and vectors of rows.

use super::{
    arrangement::{Arrangement, Lockable, States},
    wanted::Wanted,
};
use crate::{
    bounds::Token,
    field::{commit::Phase, plan::Plan, row::End},
    lock::Lent,
};

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
    ($(($($generics:tt)*) $Type:ty, $Arrangement:ty, $States:ty, $begin:expr;)+) => {
        $(
            impl<$($generics)*> Lockable for $Type {
                type Arrangement = $Arrangement;
                type States = $States;

                #[inline]
                fn count(&self, _: Token) -> usize {
                    self.iter().map(|rows| rows.count(Token)).sum()
                }

                #[inline]
                fn places<'p>(&'p self, wanted: &mut Wanted<'p>) {
                    for rows in self.iter() {
                        rows.places(wanted);
                    }
                }

                #[inline]
                fn lock<T>(&self, row: usize, lent: &mut Lent<'_>, run: impl FnOnce(&mut Lent<'_>) -> T) -> T {
                    let (rows, row) = find(&self[..], row);
                    rows.lock(row, lent, run)
                }

                #[inline]
                fn lock_to_read<T>(&self, row: usize, lent: &mut Lent<'_>, run: impl FnOnce(&mut Lent<'_>) -> T) -> T {
                    let (rows, row) = find(&self[..], row);
                    rows.lock_to_read(row, lent, run)
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

sequences! {
    (R: Lockable, const N: usize) [R; N], [R::Arrangement; N], [R::States; N], |rows| rows.each_ref().map(|rows| rows.begin(Token));
    (R: Lockable) Vec<R>, Vec<R::Arrangement>, Vec<R::States>, |rows| rows.iter().map(|rows| rows.begin(Token)).collect();
    (R: Lockable, const N: usize) &[R; N], [R::Arrangement; N], [R::States; N], |rows| {
        rows.each_ref().map(|rows| rows.begin(Token))
    };
    (R: Lockable) &Vec<R>, Vec<R::Arrangement>, Vec<R::States>, |rows| {
        rows.iter().map(|rows| rows.begin(Token)).collect()
    };
    (R: Lockable) &[R], Vec<R::Arrangement>, Vec<R::States>, |rows| rows.iter().map(|rows| rows.begin(Token)).collect();
}

macro_rules! states {
    ($(($($generics:tt)*) $Type:ty, $Arrangement:ty, |$all:ident, $map:ident| $each:expr;)+) => {
        $(
            impl<$($generics)*> States for $Type {
                type Arrangement = $Arrangement;

                #[inline]
                fn look(&mut self, plan: &mut Plan, lent: &Lent<'_>) {
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

                #[inline]
                fn run(&mut self, phase: Phase, plan: &mut Plan, lent: &mut Lent<'_>) {
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

                #[inline]
                fn finish(&mut self, end: End, plan: &mut Plan) {
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
