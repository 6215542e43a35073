//! The set's part of a snapshot.

use super::sharded_set::ShardedSet;
use crate::{
    Key, Policy, ShardedMap,
    clock::Moment,
    lock::Serves,
    snapshot::{FieldHead, FileReader, FileWriter, Part, RestoreError, Restored, SaveError, Saved, Staged},
};
use std::{
    hash::BuildHasher,
    io::{Read, Write},
};

impl<K: Key, P: Policy<Lock: Serves<K, ()>>, S: BuildHasher + Default + 'static> ShardedSet<K, P, S> {
    /// Writes all keys that are alive when it is called, and returns how many: see [`ShardedMap::save`]. Needs the
    /// feature `serde`.
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
    /// # use std::collections::HashSet;
    /// # #[sharded(ttl = "1h")]
    /// # struct Chat { online: HashSet<String> }
    /// let chat = Chat::new();
    /// chat.online().insert("ada".to_owned());
    /// let mut file = Vec::new();
    /// assert_eq!(chat.online().save(&mut file)?, 1);
    ///
    /// let next = Chat::new();
    /// assert_eq!(next.online().restore(&file[..])?.entries, 1);
    /// assert!(next.online().contains("ada"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn save(&self, writer: impl Write) -> Result<u64, SaveError>
    where
        K: Saved,
    {
        self.map.save(writer)
    }

    /// Adds the keys of a snapshot: see [`ShardedMap::restore`]. Needs the feature `serde`.
    ///
    /// # Errors
    ///
    /// [`RestoreError`], if the reader fails, or if the file is no snapshot, is incomplete, or does not have this set.
    /// Nothing has changed then.
    ///
    /// # Panics
    ///
    /// As [`ShardedMap::restore`].
    ///
    /// # Examples
    ///
    /// See [`save`](Self::save).
    #[track_caller]
    pub fn restore(&self, reader: impl Read) -> Result<Restored, RestoreError>
    where
        K: Saved,
    {
        self.map.restore(reader)
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
    {
        self.restore(reader)
    }
}

impl<K, P: Policy, S> Part for ShardedSet<K, P, S>
where
    ShardedMap<K, (), P, S>: Part,
{
    fn check_order(&self) {
        self.map.check_order();
    }

    fn begin_save(&self) -> Moment {
        self.map.begin_save()
    }

    fn save_part(&self, file: &mut FileWriter<'_>, began: Moment) -> Result<(), SaveError> {
        self.map.save_part(file, began)
    }

    fn restore_part(&self, head: &FieldHead, file: &mut FileReader<'_>) -> Result<Staged, RestoreError> {
        self.map.restore_part(head, file)
    }
}
