//! A row by itself, for the short way of transactions of one row or of two rows.

use super::{
    arrangement::SingleRow,
    row::{Row, RowArrangement},
    row_mut::RowMut,
    wanted::{Place, Spot},
};
use crate::{
    Policy,
    bounds::{Key, Token, Value},
    engine::table::{Slot, TableOf},
    field::{
        direct::{RowEntry, RowSearch, RowShard},
        row::{RowKey, RowState},
        staged::StagedRow,
        types::{Types, UsableTypes},
    },
    lock::Serves,
};
use std::{borrow::Borrow, hash::BuildHasher, mem::needs_drop};

impl<'a, K, V, P, S, Q> SingleRow for Row<'a, K, V, P, S, Q>
where
    K: Key + Borrow<Q>,
    V: Value,
    P: Policy<Lock: Serves<K, V>>,
    S: BuildHasher + Default + 'static,
    Q: Eq + ToOwned<Owned = K> + ?Sized + 'static,
{
    type Arrangement = RowArrangement<Q, V, P>;
    type States = RowState<'a, Types<K, V, P, S>, Q>;
    type Value = V;
    type Table = TableOf<K, V, P>;
    type Shard<'s>
        = RowShard<'s, Types<K, V, P, S>>
    where
        Self: 's;
    type Search<'t> = RowSearch<'t, Types<K, V, P, S>>;
    type Entry<'t> = RowEntry<'t, Types<K, V, P, S>>;
    type Staged = StagedRow<K, V>;

    const IS_PLAIN: bool = RowKey::<Types<K, V, P, S>, Q>::IS_PLAIN;
    const OWNS: bool = needs_drop::<(K, V)>();

    #[inline]
    fn locate(&self, _: Token) -> (Spot<'_>, Self::Shard<'_>) {
        let shard = self.0.row_shard();
        (Spot::new(self.0.order(), shard.index(), self.0.hash), shard)
    }

    #[inline]
    fn place_at<'s>(&'s self, spot: Spot<'s>, _: Token) -> Place<'s> {
        Place::new(spot, &self.0)
    }

    #[inline]
    fn stage(&self, _: Token) -> Self::Staged {
        StagedRow::new()
    }

    #[inline]
    fn hold<'s, T>(shard: Self::Shard<'s>, run: impl FnOnce(&mut Self::Table) -> T, _: Token) -> T
    where
        Self: 's,
    {
        shard.hold(run)
    }

    #[inline]
    fn like<'s, B: SingleRow + 's>(shard: B::Shard<'s>, _: Token) -> Option<Self::Shard<'s>>
    where
        Self: 's,
    {
        B::shard_of(shard)
    }

    #[inline]
    fn shard_of<'s, F: UsableTypes>(shard: Self::Shard<'s>) -> Option<RowShard<'s, F>>
    where
        Self: 's,
    {
        shard.of()
    }

    #[inline]
    fn begin_search<'t>(&self, table: &'t mut Self::Table) -> Self::Search<'t> {
        self.0.begin_search(table)
    }

    #[inline]
    fn end_search<'t>(&self, search: Self::Search<'t>) -> Option<Self::Entry<'t>> {
        self.0.end_search(search)
    }

    #[inline]
    fn value<'e>(entry: &'e Self::Entry<'_>) -> &'e V {
        entry.value()
    }

    #[inline]
    fn look<'t>(&self, table: &'t Self::Table, staged: &mut Self::Staged) -> Option<&'t V> {
        self.0.find(table, &mut staged.slot)
    }

    #[inline]
    fn view<'t>(&'t self, present: Option<&'t V>, staged: &'t mut Self::Staged) -> RowMut<'t, Q, V, P> {
        RowMut::new(self.0.key, present, &mut staged.offer.value, &mut staged.staged)
    }

    #[inline]
    fn is_in_place(&self, staged: &Self::Staged, is_there: bool) -> bool {
        self.0.is_in_place(staged, is_there)
    }

    #[inline]
    fn exchange(entry: Option<Self::Entry<'_>>, staged: &mut Self::Staged, commits: bool) {
        if commits && let Some(entry) = entry {
            entry.exchange(staged);
        }
    }

    #[inline]
    fn end<'s>(
        shard: Self::Shard<'s>,
        table: &mut Self::Table,
        staged: &mut Self::Staged,
        is_there: bool,
        commits: bool,
        _: Token,
    ) where
        Self: 's,
    {
        RowKey::<Types<K, V, P, S>, Q>::end(shard, table, staged, is_there, commits);
    }

    #[inline]
    fn slot(staged: &Self::Staged) -> Option<Slot> {
        staged.slot
    }

    fn state(&self, mut staged: Self::Staged) -> Self::States {
        RowState::new(self.0, &mut staged)
    }
}
