//! Saves a store to a file and restores it, so that a service keeps its state over a restart.
//!
//! This needs the feature `serde` of this crate. A store with `#[sharded(snapshot)]` is a [`Snapshot`]. A single map or
//! set has `save` and `restore` without that attribute.
//!
//! ```
//! use sharded::{sharded, snapshot::Snapshot};
//! use std::{collections::HashMap, error::Error, fs::{self, File}, io, path::Path};
//!
//! #[sharded(snapshot, ttl = "30m")]
//! struct Shop {
//!     carts: HashMap<u64, Vec<String>>,
//! }
//!
//! /// Writes to another name first, so that `path` always is a complete snapshot.
//! fn save(shop: &Shop, path: &Path) -> Result<(), Box<dyn Error>> {
//!     let unfinished = path.with_extension("unfinished");
//!     let file = File::create(&unfinished)?;
//!     shop.save(&file)?;
//!     file.sync_all()?;
//!     Ok(fs::rename(unfinished, path)?)
//! }
//!
//! fn start(path: &Path) -> Result<Shop, Box<dyn Error>> {
//!     let shop = Shop::new();
//!     match File::open(path) {
//!         Ok(file) => {
//!             let restored = shop.restore(file)?;
//!             println!("{} entries from {}", restored.entries, path.display());
//!         }
//!         Err(error) if error.kind() == io::ErrorKind::NotFound => {}
//!         Err(error) => return Err(error.into()),
//!     }
//!     Ok(shop)
//! }
//!
//! # let folder = std::env::temp_dir().join(format!("sharded-{}", std::process::id()));
//! # fs::create_dir_all(&folder)?;
//! # let path = &folder.join("shop.snapshot");
//! let shop = start(path)?;
//! shop.carts().insert(7, vec!["apple".to_owned()]);
//! save(&shop, path)?;
//! assert_eq!(start(path)?.carts().with(&7, |cart| cart.len()), Some(1));
//! # fs::remove_dir_all(folder)?;
//! # Ok::<(), Box<dyn Error>>(())
//! ```
//!
//! # What is saved
//!
//! A save writes every entry that is alive when it begins, of every map and set, in the order of declaration. It keeps
//! the remaining time of each entry and, if the field has an idle time, how long the entry has been unused. Skipped
//! fields, the state of the eviction and the statistics are not saved.
//!
//! A save goes through a field shard by shard and copies some 64 entries per lock hold. `Clone` of keys and values runs
//! under the lock, as in [`get`](crate::ShardedMap::get). `Serialize`, `Deserialize` and the writer run without it. So
//! a save does not show one moment:
//!
//! - An entry that stays throughout is saved exactly once.
//! - An entry that is inserted or removed meanwhile is saved once or not at all.
//! - An entry that is changed meanwhile is saved with one of its values.
//!
//! A save does not count as a use of an entry. It needs memory for the 64 copies, for the largest entry in its
//! serialized form, and 64 KiB.
//!
//! # Removal listeners
//!
//! A [removal listener](crate::ShardedMap#removal-listener) hears of each entry once, in the process that saves or in
//! the one that restores:
//!
//! - An entry that has expired when the save begins is not saved. In fields with a listener, the save removes such
//!   entries and calls the listeners before it writes anything, and it waits for other threads that are calling them
//!   with entries that have left before. So the file has what a listener changes in another field. (A save inside a
//!   closure, a listener or a loader does not wait.)
//! - An entry that expires during the save, before it is copied, is saved with a remaining time of one nanosecond, so
//!   it expires as soon as it is restored. If a call or the background thread removes it first, it is not saved.
//! - An entry that expires after it was copied is in the file, with the time that remained then. If the process
//!   continues after the save, its listener hears of that entry too.
//! - An entry that the restore leaves out is reported by the restore: as [`Expired`](crate::Cause::Expired) if it was
//!   unused for too long, as [`Evicted`](crate::Cause::Evicted) if there was no room.
//!
//! # What is restored
//!
//! The restore inserts each entry as [`insert`](crate::ShardedMap::insert) does, with its remaining time to live. That
//! also holds for an entry with a time of its own, and if the field declares another `ttl` by now. The time between
//! save and restore does not count. An entry without a deadline gets the declared `ttl`, if the field has one by now.
//! Deadlines are ignored if the field no longer has any. An entry that has been unused for longer than the field's
//! present idle time is left out ([`Restored::expired`]).
//!
//! Entries that are already in the store stay, except that a restored key replaces the value. If there are more entries
//! than the capacity, the eviction chooses victims as if the entries were inserted in the order of the file.
//! [`Reject`](crate::evict::Reject) refuses entries that find no room ([`Restored::refused`]). Every eviction refuses
//! an entry that is heavier than the capacity, and a new entry if nothing may be evicted.
//!
//! All entries are read, checked and deserialized before the first one is inserted. So a restore that fails leaves the
//! store as it was. Until then the entries take about as much memory as in the store. Then they move into the store, a
//! thousand at a time.
//!
//! # Damage and versions
//!
//! Each 64 KiB of a file has a checksum (CRC-32) of itself and of everything before it. The restore finds any change
//! within 32 consecutive bits, and all but one in four billion of other changes. It also finds a missing end and
//! appended bytes. The checksums protect against accidents, not against an attacker, who can compute them too.
//!
//! Keys and values are stored as `MessagePack` by [`rmp-serde`](https://docs.rs/rmp-serde), and structs with the names
//! of their fields. So between two versions of a program:
//!
//! - A struct may gain fields with `#[serde(default)]`, lose fields, and change in any other way that its `Deserialize`
//!   accepts.
//! - A store may gain fields, which the restore leaves alone. Lock, shards, capacity, eviction, hasher and times may
//!   change.
//! - A field that was removed or renamed is an error ([`RestoreError::UnknownField`]). The other fields can be restored
//!   from the same file one by one: [`ShardedMap::restore`](crate::ShardedMap::restore) reads its own field and skips
//!   the rest.
//!
//! Types are not compared: a type fits if its `Deserialize` accepts the data.
//!
//! # What can't be saved
//!
//! A save reads each entry back before it writes it to the file. An entry that can't be read back is an error of the
//! save ([`SaveError::Entry`]), so a saved file can be restored. These forms of serde can't be read back:
//!
//! - `u128` and `i128` inside a type that serde buffers: a struct with `#[serde(flatten)]`, an enum with
//!   `#[serde(tag = …)]` or `#[serde(untagged)]`. Elsewhere they can. Keep them as text there, or as two numbers.
//! - A type whose `Deserialize` does not accept what its `Serialize` writes, as with `skip_serializing` and no default.
//! - A key or a value that is nested too deeply ([`SaveError::TooDeep`]). The limit is 1023 nested sequences, maps,
//!   structs and tuples. Together with variants of enums that hold a value, it is 4096.
//!
//! The save does not compare the value that it read back. So a type that reads another value than it wrote is restored
//! wrong: an `untagged` enum becomes the first variant that fits. `None`, `Some(None)` and `Some(())` have one form and
//! become `None`.
//!
//! A type with two forms in serde, such as an IP address, is saved as text.
//!
//! If an entry is nested more than some 64 deep, its `Serialize` and its `Deserialize` run on a thread of their own
//! with a large stack.
//!
//! A later version of this crate restores the files of an earlier one. The file format is described in
//! `sharded-runtime/src/snapshot/`.

mod bounds;
mod entry;
mod error;
#[allow(unreachable_pub, missing_debug_implementations, reason = "in a trait that only this crate can name")]
mod file;
mod frames;
mod nesting;

pub use bounds::{FORMAT_VERSION, Saved};
pub use error::{RestoreError, SaveError};

/// The former name of [`RestoreError`].
#[deprecated(note = "it is called `RestoreError`")]
pub type LoadError = RestoreError;

/// The former name of [`Restored`].
#[deprecated(note = "it is called `Restored`")]
pub type Loaded = Restored;

pub(crate) use file::{FieldHead, FileReader, FileWriter, Noted, Times};

use crate::{Field, Store};
use std::{
    io::{Read, Write},
    ops::AddAssign,
};

/// A store that can be saved and restored as a whole. `#[sharded(snapshot)]` implements it.
///
/// # Examples
///
/// See [the module](self), and
///
/// ```
/// use sharded::{clock::Manual, sharded, snapshot::Snapshot};
/// use std::{collections::{HashMap, HashSet}, time::Duration};
///
/// #[sharded(snapshot, ttl = "1h")]
/// struct Shop {
///     carts: HashMap<u64, Vec<u32>>,
///     online: HashSet<u64>,
/// }
///
/// let clock = Manual::new();
/// let shop = Shop::builder().clock(clock.clone()).build();
/// shop.carts().insert(1, vec![7]);
/// shop.online().insert_with_ttl(1, Duration::from_secs(5));
/// clock.advance(Duration::from_secs(2));
/// let mut file = Vec::new();
/// assert_eq!(shop.save(&mut file)?, 2);
///
/// let next = Shop::builder().clock(Manual::new()).build();
/// assert_eq!(next.restore(&file[..])?.entries, 2);
/// assert_eq!(next.carts().get(&1), Some(vec![7]));
/// assert_eq!(next.online().ttl_of(&1), Some(Duration::from_secs(3)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Snapshot: Store {
    /// Calls a closure with each map of the store, in the order of declaration.
    fn visit_saved(&self, visitor: &mut dyn FnMut(&dyn SavedField));

    /// Writes all entries that are alive when it is called, and returns how many. The writer needs no buffer of its
    /// own. It is flushed at the end.
    ///
    /// # Errors
    ///
    /// [`SaveError`], if the writer fails, or an entry [can't be saved](self#what-cant-be-saved).
    ///
    /// # Panics
    ///
    /// Before anything is written: inside a closure on a field of this store or of a later one. The message then names
    /// this library's line as the place of the access. A panic in user code reaches the caller and leaves the store as
    /// it was.
    ///
    /// # Examples
    ///
    /// See [`Snapshot`].
    fn save(&self, mut writer: impl Write) -> Result<u64, SaveError> {
        save(&|visitor| self.visit_saved(visitor), &mut writer)
    }

    /// Inserts all entries of a snapshot. The reader must end where the snapshot ends. It needs no buffer of its own.
    ///
    /// # Errors
    ///
    /// [`RestoreError`], if the reader fails, or if its bytes are not a complete snapshot of such a store. The store
    /// has not changed then.
    ///
    /// # Panics
    ///
    /// Before anything is read: inside a closure on a field of this store or of a later one, as
    /// [`save`](Snapshot::save). A panic in a `Deserialize` leaves the store as it was. A panic in a key's `Hash` or
    /// `Eq`, or because memory for the tables is refused, leaves the entries that were inserted before it.
    ///
    /// # Examples
    ///
    /// See [`Snapshot`].
    fn restore(&self, mut reader: impl Read) -> Result<Restored, RestoreError> {
        restore(&|visitor| self.visit_saved(visitor), &mut reader, Others::Refused)
    }

    /// The former name of [`restore`](Snapshot::restore).
    ///
    /// # Errors
    ///
    /// As [`restore`](Snapshot::restore).
    #[deprecated(note = "it is called `restore`")]
    fn load(&self, reader: impl Read) -> Result<Restored, RestoreError> {
        self.restore(reader)
    }
}

/// How many entries of a snapshot were restored.
///
/// # Examples
///
/// ```
/// use sharded::{sharded, snapshot::Snapshot};
/// use std::collections::HashSet;
///
/// #[sharded(snapshot)]
/// struct Flight {
///     #[shard(capacity = 100, evict = Reject)]
///     seats: HashSet<u8>,
/// }
/// let flight = Flight::new();
/// for seat in 0..10 {
///     flight.seats().try_insert(seat)?;
/// }
/// let mut file = Vec::new();
/// flight.save(&mut file)?;
///
/// let smaller = Flight::builder().seats(|seats| seats.capacity(8).shards(1)).build();
/// let restored = smaller.restore(&file[..])?;
/// assert_eq!((restored.entries, restored.refused), (8, 2));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Restored {
    /// Entries that were inserted. The eviction may have removed some of them for later ones.
    pub entries: u64,
    /// Entries that were left out because they had been unused for longer than the present idle time. A [removal
    /// listener](crate::ShardedMap#removal-listener) is called for each, with the cause `Expired`.
    pub expired: u64,
    /// Entries for which there was no room, or whose index key another entry has in a unique [index](crate::index). A
    /// removal listener is called for each, with the cause `Evicted`.
    pub refused: u64,
}

impl AddAssign for Restored {
    fn add_assign(&mut self, more: Self) {
        self.entries += more.entries;
        self.expired += more.expired;
        self.refused += more.refused;
    }
}

/// One map of a [`Snapshot`]: a [`ShardedMap`](crate::ShardedMap) or [`ShardedSet`](crate::ShardedSet) of types that
/// are [`Saved`].
pub trait SavedField: Field + sealed::SavedField {}
impl<F: Field + sealed::SavedField> SavedField for F {}

pub(crate) use sealed::SavedField as Part;

mod sealed {
    use super::{FieldHead, FileReader, FileWriter, RestoreError, SaveError, Staged};
    use crate::clock::Moment;

    /// The part of a field in a snapshot.
    pub trait SavedField {
        /// Panics if this thread may not access the field now.
        fn check_order(&self);
        /// Removes expired entries, if there is a listener. Returns the field's time. Entries that are alive then are
        /// saved.
        fn begin_save(&self) -> Moment;
        /// Writes the field, for a save that began at this time.
        fn save_part(&self, file: &mut FileWriter<'_>, began: Moment) -> Result<(), SaveError>;
        /// Reads the field. The result stores its entries.
        fn restore_part(&self, head: &FieldHead, file: &mut FileReader<'_>) -> Result<Staged, RestoreError>;
    }
}

/// Stores the entries that were read for a field.
pub(crate) type Staged = Box<dyn FnOnce() -> Restored>;

/// Calls a closure with each field of a snapshot.
type Fields<'a> = &'a dyn Fn(&mut dyn FnMut(&dyn SavedField));

/// How a restore treats other fields in the snapshot.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Others {
    Refused,
    PassedOver,
}

pub(crate) fn save(fields: Fields<'_>, writer: &mut dyn Write) -> Result<u64, SaveError> {
    fields(&mut |field| field.check_order());
    // For all fields before the first one is written: a listener of one field may change another field.
    let mut began = Vec::new();
    fields(&mut |field| began.push(field.begin_save()));
    let mut file = FileWriter::new(writer)?;
    let (mut saved, mut began) = (Ok(()), began.into_iter());
    fields(&mut |field| {
        if let (Ok(()), Some(began)) = (&saved, began.next()) {
            saved = field.save_part(&mut file, began);
        }
    });
    saved?;
    file.finish()
}

pub(crate) fn restore(fields: Fields<'_>, reader: &mut dyn Read, others: Others) -> Result<Restored, RestoreError> {
    fields(&mut |field| field.check_order());
    let mut file = FileReader::new(reader)?;
    let mut staged: Vec<(&'static str, Staged)> = Vec::new();
    while let Some(head) = file.field()? {
        let mut found = None;
        fields(&mut |field| {
            if found.is_none() && field.name() == head.name {
                found = Some(field.restore_part(&head, &mut file).map(|part| (field.name(), part)));
            }
        });
        match found {
            Some(part) => staged.push(part?),
            None if others == Others::Refused => return Err(RestoreError::UnknownField { field: head.name }),
            None => file.skip(head.noted)?,
        }
    }
    file.finish()?;
    if others == Others::PassedOver {
        let mut missing = None;
        fields(&mut |field| {
            if staged.iter().all(|(name, _)| *name != field.name()) {
                missing = Some(field.name());
            }
        });
        if let Some(field) = missing {
            return Err(RestoreError::MissingField { field });
        }
    }
    let mut restored = Restored::default();
    for (_, put) in staged {
        restored += put();
    }
    Ok(restored)
}
