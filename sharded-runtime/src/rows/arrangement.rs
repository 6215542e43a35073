//! What rows are made of: one row, or a tuple, an array or a vector of rows.

#![allow(unreachable_pub, reason = "in a public trait that only this crate can implement")]

use super::wanted::{Place, Spot};
use crate::{
    bounds::Token,
    clock::Readings,
    engine::table::Slot,
    field::{commit::Phase, direct::RowShard, plan::Plan, row::End, row_copy::Step, types::UsableTypes},
    lock::Lent,
};
use std::{convert::Infallible, marker::PhantomData};

/// What a transaction asks of its rows. Only this crate can call it: each method takes something that only this crate
/// has.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a row, nor rows",
    label = "not rows of maps",
    note = "a row is what `map.row(&key)` returns; rows are a tuple of up to 12 of them, an array, a slice or a `Vec`"
)]
pub trait Lockable {
    type Arrangement: Arrangement;
    type States: States<Arrangement = Self::Arrangement>;
    /// The row, where it is one by itself.
    type Single: SingleRow<Arrangement = Self::Arrangement, States = Self::States>;

    type Copies: Copies<Arrangement = Self::Arrangement>;

    /// Whether all rows can be read without a lock.
    const CAN_COPY: bool;
    /// How many rows there are, if that is known at compile time.
    const COUNT: Option<usize>;

    /// How many rows there are.
    fn count(&self, token: Token) -> usize;
    /// Where a row is, without its number.
    fn place(&self, row: usize, token: Token) -> Place<'_>;
    /// Locks the shard of a row, for reading or for changing.
    fn lock<const TO_READ: bool, T>(&self, row: usize, lent: &mut Lent<'_>, run: impl FnOnce(&mut Lent<'_>) -> T) -> T;
    /// The rows before they are looked up.
    fn begin(&self, token: Token) -> Self::States;

    /// The rows before they are read without a lock.
    fn copies(&self, token: Token) -> Self::Copies;

    /// The row, if it is one by itself.
    #[inline]
    fn single(&self, _: Token) -> Option<&Self::Single> {
        None
    }
}

/// A row by itself, neither in a tuple nor in an array.
pub trait SingleRow: Copy {
    type Arrangement: Arrangement;
    type States: States<Arrangement = Self::Arrangement>;
    type Value;
    type Table: 'static;
    /// A shard, before its lock is taken.
    type Shard<'s>: Copy
    where
        Self: 's;
    /// A search for an entry that has begun.
    type Search<'t>;
    /// An entry that is lent for changing.
    type Entry<'t>;
    type Staged;

    /// Whether nothing may be refused: see `field/direct.rs`.
    const IS_PLAIN: bool;

    /// Whether the drop of what is staged does anything.
    const OWNS: bool;

    /// Where the row is, and its shard.
    fn locate(&self, token: Token) -> (Spot<'_>, Self::Shard<'_>);
    /// Where the row is, with its key. Only where that is needed: it has the address of the row, which then lies in
    /// memory.
    fn place_at<'s>(&'s self, spot: Spot<'s>, token: Token) -> Place<'s>;
    /// Nothing is staged yet.
    fn stage(&self, token: Token) -> Self::Staged;
    /// Locks the shard for changing. The order is the caller's.
    fn hold<'s, T>(shard: Self::Shard<'s>, run: impl FnOnce(&mut Self::Table) -> T, token: Token) -> T
    where
        Self: 's;
    /// A shard of another row, if it has the type of those of this row.
    fn like<'s, B: SingleRow + 's>(shard: B::Shard<'s>, token: Token) -> Option<Self::Shard<'s>>
    where
        Self: 's;
    /// The shard, if it has the type of shards of this field.
    fn shard_of<'s, F: UsableTypes>(shard: Self::Shard<'s>) -> Option<RowShard<'s, F>>
    where
        Self: 's;
    /// Begins a search for the entry, where the other row is in another table: has the processor fetch what it reads.
    fn begin_search<'t>(&self, table: &'t mut Self::Table) -> Self::Search<'t>;
    /// Finds the entry.
    fn end_search<'t>(&self, search: Self::Search<'t>) -> Option<Self::Entry<'t>>;
    /// The value of an entry.
    fn value<'e>(entry: &'e Self::Entry<'_>) -> &'e Self::Value;
    /// Finds the entry in a table of both rows, and notes its slot.
    fn look<'t>(&self, table: &'t Self::Table, staged: &mut Self::Staged) -> Option<&'t Self::Value>;
    /// What the closure gets, with the present value.
    fn view<'t>(
        &'t self,
        present: Option<&'t Self::Value>,
        staged: &'t mut Self::Staged,
    ) -> <Self::Arrangement as Arrangement>::Views<'t>;
    /// Whether the change replaces a value, or there is none.
    fn is_in_place(&self, staged: &Self::Staged, is_there: bool) -> bool;
    /// Exchanges the value of the entry for the one that is staged, if there is one and the transaction commits.
    fn exchange(entry: Option<Self::Entry<'_>>, staged: &mut Self::Staged, commits: bool);
    /// Counts a use of the entry and the change, which is in place, if the transaction commits. Makes the change if the
    /// slot of the entry was noted.
    fn end<'s>(
        shard: Self::Shard<'s>,
        table: &mut Self::Table,
        staged: &mut Self::Staged,
        is_there: bool,
        commits: bool,
        token: Token,
    ) where
        Self: 's;
    /// The slot of the entry, if it was noted.
    fn slot(staged: &Self::Staged) -> Option<Slot>;
    /// The row with what is staged, to be looked up.
    fn state(&self, staged: Self::Staged) -> Self::States;
}

/// What the closure of a transaction is lent for such rows.
pub(super) type Views<'t, R> = <<R as Lockable>::Arrangement as Arrangement>::Views<'t>;

/// In place of a row by itself, where there is none.
#[derive(Debug)]
pub struct NoRow<A, S>(Infallible, PhantomData<(A, S)>);

impl<A, S> Clone for NoRow<A, S> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<A, S> Copy for NoRow<A, S> {}

impl<A: Arrangement, S: States<Arrangement = A>> SingleRow for NoRow<A, S> {
    type Arrangement = A;
    type States = S;
    type Value = ();
    type Table = ();
    type Shard<'s>
        = Infallible
    where
        Self: 's;
    type Search<'t> = Infallible;
    type Entry<'t> = Infallible;
    type Staged = ();

    const IS_PLAIN: bool = false;
    const OWNS: bool = false;

    fn locate(&self, _: Token) -> (Spot<'_>, Infallible) {
        match self.0 {}
    }
    fn place_at<'s>(&'s self, _: Spot<'s>, _: Token) -> Place<'s> {
        match self.0 {}
    }
    fn stage(&self, _: Token) {
        match self.0 {}
    }
    fn hold<'s, T>(shard: Infallible, _: impl FnOnce(&mut ()) -> T, _: Token) -> T
    where
        Self: 's,
    {
        match shard {}
    }
    fn like<'s, B: SingleRow + 's>(_: B::Shard<'s>, _: Token) -> Option<Infallible>
    where
        Self: 's,
    {
        None
    }
    fn shard_of<'s, F: UsableTypes>(shard: Infallible) -> Option<RowShard<'s, F>>
    where
        Self: 's,
    {
        match shard {}
    }
    fn begin_search<'t>(&self, (): &'t mut Self::Table) -> Self::Search<'t> {
        match self.0 {}
    }
    fn end_search<'t>(&self, search: Self::Search<'t>) -> Option<Self::Entry<'t>> {
        match search {}
    }
    fn value(entry: &Infallible) -> &() {
        match *entry {}
    }
    fn look<'t>(&self, (): &'t (), (): &mut ()) -> Option<&'t ()> {
        None
    }
    fn view<'t>(&'t self, _: Option<&'t ()>, (): &'t mut ()) -> A::Views<'t> {
        match self.0 {}
    }
    fn is_in_place(&self, (): &(), _: bool) -> bool {
        match self.0 {}
    }
    fn exchange(_: Option<Infallible>, (): &mut (), _: bool) {}
    fn end<'s>(shard: Infallible, (): &mut (), (): &mut (), _: bool, _: bool, _: Token)
    where
        Self: 's,
    {
        match shard {}
    }
    fn slot((): &()) -> Option<Slot> {
        None
    }
    fn state(&self, (): ()) -> S {
        match self.0 {}
    }
}

/// The rows while their shards are locked.
pub trait States {
    type Arrangement: Arrangement;

    fn look(&mut self, plan: &mut Plan<'_>, lent: &Lent<'_>);
    fn views<'t>(&'t mut self, lent: &'t Lent<'_>) -> <Self::Arrangement as Arrangement>::Views<'t>;
    fn refs<'t>(&'t mut self, lent: &'t Lent<'_>) -> <Self::Arrangement as Arrangement>::Refs<'t>;
    fn run(&mut self, phase: Phase, plan: &mut Plan<'_>, lent: &mut Lent<'_>);
    fn note_reads(&mut self, lent: &mut Lent<'_>);
    /// What was to be stored, where nothing was changed.
    fn values(&mut self) -> <Self::Arrangement as Arrangement>::Values;
    /// Does a step of the end of all rows, after their shards were unlocked.
    fn finish(&mut self, end: End, plan: &mut Plan<'_>);
}

/// The rows while they are read without a lock.
pub trait Copies {
    type Arrangement: Arrangement;

    /// Does a step of all rows. `false` if a writer is in the way.
    fn attempt(&mut self, step: Step) -> bool;
    fn look_at_clocks(&mut self, read: &mut Readings);
    fn refs(&self) -> <Self::Arrangement as Arrangement>::Refs<'_>;
    fn note_reads(&self);
}

/// The types that belong to rows. (Apart from them, so that a closure over every lifetime does not ask the rows to live
/// for ever.)
pub trait Arrangement: 'static {
    /// What the closure of a transaction is lent.
    type Views<'t>;
    /// What the closure of a read gets.
    type Refs<'t>;
    /// What a transaction gives back that found no room.
    type Values;
}
