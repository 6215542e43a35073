//! Transactions of one row of a plain field (of two: `pair.rs`): without a plan, as long as it replaces the value of an
//! entry that is there. All other changes go the way of `staged.rs`, from where the closure has ended.

use super::{
    arrangement::{Arrangement, States},
    error::TransactionError,
    row_mut::RowMut,
    staged::{Ending, commit_staged},
    wanted::{Place, RowWithKey, Shared, Spot},
};
use crate::{
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
    borrow::Borrow,
    mem::{self, ManuallyDrop, MaybeUninit, needs_drop},
    panic::Location,
};

/// What a transaction of these rows returns.
pub(super) type Outcome<T, E, R> = Result<T, TransactionError<E, <<R as States>::Arrangement as Arrangement>::Values>>;

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
    let place = Place::new(Spot::new(row.order(), row.shard(), row.hash), &row);
    let plan = shared.write(Shared::new(1)).plan(&[place]);
    let ending = ending.insert(Ending { states: RowState::new(row, staged), plan });
    Lent::scope(|lent| lent.lend(table, |lent| commit_staged(ending, lent, at)))
}

/// Something that is rarely made, after its place: without it nothing is called when it is dropped.
pub(super) struct Late<T>(ManuallyDrop<Option<T>>);

impl<T> Late<T> {
    #[inline]
    pub(super) fn none() -> Self {
        Late(ManuallyDrop::new(None))
    }

    #[inline]
    pub(super) fn set(&mut self, value: T) -> &mut T {
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
