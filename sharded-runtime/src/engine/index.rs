//! What a session asks of the indexes of its map.
//!
//! An index has, for each index key, the keys of the entries that have it. A session tells it of every change of an
//! entry while it holds the lock of the entry's shard. So what an index says of one entry changes under one lock, and
//! the lock of an index shard is only taken alone, or inside shards of maps.
//!
//! In a unique index each index key has one holder. Only a thread that has the lock of the holder's shard takes the
//! index key away from it, unless the holder does not have it any more.

use crate::hasher::LowHash;
use std::{
    mem,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// The key of an entry, its hash, and a value that the entry has or is going to have.
pub(crate) struct Entrant<'e, K, V> {
    pub(crate) key: &'e K,
    pub(crate) hash: LowHash,
    pub(crate) value: &'e V,
}

impl<K, V> Clone for Entrant<'_, K, V> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K, V> Copy for Entrant<'_, K, V> {}

/// The entry that a unique index has for an index key.
#[derive(Debug)]
pub(crate) struct Holder<K> {
    pub(crate) key: K,
    /// Differs each time that the index key gets a holder.
    pub(crate) version: u64,
    /// The transaction in which the holder keeps it or gets it, or [gives it up](TransactionId::giving_up).
    pub(crate) noted: TransactionId,
}

impl<K> Holder<K> {
    /// Whether the holder is an entry of this transaction, which will have the index key when that is committed.
    pub(crate) fn is_of(&self, transaction: TransactionId) -> bool {
        transaction != TransactionId::NONE && self.noted == transaction
    }
}

/// What became of the index key of a new value.
#[derive(Debug)]
pub(crate) enum Claim<K> {
    /// The entry has the same index key as before, or no index key now and before.
    Unchanged,
    /// The entry has it now.
    Changed,
    /// The index is unique, and says that another entry has it.
    Held(Holder<K>),
}

/// A transaction that is being committed. No other one ever has the same number, so what an index remembers of one that
/// has ended is about no later one. The numbers are even.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TransactionId(u64);

impl TransactionId {
    /// No transaction.
    pub(crate) const NONE: TransactionId = TransactionId(0);

    /// A transaction that begins to change indexes.
    pub(crate) fn new() -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        TransactionId(LAST.fetch_add(2, Ordering::Relaxed) + 2)
    }

    /// A note that the holder of an index key gives it up in this transaction. It differs from all transactions.
    pub(crate) fn giving_up(self) -> Self {
        TransactionId(self.0 | 1)
    }
}

/// An index of a map with these keys and values.
///
/// The methods run code of the user: the function that makes index keys, and the traits of keys and index keys. Those
/// that must not fail contain its panics: then the index may keep a key that does not have this index key any more,
/// which is found out when it is looked at.
pub(crate) trait Index<K, V>: Send + Sync {
    fn name(&self) -> &'static str;

    /// Enters the index key of a value that is going to be stored, in place of an `old` one. In a commit, it may be one
    /// that another entry of the transaction [gives up](Index::give_up).
    fn claim(&self, new: Entrant<'_, K, V>, old: Option<&V>, by: TransactionId) -> Claim<K>;

    /// Removes the index key of a value that is going to leave, or that was not stored, unless another value of the
    /// entry has the same. Contains panics.
    fn release(&self, gone: Entrant<'_, K, V>, other: Option<&V>);

    /// Has a value changed in place, and enters the index key that it has then, before the former one leaves. If
    /// `change` panics, the value has no index key, unless it is still the former one. Returns what is missing if
    /// another entry holds the new index key.
    fn follow<'i>(
        &'i self,
        key: &K,
        hash: LowHash,
        value: &mut V,
        change: &mut dyn FnMut(&mut V),
    ) -> Option<Unfinished<'i, K>>;

    /// The holder of the index key of a value that is going to be stored, if that is another entry.
    fn other_holder(&self, new: Entrant<'_, K, V>) -> Option<Holder<K>>;

    /// Takes the index key of a value that is going to be stored from a holder that does not have it any more, unless
    /// it has got it again since.
    fn dismiss(&self, new: Entrant<'_, K, V>, holder: &Holder<K>);

    /// Whether two entries have the same index key.
    fn is_same(&self, one: (&K, &V), other: (&K, &V)) -> bool;

    /// Notes that an entry is going to give up the index key of its value in this transaction, or that it keeps it,
    /// since the new one has the same.
    fn give_up(&self, old: Entrant<'_, K, V>, new: Option<&V>, by: TransactionId);

    /// Undoes [`give_up`](Index::give_up), and [`claim`](Index::claim) of the same index key by another entry. Contains
    /// panics, and returns whether there was none.
    fn keep(&self, old: Entrant<'_, K, V>, new: Option<&V>) -> bool;
}

/// A change in place to an index key that another entry holds.
pub(crate) struct Unfinished<'i, K> {
    pub(crate) holder: Holder<K>,
    /// If there was an index key. It leaves when the new one has been entered, or was refused.
    pub(crate) former: Option<Leaving<'i>>,
}

/// A key that is still entered for a former index key. It leaves when this is dropped.
pub(crate) struct Leaving<'i>(Option<Box<dyn FnOnce() + 'i>>);

impl<'i> Leaving<'i> {
    /// The call contains panics.
    pub(crate) fn new(leave: impl FnOnce() + 'i) -> Self {
        Leaving(Some(Box::new(leave)))
    }
}

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        if let Some(leave) = self.0.take() {
            leave();
        }
    }
}

/// What is missing after a change in place, with the numbers of the indexes.
pub(crate) type UnfinishedIn<'i, K> = Vec<(usize, Unfinished<'i, K>)>;

/// The indexes in which a new value has another index key than the old one, one bit for each.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Claims(u64);

impl Claims {
    /// Whether all index keys are as before.
    #[inline]
    pub(crate) fn are_none(self) -> bool {
        self.0 == 0
    }

    fn add(&mut self, index: usize) {
        self.0 |= 1 << index;
    }

    fn has(self, index: usize) -> bool {
        self.0 & (1 << index) != 0
    }
}

/// The indexes of a map.
pub(crate) type Indexes<K, V> = [Arc<dyn Index<K, V>>];

/// Enters the index keys of a value that is going to be stored, in place of an `old` one. If another entry holds one,
/// or user code panics, none is entered, or it is the transaction's to undo that. `None` if another entry holds one:
/// which it is, [`claim_each`] says when it is called next. Most calls need not know, and then no holder has to be
/// moved.
#[inline(always)]
#[allow(clippy::inline_always, reason = "saves 60 of 740 instructions of an insert of a new entry")]
pub(crate) fn claim_all<K, V>(
    indexes: &Indexes<K, V>,
    new: Entrant<'_, K, V>,
    old: Option<&V>,
    by: TransactionId,
) -> Option<Claims> {
    let [index] = indexes else { return claim_each(indexes, new, old, by).ok() };
    match index.claim(new, old, by) {
        Claim::Unchanged => Some(Claims::default()),
        Claim::Changed => Some(Claims(1)),
        Claim::Held(_) => None,
    }
}

/// As [`claim_all`].
///
/// # Errors
///
/// The number of the first index in which another entry holds the index key, and that entry.
#[inline(never)]
pub(crate) fn claim_each<K, V>(
    indexes: &Indexes<K, V>,
    new: Entrant<'_, K, V>,
    old: Option<&V>,
    by: TransactionId,
) -> Result<Claims, (usize, Holder<K>)> {
    let mut claiming = Claiming { indexes, new, claims: Claims::default(), by };
    for (number, index) in indexes.iter().enumerate() {
        match index.claim(new, old, by) {
            Claim::Unchanged => {}
            Claim::Changed => claiming.claims.add(number),
            Claim::Held(holder) => return Err((number, holder)),
        }
    }
    let claims = claiming.claims;
    mem::forget(claiming);
    Ok(claims)
}

/// The index keys of a new value while they are entered. If that ends early, those that were entered are removed.
struct Claiming<'e, K, V> {
    indexes: &'e Indexes<K, V>,
    new: Entrant<'e, K, V>,
    claims: Claims,
    by: TransactionId,
}

impl<K, V> Drop for Claiming<'_, K, V> {
    #[cold]
    fn drop(&mut self) {
        // A transaction undoes what it has entered for all its entries, in an order of its own.
        if self.by == TransactionId::NONE {
            release_claimed(self.indexes, self.new, self.claims);
        }
    }
}

/// Removes the index keys of a value in these indexes: of one that was not stored, where they were entered, or of one
/// in place of which another is stored, where they differ.
pub(crate) fn release_claimed<K, V>(indexes: &Indexes<K, V>, gone: Entrant<'_, K, V>, claims: Claims) {
    for (number, index) in indexes.iter().enumerate() {
        if claims.has(number) {
            index.release(gone, None);
        }
    }
}

/// Has a value changed in place while each index follows the change. Returns what is missing in the indexes in which
/// the index key is held, if there are any.
#[inline]
pub(crate) fn follow_all<'i, K, V>(
    indexes: &'i Indexes<K, V>,
    entry: (&K, LowHash),
    value: &mut V,
    change: &mut dyn FnMut(&mut V),
) -> Option<UnfinishedIn<'i, K>> {
    let [index] = indexes else { return follow_several(indexes, entry, value, change) };
    index.follow(entry.0, entry.1, value, change).map(only_missing)
}

#[cold]
fn only_missing<K>(unfinished: Unfinished<'_, K>) -> UnfinishedIn<'_, K> {
    vec![(0, unfinished)]
}

#[inline(never)]
fn follow_several<'i, K, V>(
    indexes: &'i Indexes<K, V>,
    entry: (&K, LowHash),
    value: &mut V,
    change: &mut dyn FnMut(&mut V),
) -> Option<UnfinishedIn<'i, K>> {
    let mut missing = Vec::new();
    follow_each(indexes, entry, value, &mut missing, change);
    if missing.is_empty() { None } else { Some(missing) }
}

fn follow_each<'i, K, V>(
    indexes: &'i Indexes<K, V>,
    entry: (&K, LowHash),
    value: &mut V,
    missing: &mut UnfinishedIn<'i, K>,
    change: &mut dyn FnMut(&mut V),
) {
    let Some((last, before)) = indexes.split_last() else { return change(value) };
    let mut inner = |value: &mut V| follow_each(before, entry, value, missing, change);
    if let Some(unfinished) = last.follow(entry.0, entry.1, value, &mut inner) {
        missing.push((before.len(), unfinished));
    }
}
