//! The map's part of a snapshot.

use super::sharded_map::ShardedMap;
use crate::{
    Key, Policy, Value,
    clock::Moment,
    engine::{spec::Spec, table::StampOf},
    expiry::Stamp,
    field::saved::Entry,
    lock::Serves,
    snapshot::{
        self, FieldHead, FileReader, FileWriter, Noted, Others, Part, RestoreError, Restored, SaveError, Saved, Staged,
    },
};

use std::{
    hash::BuildHasher,
    io::{Read, Write},
    sync::Arc,
};

/// The entries of a snapshot that share one allocation, which is freed when all of them are stored.
const CHUNK: usize = 1024;

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
    /// Inside a closure on the same or a later shard: see [the order](ShardedMap#order-of-nested-accesses). Nothing has
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
    /// Inside a closure on the same or a later shard: see [the order](ShardedMap#order-of-nested-accesses). Nothing has
    /// been read then. A panic in a `Deserialize` leaves the map as it was. A panic in a key's `Hash` or `Eq`, or
    /// because memory for the table is refused, leaves the entries that were stored before it.
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
        // The time comes first: entries that expire after it are saved, or removed here and given to the listener.
        let began = self.core.now();
        if let Some(listener) = self.core.listener() {
            if StampOf::<P>::EXPIRES {
                self.core.remove_expired();
            }
            // Another thread may be calling it.
            listener.finish();
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
        // The result outlives this call.
        let core = Arc::clone(&self.core);
        Ok(Box::new(move || {
            let mut restored = Restored::default();
            for entry in chunks.into_iter().flatten() {
                core.restore_entry(entry, &mut restored);
            }
            restored
        }))
    }
}
