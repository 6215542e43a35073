//! The map's part of a snapshot.

use super::sharded_map::ShardedMap;
use crate::{
    Cause, Key, Policy, Value,
    clock::{Moment, Nanos},
    engine::{
        session::Session,
        spec::Spec,
        table::{Offer, StampOf, Stored},
    },
    expiry::Stamp,
    field::{core::Core, types::FieldTypes},
    hasher::KeyHash,
    lock::Serves,
    shard::access::UserCode,
    snapshot::{
        self, FieldHead, FileReader, FileWriter, Noted, Others, Part, RestoreError, Restored, SaveError, Saved, Staged,
        Times,
    },
};

use std::{
    hash::BuildHasher,
    io::{Read, Write},
    sync::Arc,
};

/// Entries of a snapshot that are stored before the memory that held them is given back.
const CHUNK: usize = 1024;

struct Entry<K, V> {
    key: K,
    value: V,
    times: Times,
}

impl<K: Key, V: Value, P: Policy<Lock: Serves<K, V>>, S: BuildHasher + Default + 'static> ShardedMap<K, V, P, S> {
    /// Writes all entries that are alive when it is called, and returns how many: see [`snapshot`]. Needs the feature
    /// `serde`.
    ///
    /// O(n). About 64 entries are copied per lock hold, and written after the lock is released. A save is no use of an
    /// entry. If the map has a [removal listener](ShardedMap#removal-listener), it first removes what has expired, as
    /// [`sweep`](Self::sweep) does.
    ///
    /// # Errors
    ///
    /// [`SaveError`], if the writer fails, or an entry [can't be saved](crate::snapshot#what-cant-be-saved).
    ///
    /// # Panics
    ///
    /// Inside a closure on the same or a later place: see [the order](ShardedMap#order-of-nested-accesses). Nothing has
    /// been written then.
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
    /// let mut file = Vec::new();
    /// assert_eq!(shop.names().save(&mut file)?, 1);
    ///
    /// let next = Shop::new();
    /// assert_eq!(next.names().restore(&file[..])?.entries, 1);
    /// assert_eq!(next.names().get("ada"), Some(36));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn save(&self, mut writer: impl Write) -> Result<u64, SaveError>
    where
        K: Saved,
        V: Saved,
    {
        self.core.check_order();
        snapshot::save(&|visitor| visitor(self), &mut writer)
    }

    /// Stores the entries of a snapshot of this map, or of a store that has this map: it finds its own field by name.
    /// See [`snapshot`]. Needs the feature `serde`.
    ///
    /// # Errors
    ///
    /// [`RestoreError`], if the reader fails, or if the file is no snapshot, is incomplete, or does not have this map.
    /// Nothing has changed then.
    ///
    /// # Panics
    ///
    /// Inside a closure on the same or a later place: see [the order](ShardedMap#order-of-nested-accesses). Nothing has
    /// been read then. A panic in a `Deserialize` leaves the map as it was; one in a key's `Hash` or `Eq`, or for want
    /// of memory for the table, comes when some entries are in it.
    ///
    /// # Examples
    ///
    /// See [`save`](Self::save).
    #[track_caller]
    pub fn restore(&self, mut reader: impl Read) -> Result<Restored, RestoreError>
    where
        K: Saved,
        V: Saved,
    {
        self.core.check_order();
        snapshot::restore(&|visitor| visitor(self), &mut reader, Others::PassedOver)
    }

    /// The former name of [`restore`](Self::restore).
    ///
    /// # Errors
    ///
    /// As [`restore`](Self::restore).
    #[deprecated(note = "it is called `restore`")]
    #[track_caller]
    pub fn load(&self, reader: impl Read) -> Result<Restored, RestoreError>
    where
        K: Saved,
        V: Saved,
    {
        self.restore(reader)
    }

    /// Stores an entry of a snapshot. The listener is told of entries that are not stored, since no call returns them.
    fn put_restored(&self, entry: Entry<K, V>, restored: &mut Restored) {
        let Entry { key, value, times: Times { left, unused } } = entry;
        let hash = self.core.hasher.hash(&key);
        let shard = self.core.route(hash);
        let mut offer = Offer::new(key, value);
        if unused >= self.core.idle {
            restored.expired += 1;
            self.core.write(shard, UserCode::Traits, |session| session.depart_offered(&mut offer, Cause::Expired));
            return;
        }
        let is_refused = if StampOf::<P>::TRACKS_ACCESS {
            self.put_unused(hash, &mut offer, left, unused)
        } else {
            self.put(&mut offer, left) == Stored::Refused
        };
        if is_refused {
            restored.refused += 1;
            self.core.write(shard, UserCode::Traits, |session| session.depart_offered(&mut offer, Cause::Evicted));
        } else {
            restored.entries += 1;
        }
    }

    /// Stores what is on offer for this long, as an entry that was unused for so long. Says whether it stays on offer,
    /// as there is no room.
    fn put_unused(&self, hash: KeyHash, offer: &mut Offer<K, V>, left: Option<Nanos>, unused: Nanos) -> bool {
        let shard = self.core.route(hash);
        let put = |offer: &mut Offer<K, V>| {
            self.core.write(shard, UserCode::Traits, |session| put_unused(session, hash, offer, left, unused));
        };
        put(offer);
        // As any other insert where entries may not be evicted.
        if P::PINS && offer.is_whole() && self.core.make_room_elsewhere(hash, offer) {
            put(offer);
        }
        offer.is_whole()
    }
}

impl<K, V, P, S> Part for ShardedMap<K, V, P, S>
where
    K: Key + Saved,
    V: Value + Saved,
    P: Policy,
    P::Lock: Serves<K, V>,
    S: BuildHasher + Default + 'static,
{
    fn check_order(&self) {
        self.core.check_order();
    }

    fn begin_save(&self) -> Moment {
        // The time comes first: what expires later than this is saved, or removed and told of here.
        let began = self.core.now();
        if StampOf::<P>::EXPIRES && self.core.listener().is_some() {
            self.core.remove_expired();
        }
        began
    }

    fn save_part(&self, file: &mut FileWriter<'_>, began: Moment) -> Result<(), SaveError> {
        let noted = Noted { left: StampOf::<P>::EXPIRES, unused: StampOf::<P>::TRACKS_ACCESS };
        let mut field = file.field(P::NAME, noted)?;
        for shard in 0..self.core.shard_count() {
            self.core.copy_live(shard, began, |entry| field.entry(&mut entry.key, &mut entry.value, entry.times))?;
        }
        field.finish()
    }

    fn restore_part(&self, head: &FieldHead, file: &mut FileReader<'_>) -> Result<Staged, RestoreError> {
        let mut chunks: Vec<Vec<Entry<K, V>>> = Vec::new();
        file.entries(P::NAME, head.noted, |key, value, times| {
            let entry = Entry { key, value, times };
            match chunks.last_mut().filter(|chunk| chunk.len() < CHUNK) {
                Some(chunk) => chunk.push(entry),
                None => chunks.push(vec![entry]),
            }
        })?;
        // By another handle to the same map, since it outlives this call.
        let map = ShardedMap { core: Arc::clone(&self.core) };
        Ok(Box::new(move || {
            let mut restored = Restored::default();
            for entry in chunks.into_iter().flatten() {
                map.put_restored(entry, &mut restored);
            }
            restored
        }))
    }
}

impl<F: FieldTypes> Core<F> {
    /// Panics where this thread may not access every shard of the map now.
    #[track_caller]
    fn check_order(&self) {
        self.shards.check();
    }

    /// Lends copies of the entries of a shard that had not expired when the save `began`, each that is there all the
    /// while exactly once, without its lock. No use of the entries.
    fn copy_live<E>(
        &self,
        shard: usize,
        began: Moment,
        mut each: impl FnMut(&mut Entry<F::Key, F::Value>) -> Result<(), E>,
    ) -> Result<(), E>
    where
        F::Key: Clone,
        F::Value: Clone,
    {
        self.visit(
            shard,
            |entry, copies| {
                if let Some(times) = self.times(entry.stamp(), began) {
                    copies.push(Entry { key: entry.key().clone(), value: entry.value().clone(), times });
                }
            },
            |copies| copies.iter_mut().try_for_each(&mut each),
        )
    }

    /// The times of an entry with this stamp, if it had not expired when the save `began`.
    ///
    /// One that has expired since is saved with the least time that a file can hold, so the listener of the process
    /// that restores it is told of it. If it were left out, the process that saves might end before its listener is
    /// told.
    fn times(&self, stamp: &StampOf<F::Policy>, began: Moment) -> Option<Times> {
        if stamp.deadline(self.idle).has_passed(began) {
            return None;
        }
        let now = self.now();
        // With an idle time of zero it would have expired at its last use, with one for ever it expires by its ttl.
        let (used, deadline) = (stamp.deadline(Nanos::ZERO), stamp.deadline(Nanos::FOREVER));
        let is_declared = deadline.is_never() && self.ttl.is_forever();
        let left = (!is_declared).then(|| deadline.left(now).max(Nanos::new(1)));
        // `left` is longer by the resolution of the clock than what is sure to be left, since the time has passed by up
        // to as much. `unused` is shorter by it, as the time may have gone on more by the clock than in truth. So an
        // entry does not go early after a restart, either.
        let unused = if StampOf::<F::Policy>::TRACKS_ACCESS { used.overdue(now) } else { Nanos::ZERO };
        Some(Times { left, unused: unused.minus(self.clock.resolution()) })
    }
}

/// Stores the entry on offer, in place of what its key had, for this long or the declared time, as an entry that was
/// unused for so long, which is less than the idle time. It stays on offer if there is no room.
fn put_unused<F: Spec<Key: Eq>>(
    session: &mut Session<'_, F>,
    hash: KeyHash,
    offer: &mut Offer<F::Key, F::Value>,
    ttl: Option<Nanos>,
    unused: Nanos,
) {
    if !session.fits(session.weight_of(offer)) {
        return;
    }
    let slot = match session.find_offered(hash, offer) {
        Some(slot) => {
            session.replace(slot, hash, offer, ttl);
            session.depart_offered(offer, Cause::Replaced);
            Some(slot)
        }
        None => session.insert(hash, offer, ttl),
    };
    if let Some(slot) = slot.filter(|_| unused > Nanos::ZERO) {
        session.used_before(slot, unused);
    }
}
