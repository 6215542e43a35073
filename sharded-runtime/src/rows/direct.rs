//! Transactions of one row or of two rows of plain fields: without a plan, as long as they replace values of entries
//! that are there. All other changes go the way of `staged.rs`, from where the closure has ended.

use super::{
    arrangement::{Arrangement, Lockable, SingleRow, States, Views},
    error::TransactionError,
    locking::refuse_twins,
    row_mut::RowMut,
    staged::{Ending, commit_staged},
    wanted::{Place, Shared, enter, sort},
};
use crate::{
    bounds::Token,
    engine::{
        spec::{Extras, Spec, TableFor},
        table::{FoundMut, Slot},
    },
    field::{
        core::Core,
        leaving::Leaving,
        row::{RowKey, RowState},
        staged::{StagedChange, StagedRow},
        types::{FieldTypes, UsableTypes},
    },
    lock::Lent,
};
use std::{
    any::Any,
    borrow::Borrow,
    mem::{self, ManuallyDrop},
    panic::Location,
};

type ViewsOf<'t, R> = <<R as SingleRow>::Arrangement as Arrangement>::Views<'t>;

/// What a transaction of these rows returns.
type Outcome<T, E, R> = Result<T, TransactionError<E, <<R as States>::Arrangement as Arrangement>::Values>>;

/// Runs a transaction of one row.
#[inline]
pub(super) fn change_one<'a, F, Q, T, E>(
    place: Place<'_>,
    row: &RowKey<'a, F, Q>,
    change: impl for<'t> FnOnce(&mut RowMut<'t, Q, F::Value, F::Policy>) -> Result<T, E>,
    at: &'static Location<'static>,
) -> Outcome<T, E, RowState<'a, F, Q>>
where
    F: UsableTypes<Key: Borrow<Q>>,
    Q: Eq + ToOwned<Owned = F::Key> + ?Sized + 'static,
    RowState<'a, F, Q>: States,
{
    // All of this is dropped after the lock is released.
    let (mut shared, mut ending, mut rest) = (None, Late::none(), Late::none());
    let mut staged = StagedRow::new();
    let inside = row.order().enter(row.shard(), at);
    let result = row.hold(|extras, table| {
        let mut entry = table.find_mut(row.hash, row.key);
        let StagedRow { offer, staged: changes, .. } = &mut staged;
        let present = entry.as_ref().map(FoundMut::value);
        let result = change(&mut RowMut::new(row.key, present, &mut offer.value, changes));
        let is_made = result.is_err()
            || match (changes.change, &mut entry, &mut offer.value) {
                (StagedChange::Keep, ..) => true,
                (StagedChange::Update, Some(entry), Some(value)) => {
                    entry.swap(value);
                    true
                }
                (StagedChange::Put, Some(entry), Some(value)) if row.core.listener().is_none() => {
                    entry.swap(value);
                    extras.counts().add_insert(&extras.status().meter);
                    true
                }
                _ => false,
            };
        if is_made {
            RowKey::<F, Q>::count_use(extras, changes, entry.is_some());
            return result.map_err(TransactionError::Failed);
        }
        let slot = entry.map(|entry| entry.slot());
        // Moved, so that a transaction that does not come here keeps it in registers.
        let rest = rest.set((mem::replace(&mut staged, StagedRow::new()), row.core.leaving()));
        finish_one((row, place), (extras, slot), table, rest, (&mut shared, &mut ending), at)?;
        result.map_err(TransactionError::Failed)
    });
    drop(inside);
    result
}

/// What is left of one row after unlock: what was staged, and what has left.
type Rest<'a, F> = (
    StagedRow<<F as FieldTypes>::Key, <F as FieldTypes>::Value>,
    Leaving<'a, <F as FieldTypes>::Key, <F as FieldTypes>::Value>,
);
type LateEnding<'p, 'a, F, Q> = Late<Ending<'p, RowState<'a, F, Q>>>;

/// Makes a change of one row that does not replace a value of an entry that is there.
#[inline(never)]
fn finish_one<'p, 'a, F, Q, E>(
    (row, place): (&RowKey<'a, F, Q>, Place<'_>),
    (extras, slot): (Extras<'_, Core<F>>, Option<Slot>),
    table: &mut TableFor<Core<F>>,
    (staged, leaving): &mut Rest<'a, F>,
    (shared, ending): (&'p mut Option<Shared<[(); 1]>>, &mut LateEnding<'p, 'a, F, Q>),
    at: &'static Location<'static>,
) -> Outcome<(), E, RowState<'a, F, Q>>
where
    F: UsableTypes<Key: Borrow<Q>>,
    Q: Eq + ToOwned<Owned = F::Key> + ?Sized + 'static,
    RowState<'a, F, Q>: States,
{
    if row.insert_or_remove((extras, slot), table, staged, leaving) {
        RowKey::<F, Q>::count_use(extras, &staged.staged, slot.is_some());
        return Ok(());
    }
    let plan = shared.insert(Shared::new(1)).plan(&[place]);
    let ending = ending.set(Ending { states: RowState::new(*row, staged), plan });
    Lent::scope(|lent| lent.lend(table, |lent| commit_staged(ending, lent, at)))
}

/// Rows that consist of these two.
pub(super) trait TwoRows<A: SingleRow, B: SingleRow>: Lockable {
    fn views<'t>(a: ViewsOf<'t, A>, b: ViewsOf<'t, B>) -> Views<'t, Self>;
    fn states(a: A::States, b: B::States) -> Self::States;
}

/// Runs a transaction of two rows.
#[inline]
pub(super) fn change_two<R, A, B, T, E>(
    (a, b): (&A, &B),
    change: impl for<'t> FnOnce(&mut Views<'t, R>) -> Result<T, E>,
    at: &'static Location<'static>,
) -> Outcome<T, E, R::States>
where
    R: TwoRows<A, B>,
    A: SingleRow,
    B: SingleRow,
{
    let mut places = [a.place(Token), b.place(Token).numbered(1)];
    sort(&mut places);
    refuse_twins(&places, at);
    let is_in_order = places[0].row == 0;
    // All of this is dropped after the locks are released.
    let (mut shared, mut ending) = (None, Late::none());
    let (mut of_a, mut of_b) = (a.stage(Token), b.stage(Token));
    let inside = enter(&places, at);
    let run = |mut tables: Tables<'_, A::Table, B::Table>| {
        let (table_a, table_b) = tables.both();
        // Beside the search for the first key: each is a cache miss in a large map.
        b.fetch(table_b);
        // What owns nothing need not outlive the locks, and stays in registers.
        let (mut own_a, mut own_b) = (a.stage(Token), b.stage(Token));
        let of_a = if A::OWNS { &mut of_a } else { &mut own_a };
        let of_b = if B::OWNS { &mut of_b } else { &mut own_b };
        let mut views = R::views(a.look(table_a, of_a), b.look(table_b, of_b));
        let result = change(&mut views);
        drop(views);
        let is_one_entry = tables.are_one() && A::slot(of_a).is_some() && A::slot(of_a) == B::slot(of_b);
        if result.is_err() || (a.is_in_place(of_a) && b.is_in_place(of_b) && !is_one_entry) {
            let is_ok = result.is_ok();
            a.end(tables.first(), of_a, is_ok);
            b.end(tables.second(), of_b, is_ok);
            return result.map_err(TransactionError::Failed);
        }
        let plan = shared.insert(Shared::<[(); 2]>::new(2)).plan(&places);
        let ending = ending.set(Ending { states: R::states(a.state(of_a), b.state(of_b)), plan });
        commit_two(tables, is_in_order, ending, at)?;
        result.map_err(TransactionError::Failed)
    };
    let result = if places[0].is_in_shard_of(&places[1]) {
        a.hold(|table| run(Tables::One(table)), Token)
    } else if is_in_order {
        a.hold(|table_a| b.hold(|table_b| run(Tables::Two(table_a, table_b)), Token), Token)
    } else {
        b.hold(|table_b| a.hold(|table_a| run(Tables::Two(table_a, table_b)), Token), Token)
    };
    drop(inside);
    result
}

#[cold]
#[inline(never)]
fn commit_two<R: States, A: 'static, B: 'static, E>(
    tables: Tables<'_, A, B>,
    is_in_order: bool,
    ending: &mut Ending<'_, R>,
    at: &Location<'_>,
) -> Outcome<(), E, R> {
    Lent::scope(|lent| match tables {
        Tables::One(table) => lent.lend(table, |lent| commit_staged(ending, lent, at)),
        Tables::Two(a, b) if is_in_order => lent.lend(a, |lent| lent.lend(b, |lent| commit_staged(ending, lent, at))),
        Tables::Two(a, b) => lent.lend(b, |lent| lent.lend(a, |lent| commit_staged(ending, lent, at))),
    })
}

/// Something that is rarely made, after its place: without it nothing is called when it is dropped.
struct Late<T>(ManuallyDrop<Option<T>>);

impl<T> Late<T> {
    #[inline]
    fn none() -> Self {
        Late(ManuallyDrop::new(None))
    }

    #[inline]
    fn set(&mut self, value: T) -> &mut T {
        self.0.insert(value)
    }

    #[cold]
    #[inline(never)]
    fn end(&mut self) {
        drop(self.0.take());
    }
}

impl<T> Drop for Late<T> {
    #[inline]
    fn drop(&mut self) {
        if self.0.is_some() {
            self.end();
        }
    }
}

/// The tables of two rows: both rows may lie in one.
enum Tables<'t, A, B> {
    One(&'t mut A),
    Two(&'t mut A, &'t mut B),
}

impl<A: 'static, B: 'static> Tables<'_, A, B> {
    #[inline]
    fn are_one(&self) -> bool {
        matches!(self, Tables::One(_))
    }

    #[inline]
    fn both(&self) -> (&A, &B) {
        match self {
            Tables::One(table) => {
                let table: &A = table;
                (table, (table as &dyn Any).downcast_ref().expect(ONE_TYPE))
            }
            Tables::Two(a, b) => (a, b),
        }
    }

    #[inline]
    fn first(&mut self) -> &mut A {
        match self {
            Tables::One(table) | Tables::Two(table, _) => table,
        }
    }

    #[inline]
    fn second(&mut self) -> &mut B {
        match self {
            Tables::One(table) => (&mut **table as &mut dyn Any).downcast_mut().expect(ONE_TYPE),
            Tables::Two(_, table) => table,
        }
    }
}

const ONE_TYPE: &str = "one shard has one table";
