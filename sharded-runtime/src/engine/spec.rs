//! What a session asks of the field that its shard belongs to.

use super::{
    budget::Budget,
    earliest::ExpiredShards,
    garbage::{Garbage, Listener},
    status::ShardStatus,
    table::{Handed, NoMemory, Offer, TableOf, TableView},
    units::{Units, Weight},
};
use crate::{
    Policy, StorageOf,
    clock::{Moment, Nanos},
    hasher::KeyHash,
    shard::array::ShardExtras,
};

/// A field, as a session sees it: its types, and what was declared for it.
pub(crate) trait Spec {
    type Key;
    type Value;
    type Policy: Policy;
    type Listener: Listener<Self::Key, Self::Value>;

    /// The time by the field's clock. Zero if no entry expires. Then no clock is read.
    fn now(&self) -> Moment;
    /// How long an entry lives after its last use. For ever if no use is tracked. Then nothing is read.
    fn idle(&self) -> Nanos;
    /// How long an entry lives whose key has this hash, unless it is given a time of its own.
    fn ttl_for(&self, hash: KeyHash) -> Nanos;
    /// Makes a time to live longer by the resolution of the clock, so that no entry expires early.
    fn lengthened(&self, ttl: Nanos) -> Nanos;

    fn hash_of(&self, key: &Self::Key) -> KeyHash;
    /// The units of the capacity that an entry takes.
    fn weigh(&self, key: &Self::Key, value: &Self::Value) -> Weight;
    /// Whether an entry may be evicted.
    fn is_evictable(&self) -> fn(&Self::Key, &Self::Value) -> bool;
    /// Who is told of entries that leave.
    fn listener(&self) -> Option<&Self::Listener>;

    /// `None`: the field has no capacity.
    fn budget(&self) -> Option<&Budget>;
    /// What lies beside the lock of each shard.
    fn statuses(&self) -> impl Iterator<Item = &ShardStatus>;
    /// A shard has got its first entry, or has lost its last one. Only called where entries may be evicted.
    fn note_occupied(&self, shard: Extras<'_, Self>, is_occupied: bool);
    /// The shards that may have expired entries. Only used where there is a capacity.
    fn expired_shards(&self) -> &ExpiredShards;
    /// Takes an expired entry out of another shard, without waiting for a lock. Returns its units, which stay taken.
    fn take_expired_elsewhere(&self, now: Moment, garbage: &mut Garbage<Self::Key, Self::Value>) -> Option<Units>;

    /// Brings a table nearer to the size that it should have, by `steps` buckets at most.
    fn step(&self, view: View<'_, Self>, table: &mut TableFor<Self>, steps: usize, now: Moment)
    -> Result<(), NoMemory>;

    /// A key with this hash was stored or taken out. What is being loaded for it must not be stored any more.
    fn overtake(&self, hash: KeyHash, is_key: &dyn Fn(&Self::Key) -> bool);
    /// As [`overtake`](Spec::overtake), for a key that is stored: what is being loaded to refresh it must not be stored
    /// any more.
    fn overtake_refresh(&self, key: &Self::Key);
}

/// The table of one shard of a field.
pub(crate) type TableFor<F> = TableOf<<F as Spec>::Key, <F as Spec>::Value, <F as Spec>::Policy>;

/// What readers without a lock follow.
pub(crate) type View<'a, F> = TableView<'a, <F as Spec>::Key, <F as Spec>::Value, StorageOf<<F as Spec>::Policy>>;

/// What lies beside the lock of one shard of a field.
pub(crate) type Extras<'a, F> = ShardExtras<'a, TableFor<F>, ShardStatus, <<F as Spec>::Policy as Policy>::Lock>;

/// An entry that a call brings to a field.
pub(crate) type OfferFor<F> = Offer<<F as Spec>::Key, <F as Spec>::Value>;

/// An entry that a call takes out of a field.
pub(crate) type HandedFor<F> = Handed<<F as Spec>::Key, <F as Spec>::Value>;
