//! Transactions of one row or of two rows of plain fields: without a plan, as long as they replace values of entries
//! that are there. All other changes go the way of `staged.rs`, from where the closure has ended.

use super::{
    arrangement::{Arrangement, Lockable, SingleRow, States, Views},
    error::TransactionError,
    locking::refuse_twins,
    row_mut::RowMut,
    staged::{Ending, commit_staged},
    wanted::{Place, RowWithKey, Shared, enter_both},
};
use crate::{
    bounds::Token,
    contain::Pending,
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
    mem::{self, ManuallyDrop, MaybeUninit, needs_drop},
    panic::Location,
};

type ViewsOf<'t, R> = <<R as SingleRow>::Arrangement as Arrangement>::Views<'t>;

/// What a transaction of these rows returns.
type Outcome<T, E, R> = Result<T, TransactionError<E, <<R as States>::Arrangement as Arrangement>::Values>>;

/// Runs a transaction of one row.
#[inline]
pub(super) fn change_one<'a, F, Q, T, E>(
    row: RowKey<'a, F, Q>,
    change: impl for<'t> FnOnce(&mut RowMut<'t, Q, F::Value, F::Policy>) -> Result<T, E>,
    at: &'static Location<'static>,
) -> Outcome<T, E, RowState<'a, F, Q>>
where
    F: UsableTypes<Key: Borrow<Q>>,
    Q: Eq + ToOwned<Owned = F::Key> + ?Sized + 'static,
    RowKey<'a, F, Q>: RowWithKey,
    RowState<'a, F, Q>: States,
{
    // All of this is dropped after the lock is released.
    let (mut memory, mut rest) = (MaybeUninit::uninit(), Late::none());
    let mut staged = StagedRow::new();
    let shard = row.find_shard();
    let inside = row.order().enter(shard.index(), at);
    let result = shard.hold(|extras, table| {
        let mut entry = table.find_mut(row.hash, row.key);
        // What owns nothing need not outlive the lock, and stays in registers.
        let mut own = StagedRow::new();
        let staged = if needs_drop::<(F::Key, F::Value)>() { &mut staged } else { &mut own };
        let StagedRow { offer, staged: changes, .. } = &mut *staged;
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
        // The row and this are moved, so that a transaction that does not come here keeps them in registers.
        let staged = mem::replace(staged, StagedRow::new());
        finish_one(row, (extras, slot), table, staged, (&mut memory, &mut rest), at)?;
        result.map_err(TransactionError::Failed)
    });
    drop(inside);
    // Rows that own nothing have no drop that may panic, and this would take them out of registers.
    if !needs_drop::<(F::Key, F::Value)>() {
        return result;
    }
    // Not at the end: a function whose last drop panics leaks what it returns.
    let pending = Pending::new(result);
    drop((staged, rest));
    pending.take()
}

/// What is left of one row after unlock: what was staged, what has left, and what the way of `staged.rs` needs.
struct Rest<'p, 'a, F: FieldTypes, Q: ?Sized>
where
    RowState<'a, F, Q>: States,
{
    staged: StagedRow<F::Key, F::Value>,
    leaving: Leaving<'a, F::Key, F::Value>,
    ending: Option<Ending<'p, RowState<'a, F, Q>>>,
}

/// The memory that one row shares with no other.
type SharedOfOne = MaybeUninit<Shared<[(); 1]>>;

/// Makes a change of one row that does not replace a value of an entry that is there.
#[inline(never)]
fn finish_one<'p, 'a, F, Q, E>(
    row: RowKey<'a, F, Q>,
    (extras, slot): (Extras<'_, Core<F>>, Option<Slot>),
    table: &mut TableFor<Core<F>>,
    staged: StagedRow<F::Key, F::Value>,
    (shared, rest): (&'p mut SharedOfOne, &mut Late<Rest<'p, 'a, F, Q>>),
    at: &'static Location<'static>,
) -> Outcome<(), E, RowState<'a, F, Q>>
where
    F: UsableTypes<Key: Borrow<Q>>,
    Q: Eq + ToOwned<Owned = F::Key> + ?Sized + 'static,
    RowKey<'a, F, Q>: RowWithKey,
    RowState<'a, F, Q>: States,
{
    let Rest { staged, leaving, ending } = rest.set(Rest { staged, leaving: row.core.leaving(), ending: None });
    if row.insert_or_remove((extras, slot), table, staged, leaving) {
        RowKey::<F, Q>::count_use(extras, &staged.staged, slot.is_some());
        return Ok(());
    }
    let place = Place::new(row.order(), row.shard(), row.hash, &row);
    let plan = shared.write(Shared::new(1)).plan(&[place]);
    let ending = ending.insert(Ending { states: RowState::new(row, staged), plan });
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
    let ((place_a, shard_a), (place_b, shard_b)) = (a.locate(Token), b.locate(Token));
    let place_b = place_b.numbered(1);
    let are_together = place_a.is_in_shard_of(&place_b);
    if are_together && place_a.is_alike(&place_b) {
        refuse_twins(&[place_a, place_b], at);
    }
    let is_in_order = !place_b.is_before(&place_a);
    // All of this is dropped after the locks are released.
    let (mut shared, mut ending) = (MaybeUninit::uninit(), Late::none());
    let (mut of_a, mut of_b) = (a.stage(Token), b.stage(Token));
    let inside = if is_in_order { enter_both(&place_a, &place_b, at) } else { enter_both(&place_b, &place_a, at) };
    let run = |mut tables: Tables<'_, A::Table, B::Table>| {
        // What owns nothing need not outlive the locks, and stays in registers.
        let (mut own_a, mut own_b) = (a.stage(Token), b.stage(Token));
        let of_a = if A::OWNS { &mut of_a } else { &mut own_a };
        let of_b = if B::OWNS { &mut of_b } else { &mut own_b };
        let (mut entry_a, mut entry_b) = (None, None);
        let (present_a, present_b) = match &mut tables {
            Tables::One(table) => {
                let (table_a, table_b) = both::<A::Table, B::Table>(table);
                (a.look(table_a, of_a), b.look(table_b, of_b))
            }
            Tables::Two(table_a, table_b) => {
                // Beside the search for the first key: each is a cache miss in a large map.
                b.fetch(table_b);
                (entry_a, entry_b) = (a.find(table_a), b.find(table_b));
                (entry_a.as_ref().map(A::value), entry_b.as_ref().map(B::value))
            }
        };
        let (has_a, has_b) = (present_a.is_some(), present_b.is_some());
        let mut views = R::views(a.view(present_a, of_a), b.view(present_b, of_b));
        let result = change(&mut views);
        drop(views);
        let is_one_entry = A::slot(of_a).is_some() && A::slot(of_a) == B::slot(of_b);
        if result.is_err() || (a.is_in_place(of_a, has_a) && b.is_in_place(of_b, has_b) && !is_one_entry) {
            let is_ok = result.is_ok();
            A::exchange(entry_a, of_a, is_ok);
            B::exchange(entry_b, of_b, is_ok);
            A::end(shard_a, tables.first(), of_a, has_a, is_ok, Token);
            B::end(shard_b, tables.second(), of_b, has_b, is_ok, Token);
            return result.map_err(TransactionError::Failed);
        }
        drop((entry_a, entry_b));
        let places = if is_in_order { [place_a, place_b] } else { [place_b, place_a] };
        let plan = shared.write(Shared::<[(); 2]>::new(2)).plan(&places);
        // Moved, so that a transaction that does not come here keeps them in registers.
        let (of_a, of_b) = (mem::replace(of_a, a.stage(Token)), mem::replace(of_b, b.stage(Token)));
        let ending = ending.set(Ending { states: R::states(a.state(of_a), b.state(of_b)), plan });
        commit_two(tables, is_in_order, ending, at)?;
        result.map_err(TransactionError::Failed)
    };
    let result = if are_together {
        A::hold(shard_a, |table| run(Tables::One(table)), Token)
    } else if is_in_order {
        A::hold(shard_a, |table_a| B::hold(shard_b, |table_b| run(Tables::Two(table_a, table_b)), Token), Token)
    } else {
        B::hold(shard_b, |table_b| A::hold(shard_a, |table_a| run(Tables::Two(table_a, table_b)), Token), Token)
    };
    drop(inside);
    // As in `change_one`.
    if !A::OWNS && !B::OWNS {
        return result;
    }
    let pending = Pending::new(result);
    drop((of_a, of_b, ending));
    pending.take()
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

/// A table, as that of each of two rows that lie in it.
#[inline]
fn both<A: 'static, B: 'static>(table: &A) -> (&A, &B) {
    (table, (table as &dyn Any).downcast_ref().expect(ONE_TYPE))
}

impl<A: 'static, B: 'static> Tables<'_, A, B> {
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
