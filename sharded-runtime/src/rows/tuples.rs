//! Tuples of rows.

use super::{
    arrangement::{Arrangement, Lockable, States},
    wanted::Place,
};
use crate::{
    bounds::Token,
    field::{commit::Phase, plan::Plan, row::End},
    lock::Lent,
};

/// Implements what rows need for a tuple. Rows are numbered through, from the first element on.
macro_rules! tuples {
    ($($R:ident $element:tt)+) => {
        impl<$($R: Arrangement),+> Arrangement for ($($R,)+) {
            type Views<'t> = ($($R::Views<'t>,)+);
            type Refs<'t> = ($($R::Refs<'t>,)+);
            type Values = ($($R::Values,)+);
        }

        impl<$($R: Lockable),+> Lockable for ($($R,)+) {
            type Arrangement = ($($R::Arrangement,)+);
            type States = ($($R::States,)+);

            const COUNT: Option<usize> = sum(&[$($R::COUNT),+]);

            #[inline]
            fn count(&self, _: Token) -> usize {
                0 $(+ self.$element.count(Token))+
            }

            #[inline]
            fn place(&self, row: usize, _: Token) -> Place<'_> {
                tuples!(self, row, rows => rows.place(row, Token); $($element)+)
            }

            #[inline]
            fn lock<const TO_READ: bool, T>(
                &self,
                row: usize,
                lent: &mut Lent<'_>,
                run: impl FnOnce(&mut Lent<'_>) -> T,
            ) -> T {
                tuples!(self, row, rows => rows.lock::<TO_READ, T>(row, lent, run); $($element)+)
            }

            #[inline]
            fn begin(&self, _: Token) -> Self::States {
                ($(self.$element.begin(Token),)+)
            }
        }

        impl<$($R: States),+> States for ($($R,)+) {
            type Arrangement = ($($R::Arrangement,)+);

            #[inline]
            fn look(&mut self, plan: &mut Plan<'_>, lent: &Lent<'_>) {
                $(self.$element.look(plan, lent);)+
            }

            #[inline]
            fn views<'t>(&'t mut self, lent: &'t Lent<'_>) -> <Self::Arrangement as Arrangement>::Views<'t> {
                ($(self.$element.views(lent),)+)
            }

            #[inline]
            fn refs<'t>(&'t mut self, lent: &'t Lent<'_>) -> <Self::Arrangement as Arrangement>::Refs<'t> {
                ($(self.$element.refs(lent),)+)
            }

            #[inline(always)]
            #[allow(clippy::inline_always, reason = "as for one row")]
            fn run(&mut self, phase: Phase, plan: &mut Plan<'_>, lent: &mut Lent<'_>) {
                $(self.$element.run(phase, plan, lent);)+
            }

            #[inline]
            fn note_reads(&mut self, lent: &mut Lent<'_>) {
                $(self.$element.note_reads(lent);)+
            }

            fn values(&mut self) -> <Self::Arrangement as Arrangement>::Values {
                ($(self.$element.values(),)+)
            }

            #[inline(always)]
            #[allow(clippy::inline_always, reason = "as `run`")]
            fn finish(&mut self, end: End, plan: &mut Plan<'_>) {
                $(self.$element.finish(end, plan);)+
            }
        }
    };
    // Calls something on the element that has a row, by the number that the row has there.
    ($tuple:expr, $row:ident, $rows:ident => $call:expr; $($element:tt)+) => {{
        let mut left = $row;
        $(
            let $rows = &$tuple.$element;
            let count = $rows.count(Token);
            if left < count {
                let $row = left;
                return $call;
            }
            left -= count;
        )+
        unreachable!("row {} of a smaller tuple", left + $row)
    }};
}

/// The sum of counts, if all are known.
const fn sum(mut counts: &[Option<usize>]) -> Option<usize> {
    let mut sum = 0;
    while let [first, rest @ ..] = counts {
        let Some(count) = first else { return None };
        (sum, counts) = (sum + *count, rest);
    }
    Some(sum)
}

tuples!(A 0);
tuples!(A 0 B 1);
tuples!(A 0 B 1 C 2);
tuples!(A 0 B 1 C 2 D 3);
tuples!(A 0 B 1 C 2 D 3 E 4);
tuples!(A 0 B 1 C 2 D 3 E 4 F 5);
tuples!(A 0 B 1 C 2 D 3 E 4 F 5 G 6);
tuples!(A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7);
tuples!(A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8);
tuples!(A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9);
tuples!(A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 L 10);
tuples!(A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 L 10 M 11);
