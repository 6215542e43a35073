//! A field, as a session sees it.

use super::{
    budget::Budget,
    earliest::ExpiredShards,
    garbage::{Garbage, Listener},
    index::Index,
    status::ShardStatus,
    table::{Handed, NoMemory, Offer, Slot, TableOf, TableView},
    units::{Units, Weight},
};
use crate::{
    Policy, StorageOf,
    clock::{Moment, Nanos},
    hasher::KeyHash,
    shard::array::{self, ShardExtras},
};
use std::sync::Arc;

/// The types of a field, and what was declared for it.
pub(crate) trait Spec {
    type Key;
    type Value;
    type Policy: Policy;
    type Listener: Listener<Self::Key, Self::Value>;

    /// The time by the field's clock. Always zero if no entries expire, without reading a clock.
    fn now(&self) -> Moment;
    /// How long an entry lives after its last use. `FOREVER` if uses are not tracked.
    fn idle(&self) -> Nanos;
    /// The declared ttl of an entry whose key has this hash.
    fn ttl_for(&self, hash: KeyHash) -> Nanos;
    /// Adds the resolution of the clock to a ttl, so that no entry expires early.
    fn lengthened(&self, ttl: Nanos) -> Nanos;

    fn hash_of(&self, key: &Self::Key) -> KeyHash;
    /// The weight of an entry.
    fn weigh(&self, key: &Self::Key, value: &Self::Value) -> Weight;
    /// The ttl that an entry gets from its key and value. User code.
    fn ttl_of(&self, key: &Self::Key, value: &Self::Value) -> Nanos;
    /// Whether an entry may be evicted.
    fn is_evictable(&self) -> fn(&Self::Key, &Self::Value) -> bool;
    /// The indexes of the map. Only asked where the policy says that there are any.
    fn indexes(&self) -> &[Arc<dyn Index<Self::Key, Self::Value>>];
    /// The slot of a key in a table of the field. Only asked where there are indexes.
    fn slot_of(&self, table: &TableFor<Self>, hash: KeyHash, key: &Self::Key) -> Option<Slot>;
    /// The removal listener.
    fn listener(&self) -> Option<&Self::Listener>;

    /// `None` if the field has no capacity.
    fn budget(&self) -> Option<&Budget>;
    /// The status of each shard.
    fn statuses(&self) -> impl Iterator<Item = &ShardStatus>;
    /// Notes that a shard has got its first entry, or has lost its last one. Called only if the field has a capacity.
    fn note_occupied(&self, shard: Extras<'_, Self>, is_occupied: bool);
    /// Notes how many retired entries a shard has. Used only if entries are shared with readers.
    fn note_retired(&self, shard: Extras<'_, Self>, entries: usize);
    /// The shards that may have expired entries. Used only if the field has a capacity.
    fn expired_shards(&self) -> &ExpiredShards;
    /// Removes an expired entry of another shard, without waiting for a lock. Returns its units, which stay taken.
    fn take_expired_elsewhere(&self, now: Moment, garbage: &mut Garbage<Self::Key, Self::Value>) -> Option<Units>;

    /// Whether an entry still has what an index says of it, asked inside a session of another shard. It does not wait
    /// long for the lock of the entry's shard: `None` if that is in use. An entry that has expired leaves.
    fn is_holding_elsewhere(
        &self,
        hash: KeyHash,
        key: &Self::Key,
        is_same: &dyn Fn(&Self::Key, &Self::Value) -> bool,
        garbage: &mut Garbage<Self::Key, Self::Value>,
    ) -> Option<bool>;
    /// Whether a key with this hash lies in this shard.
    fn is_in(&self, shard: Extras<'_, Self>, hash: KeyHash) -> bool;

    /// Does at most `steps` steps of growth or shrinking.
    fn step(&self, view: View<'_, Self>, table: &mut TableFor<Self>, steps: usize, now: Moment)
    -> Result<(), NoMemory>;

    /// Makes a load of a key with this hash discard its value, since the key was stored or removed.
    fn overtake(&self, hash: KeyHash, is_key: &dyn Fn(&Self::Key) -> bool);
    /// As [`overtake`](Spec::overtake), for a refresh of a stored key.
    fn overtake_refresh(&self, key: &Self::Key);
}

/// The table of one shard of a field.
pub(crate) type TableFor<F> = TableOf<<F as Spec>::Key, <F as Spec>::Value, <F as Spec>::Policy>;

/// The view of a table for readers without a lock.
pub(crate) type View<'a, F> = TableView<'a, <F as Spec>::Key, <F as Spec>::Value, StorageOf<<F as Spec>::Policy>>;

/// The parts of a shard of a field that need no lock.
pub(crate) type Extras<'a, F> = ShardExtras<'a, TableFor<F>, ShardStatus, <<F as Spec>::Policy as Policy>::Lock>;

/// A shard of a field, before its lock is taken.
pub(crate) type FoundShard<'a, F> =
    array::FoundShard<'a, TableFor<F>, ShardStatus, <<F as Spec>::Policy as Policy>::Lock>;

/// An entry that a call brings to a field.
pub(crate) type OfferFor<F> = Offer<<F as Spec>::Key, <F as Spec>::Value>;

/// An entry that a call removes from a field.
pub(crate) type HandedFor<F> = Handed<<F as Spec>::Key, <F as Spec>::Value>;
