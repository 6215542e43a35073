//! A key of a map, as a row of a transaction.

use super::{
    access::Access,
    arrangement::{Arrangement, Copies, Lockable, SingleRow, States},
    direct,
    error::TransactionError,
    locked,
    row_mut::RowMut,
    row_ref::RowRef,
    staged, unlocked,
    wanted::{Place, Spot},
};
use crate::{
    Key, Policy, ShardedMap, ShardedSet, Value,
    bounds::Token,
    clock::Readings,
    field::{
        commit::Phase,
        plan::Plan,
        row::{End, RowKey, RowState},
        row_copy::{RowCopy, Step},
        staged::StagedRow,
        types::{Types, UsableTypes},
    },
    lock::{Lent, Serves},
};
use std::{
    borrow::Borrow,
    fmt,
    hash::{BuildHasher, Hash, RandomState},
    marker::PhantomData,
    panic::Location,
};

/// A key of a map, for [`transaction`](fn@super::transaction) and [`observe`](fn@super::observe). It borrows the map
/// and the key, and takes no lock.
///
/// # Examples
///
/// See [`ShardedMap::row`].
pub struct Row<'a, K, V, P: Policy, S = RandomState, Q: ?Sized = K>(pub(super) RowKey<'a, Types<K, V, P, S>, Q>);

impl<K, V, P: Policy, S, Q: ?Sized> Clone for Row<'_, K, V, P, S, Q> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K, V, P: Policy, S, Q: ?Sized> Copy for Row<'_, K, V, P, S, Q> {}

/// Not its key, which may be secret.
impl<K, V, P: Policy, S, Q: ?Sized> fmt::Debug for Row<'_, K, V, P, S, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Row").field("map", &P::NAME).field("shard", &self.0.shard()).finish_non_exhaustive()
    }
}

impl<K: Key, V: Value, P: Policy<Lock: Serves<K, V>>, S: BuildHasher + Default + 'static> ShardedMap<K, V, P, S> {
    /// A key of this map, for [`transaction`](fn@crate::transaction) or [`observe`](fn@crate::observe). Hashes the key,
    /// and takes no lock.
    ///
    /// The key is made ([`ToOwned`]) if an entry is stored under it. It must be equal to the borrowed one, as in
    /// [`upsert_ref`](ShardedMap::upsert_ref).
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::sharded;
    /// # use std::collections::HashMap;
    /// # #[sharded(ttl = "1h")]
    /// # struct Shop { names: HashMap<String, u32> }
    /// let shop = Shop::new();
    /// shop.names().insert("ada".to_owned(), 36);
    /// let ages = (shop.names().row("ada"), shop.names().row("bob"));
    /// assert_eq!(sharded::observe(ages, |(ada, bob)| (ada.get().copied(), bob.get().copied())), (Some(36), None));
    /// ```
    #[inline]
    pub fn row<'a, Q>(&'a self, key: &'a Q) -> Row<'a, K, V, P, S, Q>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized + 'static,
    {
        let core = self.core();
        Row(RowKey { core, key, hash: core.hasher.hash(key) })
    }
}

impl<K: Key, P: Policy<Lock: Serves<K, ()>>, S: BuildHasher + Default + 'static> ShardedSet<K, P, S> {
    /// A key of this set, for [`transaction`](fn@crate::transaction) or [`observe`](fn@crate::observe), as
    /// [`ShardedMap::row`]. Its value is `()`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::sharded;
    /// # use std::collections::HashSet;
    /// # #[sharded(ttl = "1h")]
    /// # struct Shop { names: HashSet<String> }
    /// let shop = Shop::new();
    /// shop.names().insert("ada".to_owned());
    /// sharded::transaction((shop.names().row("ada"), shop.names().row("bob")), |(ada, bob)| {
    ///     if ada.remove() {
    ///         bob.insert(());
    ///     }
    ///     Ok::<_, ()>(())
    /// })
    /// .unwrap();
    /// assert!(shop.names().contains("bob") && !shop.names().contains("ada"));
    /// ```
    #[inline]
    pub fn row<'a, Q>(&'a self, key: &'a Q) -> Row<'a, K, (), P, S, Q>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized + 'static,
    {
        self.map.row(key)
    }
}

impl<'a, K, V, P, S, Q> Lockable for Row<'a, K, V, P, S, Q>
where
    K: Key + Borrow<Q>,
    V: Value,
    P: Policy<Lock: Serves<K, V>>,
    S: BuildHasher + Default + 'static,
    Q: Eq + ToOwned<Owned = K> + ?Sized + 'static,
{
    type Arrangement = RowArrangement<Q, V, P>;
    type States = RowState<'a, Types<K, V, P, S>, Q>;
    type Single = Self;
    type Copies = RowCopy<'a, Types<K, V, P, S>, Q>;

    const CAN_COPY: bool = RowKey::<Types<K, V, P, S>, Q>::CAN_COPY;
    const COUNT: Option<usize> = Some(1);

    #[inline]
    fn count(&self, _: Token) -> usize {
        1
    }

    #[inline]
    fn place(&self, _: usize, _: Token) -> Place<'_> {
        Place::new(Spot::new(self.0.order(), self.0.shard(), self.0.hash), &self.0)
    }

    #[inline]
    fn lock<const TO_READ: bool, T>(&self, _: usize, lent: &mut Lent<'_>, run: impl FnOnce(&mut Lent<'_>) -> T) -> T {
        self.0.lock::<TO_READ, T>(lent, run)
    }

    #[inline]
    fn begin(&self, _: Token) -> Self::States {
        RowState::new(self.0, &mut StagedRow::new())
    }

    #[inline]
    fn copies(&self, _: Token) -> Self::Copies {
        RowCopy::new(self.0)
    }

    #[inline]
    fn single(&self, _: Token) -> Option<&Self> {
        Some(self)
    }
}

impl<K, V, P, S, Q> Access for Row<'_, K, V, P, S, Q>
where
    K: Key + Borrow<Q>,
    V: Value,
    P: Policy<Lock: Serves<K, V>>,
    S: BuildHasher + Default + 'static,
    Q: Eq + ToOwned<Owned = K> + ?Sized + 'static,
{
    #[inline]
    fn transact<T, E>(
        &self,
        change: impl for<'t> FnOnce(&mut RowMut<'t, Q, V, P>) -> Result<T, E>,
        at: &'static Location<'static>,
        _: Token,
    ) -> Result<T, TransactionError<E, Option<V>>> {
        if Self::IS_PLAIN { direct::change_one(self.0, change, at) } else { staged::transact_any(self, change, at) }
    }

    #[inline]
    fn observe<T>(
        &self,
        mut read: impl for<'t> FnOnce(RowRef<'t, Q, V>) -> T,
        at: &'static Location<'static>,
        _: Token,
    ) -> T {
        if unlocked::can_copy::<Self>() {
            match unlocked::observe::<Self, [(); 1], T, _>(self, read, at) {
                Ok(result) => return result,
                Err(again) => read = again,
            }
        }
        if P::RECORDS {
            return locked::observe::<Self, [(); 1], T>(self, read, at);
        }
        let inside = self.0.order().enter(self.0.shard(), at);
        let result = self.0.read_locked(|value, is_used| read(RowRef::new(self.0.key, value, is_used)));
        drop(inside);
        result
    }
}

/// The types of one row.
#[allow(unreachable_pub, reason = "in a public trait that only this crate can implement")]
#[derive(Debug)]
pub struct RowArrangement<Q: ?Sized, V, P>(PhantomData<(V, P)>, PhantomData<Q>);

impl<Q: ?Sized + 'static, V: 'static, P: Policy> Arrangement for RowArrangement<Q, V, P> {
    type Views<'t> = RowMut<'t, Q, V, P>;
    type Refs<'t> = RowRef<'t, Q, V>;
    type Values = Option<V>;
}

impl<F, Q> States for RowState<'_, F, Q>
where
    F: UsableTypes<Key: Borrow<Q>>,
    Q: Eq + ToOwned<Owned = F::Key> + ?Sized + 'static,
{
    type Arrangement = RowArrangement<Q, F::Value, F::Policy>;

    #[inline]
    fn look(&mut self, plan: &mut Plan<'_>, lent: &Lent<'_>) {
        RowState::look(self, plan, lent);
    }

    #[inline]
    fn views<'t>(&'t mut self, lent: &'t Lent<'_>) -> RowMut<'t, Q, F::Value, F::Policy> {
        let key = self.key();
        let (present, value, staged) = self.parts(lent);
        RowMut::new(key, present, value, staged)
    }

    #[inline]
    fn refs<'t>(&'t mut self, lent: &'t Lent<'_>) -> RowRef<'t, Q, F::Value> {
        let key = self.key();
        let (value, _, staged) = self.parts(lent);
        RowRef::new(key, value, &staged.is_used)
    }

    #[inline(always)]
    #[allow(clippy::inline_always, reason = "the phase is a constant, which most phases depend on")]
    fn run(&mut self, phase: Phase, plan: &mut Plan<'_>, lent: &mut Lent<'_>) {
        RowState::run(self, phase, plan, lent);
    }

    #[inline]
    fn note_reads(&mut self, lent: &mut Lent<'_>) {
        self.note_read(lent);
    }

    fn values(&mut self) -> Option<F::Value> {
        self.take_value()
    }

    #[inline(always)]
    #[allow(clippy::inline_always, reason = "as `run`")]
    fn finish(&mut self, end: End, plan: &mut Plan<'_>) {
        RowState::finish(self, end, plan);
    }
}

impl<F, Q> Copies for RowCopy<'_, F, Q>
where
    F: UsableTypes<Key: Borrow<Q>>,
    Q: Eq + ToOwned<Owned = F::Key> + ?Sized + 'static,
{
    type Arrangement = RowArrangement<Q, F::Value, F::Policy>;

    #[inline]
    fn attempt(&mut self, step: Step) -> bool {
        RowCopy::attempt(self, step)
    }

    #[inline]
    fn look_at_clocks(&mut self, read: &mut Readings) {
        self.look_at_clock(read);
    }

    #[inline]
    fn refs(&self) -> RowRef<'_, Q, F::Value> {
        RowRef::new(self.key(), self.value(), &self.is_used)
    }

    #[inline]
    fn note_reads(&self) {
        self.note_use();
    }
}
