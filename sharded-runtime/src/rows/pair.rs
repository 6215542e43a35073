//! Transactions of two rows of plain fields: without a plan, as in `direct.rs`, as long as they replace values of
//! entries that are there.

use super::{
    arrangement::{Arrangement, Lockable, SingleRow, States, Views},
    direct::{Late, Outcome},
    error::TransactionError,
    locking::refuse_twins,
    staged::{Ending, commit_staged},
    wanted::{Place, Shared, Spot, enter_both},
};
use crate::{bounds::Token, contain::Pending, lock::Lent};
use std::{
    any::Any,
    mem::{self, MaybeUninit},
    panic::Location,
};

type ViewsOf<'t, R> = <<R as SingleRow>::Arrangement as Arrangement>::Views<'t>;

/// Rows that consist of these two.
pub(super) trait TwoRows<A: SingleRow, B: SingleRow>: Lockable {
    fn views<'t>(a: ViewsOf<'t, A>, b: ViewsOf<'t, B>) -> Views<'t, Self>;
    fn states(a: A::States, b: B::States) -> Self::States;
}

/// The memory that two rows share.
type SharedOfTwo = MaybeUninit<Shared<[(); 2]>>;

/// Two rows whose shards differ, with what their transaction leaves until its locks are released.
struct Pair<'s, 'p, 'm, A: SingleRow + 's, B: SingleRow + 's, R: States> {
    /// By value, also below, so that they need not lie in memory.
    rows: (A, B),
    spots: (Spot<'s>, Spot<'s>),
    shards: (A::Shard<'s>, B::Shard<'s>),
    /// Whether the shard of the first row is locked first.
    is_in_order: bool,
    staged: (&'m mut A::Staged, &'m mut B::Staged),
    shared: &'p mut SharedOfTwo,
    ending: &'m mut Late<Ending<'p, R>>,
    at: &'static Location<'static>,
}

/// Runs a transaction of two rows.
#[inline]
pub(super) fn change_two<R, A, B, T, E>(
    (a, b): (A, B),
    change: impl for<'t> FnOnce(&mut Views<'t, R>) -> Result<T, E>,
    at: &'static Location<'static>,
) -> Outcome<T, E, R::States>
where
    R: TwoRows<A, B>,
    A: SingleRow,
    B: SingleRow,
{
    let ((spot_a, shard_a), (spot_b, shard_b)) = (a.locate(Token), b.locate(Token));
    let alike = A::like::<B>(shard_b, Token);
    if alike.is_some() && spot_a.is_in_shard_of(&spot_b) {
        return change_together::<R, A, B, T, E>((a, b), (spot_a, spot_b), (shard_a, shard_b), change, at);
    }
    let is_in_order = spot_a.is_before(&spot_b);
    // All of this is dropped after the locks are released.
    let (mut shared, mut ending) = (MaybeUninit::uninit(), Late::none());
    let (mut staged_a, mut staged_b) = (a.stage(Token), b.stage(Token));
    let (first, last) = if is_in_order { (spot_a, spot_b) } else { (spot_b, spot_a) };
    let inside = enter_both(first, last, at);
    let pair = Pair {
        rows: (a, b),
        spots: (spot_a, spot_b),
        shards: (shard_a, shard_b),
        is_in_order,
        staged: (&mut staged_a, &mut staged_b),
        shared: &mut shared,
        ending: &mut ending,
        at,
    };
    let result = if let Some(alike) = alike {
        // Which shard comes first is as good as random: a branch on it would often be predicted wrongly.
        let (first, last) = if is_in_order { (shard_a, alike) } else { (alike, shard_a) };
        let run = |first: &mut A::Table, last: &mut A::Table| {
            let (table_a, table_b) = if is_in_order { (first, last) } else { (last, first) };
            change_apart::<R, A, B, T, E>(pair, table_a, of_other::<A::Table, B::Table>(table_b), change)
        };
        A::hold(first, |first| A::hold(last, |last| run(first, last), Token), Token)
    } else if is_in_order {
        let run = |a: &mut A::Table, b: &mut B::Table| change_apart::<R, A, B, T, E>(pair, a, b, change);
        A::hold(shard_a, |table_a| B::hold(shard_b, |table_b| run(table_a, table_b), Token), Token)
    } else {
        let run = |a: &mut A::Table, b: &mut B::Table| change_apart::<R, A, B, T, E>(pair, a, b, change);
        B::hold(shard_b, |table_b| A::hold(shard_a, |table_a| run(table_a, table_b), Token), Token)
    };
    drop(inside);
    // As in `change_one`.
    if !A::OWNS && !B::OWNS {
        return result;
    }
    let pending = Pending::new(result);
    drop((staged_a, staged_b, ending));
    pending.take()
}

/// Runs the transaction while both shards are locked.
#[inline(always)]
#[allow(clippy::inline_always, reason = "it is called in three places, of which one is ever run for these types")]
fn change_apart<'s, R, A, B, T, E>(
    pair: Pair<'s, '_, '_, A, B, R::States>,
    table_a: &mut A::Table,
    table_b: &mut B::Table,
    change: impl for<'t> FnOnce(&mut Views<'t, R>) -> Result<T, E>,
) -> Outcome<T, E, R::States>
where
    R: TwoRows<A, B>,
    A: SingleRow + 's,
    B: SingleRow + 's,
{
    let (a, b) = pair.rows;
    // What owns nothing need not outlive the locks, and stays in registers.
    let (mut own_a, mut own_b) = (a.stage(Token), b.stage(Token));
    let staged_a = if A::OWNS { pair.staged.0 } else { &mut own_a };
    let staged_b = if B::OWNS { pair.staged.1 } else { &mut own_b };
    // Both at the same time, since each search is a cache miss in a large map.
    let (search_a, search_b) = (a.begin_search(table_a), b.begin_search(table_b));
    let (entry_a, entry_b) = (a.end_search(search_a), b.end_search(search_b));
    let (present_a, present_b) = (entry_a.as_ref().map(A::value), entry_b.as_ref().map(B::value));
    let (has_a, has_b) = (present_a.is_some(), present_b.is_some());
    let mut views = R::views(a.view(present_a, staged_a), b.view(present_b, staged_b));
    let result = change(&mut views);
    drop(views);
    if result.is_err() || (a.is_in_place(staged_a, has_a) && b.is_in_place(staged_b, has_b)) {
        let is_ok = result.is_ok();
        A::exchange(entry_a, staged_a, is_ok);
        B::exchange(entry_b, staged_b, is_ok);
        A::end(pair.shards.0, table_a, staged_a, has_a, is_ok, Token);
        B::end(pair.shards.1, table_b, staged_b, has_b, is_ok, Token);
        return result.map_err(TransactionError::Failed);
    }
    drop((entry_a, entry_b));
    // Moved, so that a transaction that does not come here keeps them in registers.
    let staged = (mem::replace(staged_a, a.stage(Token)), mem::replace(staged_b, b.stage(Token)));
    let later = Later { rows: pair.rows, spots: pair.spots, is_in_order: pair.is_in_order, at: pair.at };
    later.commit::<R, E>(staged, (pair.shared, pair.ending), Tables::Two(table_a, table_b))?;
    result.map_err(TransactionError::Failed)
}

/// Runs the transaction of two rows that lie in one shard.
#[inline(never)]
fn change_together<'s, R, A, B, T, E>(
    (a, b): (A, B),
    spots: (Spot<'_>, Spot<'_>),
    (shard_a, shard_b): (A::Shard<'s>, B::Shard<'s>),
    change: impl for<'t> FnOnce(&mut Views<'t, R>) -> Result<T, E>,
    at: &'static Location<'static>,
) -> Outcome<T, E, R::States>
where
    R: TwoRows<A, B>,
    A: SingleRow + 's,
    B: SingleRow + 's,
{
    refuse_twins(&[a.place_at(spots.0, Token), b.place_at(spots.1, Token)], at);
    // All of this is dropped after the lock is released.
    let (mut shared, mut ending) = (MaybeUninit::uninit(), Late::none());
    let (mut of_a, mut of_b) = (a.stage(Token), b.stage(Token));
    let inside = enter_both(spots.0, spots.1, at);
    let run = |table: &mut A::Table| {
        let (staged_a, staged_b) = (&mut of_a, &mut of_b);
        let present_a = a.look(table, staged_a);
        let present_b = b.look(of_both(table), staged_b);
        let (has_a, has_b) = (present_a.is_some(), present_b.is_some());
        let mut views = R::views(a.view(present_a, staged_a), b.view(present_b, staged_b));
        let result = change(&mut views);
        drop(views);
        // Keys that are equal though their hashes differ: the rest knows.
        let is_one_entry = A::slot(staged_a).is_some() && A::slot(staged_a) == B::slot(staged_b);
        if result.is_err() || (a.is_in_place(staged_a, has_a) && b.is_in_place(staged_b, has_b) && !is_one_entry) {
            let is_ok = result.is_ok();
            A::end(shard_a, table, staged_a, has_a, is_ok, Token);
            B::end(shard_b, of_other(table), staged_b, has_b, is_ok, Token);
            return result.map_err(TransactionError::Failed);
        }
        let staged = (mem::replace(staged_a, a.stage(Token)), mem::replace(staged_b, b.stage(Token)));
        let later = Later { rows: (a, b), spots, is_in_order: true, at };
        later.commit::<R, E>(staged, (&mut shared, &mut ending), Tables::<_, B::Table>::One(table))?;
        result.map_err(TransactionError::Failed)
    };
    let result = A::hold(shard_a, run, Token);
    drop(inside);
    let pending = Pending::new(result);
    drop((of_a, of_b, ending));
    pending.take()
}

/// What the way of `staged.rs` needs to know.
struct Later<'s, A, B> {
    rows: (A, B),
    spots: (Spot<'s>, Spot<'s>),
    is_in_order: bool,
    at: &'static Location<'static>,
}

/// The tables of two rows: both rows may lie in one.
enum Tables<'t, A, B> {
    One(&'t mut A),
    Two(&'t mut A, &'t mut B),
}

impl<A: SingleRow, B: SingleRow> Later<'_, A, B> {
    /// Makes the changes, or none of them. All is passed by value, so that a transaction that does not come here keeps
    /// it in registers.
    #[cold]
    #[inline(never)]
    fn commit<'p, R: TwoRows<A, B>, E>(
        self,
        staged: (A::Staged, B::Staged),
        (shared, ending): (&'p mut SharedOfTwo, &mut Late<Ending<'p, R::States>>),
        tables: Tables<'_, A::Table, B::Table>,
    ) -> Outcome<(), E, R::States> {
        let ((a, b), is_in_order, at) = (self.rows, self.is_in_order, self.at);
        let (place_a, place_b) = (a.place_at(self.spots.0, Token), b.place_at(self.spots.1, Token).numbered(1));
        let places: [Place<'_>; 2] = if is_in_order { [place_a, place_b] } else { [place_b, place_a] };
        let plan = shared.write(Shared::new(2)).plan(&places);
        let ending = ending.set(Ending { states: R::states(a.state(staged.0), b.state(staged.1)), plan });
        Lent::scope(|lent| match tables {
            Tables::One(table) => lent.lend(table, |lent| commit_staged(ending, lent, at)),
            Tables::Two(a, b) if is_in_order => {
                lent.lend(a, |lent| lent.lend(b, |lent| commit_staged(ending, lent, at)))
            }
            Tables::Two(a, b) => lent.lend(b, |lent| lent.lend(a, |lent| commit_staged(ending, lent, at))),
        })
    }
}

/// A table of the first row as one of the second row, which has the same type.
#[inline]
fn of_both<A: 'static, B: 'static>(table: &A) -> &B {
    (table as &dyn Any).downcast_ref().expect(ONE_TYPE)
}

/// As [`of_both`], for changing.
#[inline]
fn of_other<A: 'static, B: 'static>(table: &mut A) -> &mut B {
    (table as &mut dyn Any).downcast_mut().expect(ONE_TYPE)
}

const ONE_TYPE: &str = "shards of one type have tables of one type";
