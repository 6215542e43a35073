//! Tuples of rows.

use super::{
    access::Access,
    arrangement::{Arrangement, Copies, Lockable, NoRow, SingleRow, States, Views},
    error::TransactionError,
    pair::{self, TwoRows},
    staged,
    wanted::Place,
};
use crate::{
    bounds::Token,
    clock::Readings,
    field::{commit::Phase, plan::Plan, row::End, row_copy::Step},
    lock::Lent,
};
use std::panic::Location;

/// Implements what rows need for a tuple. Rows are numbered through, from the first element on.
macro_rules! tuples {
    ($($R:ident $element:tt)+ $({ $($access:tt)* })?) => {
        impl<$($R: Arrangement),+> Arrangement for ($($R,)+) {
            type Views<'t> = ($($R::Views<'t>,)+);
            type Refs<'t> = ($($R::Refs<'t>,)+);
            type Values = ($($R::Values,)+);
        }

        impl<$($R: Lockable),+> Lockable for ($($R,)+) {
            type Arrangement = ($($R::Arrangement,)+);
            type States = ($($R::States,)+);
            type Single = NoRow<Self::Arrangement, Self::States>;

            type Copies = ($($R::Copies,)+);

            const CAN_COPY: bool = true $(&& $R::CAN_COPY)+;
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

            #[inline]
            fn copies(&self, _: Token) -> Self::Copies {
                ($(self.$element.copies(Token),)+)
            }
        }

        impl<$($R: Lockable),+> Access for ($($R,)+) {
            $($($access)*)?
        }

        impl<$($R: Copies),+> Copies for ($($R,)+) {
            type Arrangement = ($($R::Arrangement,)+);

            #[inline]
            fn attempt(&mut self, step: Step) -> bool {
                true $(&& self.$element.attempt(step))+
            }

            #[inline]
            fn look_at_clocks(&mut self, read: &mut Readings) {
                $(self.$element.look_at_clocks(read);)+
            }

            #[inline]
            fn refs(&self) -> <Self::Arrangement as Arrangement>::Refs<'_> {
                ($(self.$element.refs(),)+)
            }

            #[inline]
            fn note_reads(&self) {
                $(self.$element.note_reads();)+
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
tuples!(A 0 B 1 {
    #[inline]
    fn transact<T, E>(
        &self,
        change: impl for<'t> FnOnce(&mut (Views<'t, A>, Views<'t, B>)) -> Result<T, E>,
        at: &'static Location<'static>,
        _: Token,
    ) -> Result<T, TransactionError<E, <Self::Arrangement as Arrangement>::Values>> {
        if A::Single::IS_PLAIN
            && B::Single::IS_PLAIN
            && let (Some(a), Some(b)) = (self.0.single(Token), self.1.single(Token))
        {
            return pair::change_two::<Self, _, _, T, E>((*a, *b), change, at);
        }
        staged::transact_any(self, change, at)
    }
});
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

impl<A: Lockable, B: Lockable> TwoRows<A::Single, B::Single> for (A, B) {
    #[inline]
    fn views<'t>(a: Views<'t, A>, b: Views<'t, B>) -> Views<'t, Self> {
        (a, b)
    }

    #[inline]
    fn states(a: A::States, b: B::States) -> Self::States {
        (a, b)
    }
}
