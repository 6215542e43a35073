//! The keys of a map that are being loaded.

use super::crew::Flight;
use crate::{hasher::KeyHash, memory::sync::unmodelled::Mutex};
use hashbrown::HashTable;
use std::sync::{Arc, OnceLock};

/// The flights without a leader that a call forgets before it looks for a flight: more than the one that it may leave
/// behind.
const TIDIED: usize = 2;

/// The flights for which an empty registry keeps memory.
const KEPT: usize = 64;

/// The flights of a map. Two words until the first load. Their type is erased, so that the code of registries and of
/// their `Drop` is compiled only for maps that load.
pub(crate) struct Flights<K, V>(OnceLock<Box<dyn Fleet<K, V> + Send + Sync>>);

/// The flights of all shards, as writers see them. The caller of each method holds the exclusive lock of the shard.
trait Fleet<K, V> {
    fn of(&self, shard: usize) -> Option<&OfShard<K, V>>;
    /// A key was stored or removed.
    fn overtake(&self, shard: usize, hash: KeyHash, is_key: &dyn Fn(&K) -> bool);
    /// As [`overtake`](Fleet::overtake), for all keys with this hash: keys can't be compared here. Mostly there is only
    /// one. A load that is overtaken without need is only repeated.
    fn overtake_alike(&self, shard: usize, hash: KeyHash);
    /// All keys were removed.
    fn overtake_all(&self, shard: usize);
}

impl<K, V> Fleet<K, V> for Box<[OfShard<K, V>]> {
    fn of(&self, shard: usize) -> Option<&OfShard<K, V>> {
        self.get(shard)
    }

    fn overtake(&self, shard: usize, hash: KeyHash, is_key: &dyn Fn(&K) -> bool) {
        self[shard].registry.lock().overtake(hash, is_key);
    }

    fn overtake_alike(&self, shard: usize, hash: KeyHash) {
        self[shard].registry.lock().overtake_alike(hash);
    }

    fn overtake_all(&self, shard: usize) {
        self[shard].registry.lock().epoch += 1;
    }
}

struct OfShard<K, V> {
    /// Only locked under the exclusive lock of the shard, so `Eq` of keys may run under it.
    registry: Mutex<Registry<K, V>>,
    /// Flights without a leader, with the hashes of their keys. They were left by calls that could not wait for the
    /// lock of the shard.
    adrift: Mutex<Vec<(KeyHash, Arc<Flight<V>>)>>,
}

/// The flights of a shard.
pub(crate) struct Registry<K, V> {
    entries: HashTable<Entry<K, V>>,
    /// How many times all keys were removed at once.
    epoch: u64,
}

struct Entry<K, V> {
    hash: KeyHash,
    key: K,
    flight: Arc<Flight<V>>,
    /// The epoch in which it began. `None` once the key was stored or removed: then the loaded value is old, so it must
    /// not be stored, and later callers must not get it.
    epoch: Option<u64>,
}

/// The result of joining the flight of a key.
pub(crate) enum Boarded<V> {
    /// The caller leads.
    Lead(Arc<Flight<V>>),
    /// The caller waits, with this ticket.
    Wait(Arc<Flight<V>>, u64),
}

/// What a flight leaves when it ends.
pub(crate) struct Landed<K> {
    pub(crate) key: K,
    /// Whether the key was neither stored nor removed meanwhile.
    pub(crate) is_current: bool,
}

impl<K, V> Flights<K, V> {
    pub(crate) fn new() -> Self {
        Flights(OnceLock::new())
    }

    /// Allocates the registries. Called before the lock of a shard is taken.
    pub(crate) fn prepare(&self, shards: usize)
    where
        K: Send + 'static,
        V: Send + 'static,
    {
        self.0.get_or_init(|| {
            let of_shard = |_| OfShard { registry: Mutex::new(Registry::new()), adrift: Mutex::default() };
            Box::new((0..shards).map(of_shard).collect::<Box<[_]>>())
        });
    }

    fn of(&self, shard: usize) -> Option<&OfShard<K, V>> {
        self.0.get()?.of(shard)
    }

    /// Calls the closure with the registry of a shard, if there was ever a load. The caller holds the exclusive lock of
    /// the shard.
    pub(crate) fn with<R>(&self, shard: usize, lend: impl FnOnce(&mut Registry<K, V>) -> R) -> Option<R> {
        Some(lend(&mut self.of(shard)?.registry.lock()))
    }

    /// Makes a load of this key discard its value, since the key was stored or removed. The caller holds the exclusive
    /// lock of the shard.
    pub(crate) fn overtake(&self, shard: usize, hash: KeyHash, is_key: &dyn Fn(&K) -> bool) {
        if let Some(flights) = self.0.get() {
            flights.overtake(shard, hash, is_key);
        }
    }

    /// As [`overtake`](Flights::overtake), for all keys with this hash.
    pub(crate) fn overtake_alike(&self, shard: usize, hash: KeyHash) {
        if let Some(flights) = self.0.get() {
            flights.overtake_alike(shard, hash);
        }
    }

    /// As [`overtake`](Flights::overtake), for all keys of the shard.
    pub(crate) fn overtake_all(&self, shard: usize) {
        if let Some(flights) = self.0.get() {
            flights.overtake_all(shard);
        }
    }

    /// Leaves a flight without a leader to the next call that looks for a flight in its shard.
    pub(crate) fn set_adrift(&self, shard: usize, hash: KeyHash, flight: &Arc<Flight<V>>) {
        if let Some(of_shard) = self.of(shard) {
            of_shard.adrift.lock().push((hash, Arc::clone(flight)));
        }
    }

    /// Whether flights of a shard were [left](Flights::set_adrift).
    pub(crate) fn has_adrift(&self, shard: usize) -> bool {
        self.of(shard).is_some_and(|of_shard| !of_shard.adrift.lock().is_empty())
    }

    /// Forgets some of the flights of a shard that were [left](Flights::set_adrift). The caller holds the exclusive
    /// lock of the shard, and drops the keys after its release.
    pub(crate) fn tidy(&self, shard: usize, mut leave: impl FnMut(K)) {
        let Some(of_shard) = self.of(shard) else { return };
        for _ in 0..TIDIED {
            let Some((hash, flight)) = of_shard.adrift.lock().pop() else { return };
            let key = of_shard.registry.lock().forget_adrift(hash, &flight);
            key.into_iter().for_each(&mut leave);
        }
    }
}

impl<K, V> Registry<K, V> {
    fn new() -> Self {
        Registry { entries: HashTable::new(), epoch: 0 }
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Joins the flight of a key that is not stored. If there is none, begins it and takes the key.
    pub(crate) fn board(&mut self, hash: KeyHash, key: &mut Option<K>) -> Option<Boarded<V>>
    where
        K: Eq,
    {
        if let Some(flight) = self.find(hash, key.as_ref()?) {
            let flight = Arc::clone(flight);
            return Some(match flight.board() {
                Some(ticket) => Boarded::Wait(flight, ticket),
                None => Boarded::Lead(flight),
            });
        }
        Some(Boarded::Lead(self.begin(hash, key.take()?)))
    }

    /// As [`board`](Registry::board), for a call that does not wait: `None` if the flight has a leader. The key may be
    /// stored.
    pub(crate) fn lead(&mut self, hash: KeyHash, key: &mut Option<K>) -> Option<Arc<Flight<V>>>
    where
        K: Eq,
    {
        match self.find(hash, key.as_ref()?) {
            // The lead is only taken under the shard's lock.
            Some(flight) if flight.is_adrift() && flight.board().is_none() => Some(Arc::clone(flight)),
            Some(_) => None,
            None => Some(self.begin(hash, key.take()?)),
        }
    }

    fn find(&self, hash: KeyHash, key: &K) -> Option<&Arc<Flight<V>>>
    where
        K: Eq,
    {
        let is_this = |entry: &Entry<K, V>| entry.is_current(hash, self.epoch) && entry.key == *key;
        self.entries.find(hash.bits(), is_this).map(|entry| &entry.flight)
    }

    fn begin(&mut self, hash: KeyHash, key: K) -> Arc<Flight<V>> {
        let flight = Arc::new(Flight::new());
        let entry = Entry { hash, key, flight: Arc::clone(&flight), epoch: Some(self.epoch) };
        self.entries.insert_unique(hash.bits(), entry, |entry| entry.hash.bits());
        flight
    }

    fn overtake(&mut self, hash: KeyHash, is_key: &dyn Fn(&K) -> bool) {
        for entry in self.entries.iter_hash_mut(hash.bits()) {
            if entry.is_current(hash, self.epoch) {
                // Changed before the comparison, since `Eq` may panic.
                let epoch = entry.epoch.take();
                if is_key(&entry.key) {
                    return;
                }
                entry.epoch = epoch;
            }
        }
    }

    fn overtake_alike(&mut self, hash: KeyHash) {
        self.entries.iter_hash_mut(hash.bits()).filter(|entry| entry.hash == hash).for_each(|entry| entry.epoch = None);
    }

    /// Whether the key of a flight was neither stored nor removed since the flight began.
    pub(crate) fn is_current(&self, hash: KeyHash, flight: &Arc<Flight<V>>) -> bool {
        let epoch = self.epoch;
        self.entries
            .find(hash.bits(), |entry| Arc::ptr_eq(&entry.flight, flight))
            .is_some_and(|e| e.is_current(hash, epoch))
    }

    /// Ends a flight.
    pub(crate) fn land(&mut self, hash: KeyHash, flight: &Arc<Flight<V>>) -> Option<Landed<K>> {
        let entry = self.entries.find_entry(hash.bits(), |entry| Arc::ptr_eq(&entry.flight, flight)).ok()?.remove().0;
        if self.entries.is_empty() && self.entries.capacity() > KEPT {
            self.entries = HashTable::new();
        }
        // Still under the shard's lock, so no caller joins it any more.
        flight.land();
        Some(Landed { is_current: entry.is_current(hash, self.epoch), key: entry.key })
    }

    /// Undoes [`land`](Registry::land), in the same lock hold.
    pub(crate) fn resume(&mut self, hash: KeyHash, flight: &Arc<Flight<V>>, key: K) {
        flight.resume();
        let entry = Entry { hash, key, flight: Arc::clone(flight), epoch: Some(self.epoch) };
        self.entries.insert_unique(hash.bits(), entry, |entry| entry.hash.bits());
    }

    /// Ends a flight that has no leader, unless it has one by now.
    pub(crate) fn forget_adrift(&mut self, hash: KeyHash, flight: &Arc<Flight<V>>) -> Option<K> {
        // The lead is only taken under the shard's lock.
        if !flight.is_adrift() {
            return None;
        }
        self.land(hash, flight).map(|landed| landed.key)
    }
}

impl<K, V> Entry<K, V> {
    fn is_current(&self, hash: KeyHash, epoch: u64) -> bool {
        self.hash == hash && self.epoch == Some(epoch)
    }
}
