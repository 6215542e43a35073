//! Calls on all fields of a store.

use crate::{Field, Recorder, placement::StorePlacement};

/// A struct made by `#[sharded]`, with calls on all its fields.
///
/// # Examples
///
/// ```
/// use sharded::{Store, sharded};
/// use std::collections::{HashMap, HashSet};
///
/// #[sharded(ttl = "1h")]
/// struct Shop {
///     carts: HashMap<u64, Vec<u32>>,
///     online: HashSet<u64>,
/// }
///
/// let shop = Shop::new();
/// shop.carts().insert(1, vec![7]);
/// shop.visit(&mut |field| println!("{}: {} entries", field.name(), field.len()));
/// shop.clear();
/// assert!(shop.carts().is_empty());
///
/// // Stores of any kind can stand in one list.
/// let stores: Vec<Box<dyn Store>> = vec![Box::new(shop), Box::new(Shop::new())];
/// assert_eq!(stores.iter().map(|store| store.sweep()).sum::<usize>(), 0);
/// ```
pub trait Store {
    /// Calls a closure with each map of the store, in the order of declaration. Skipped fields are left out.
    ///
    /// # Examples
    ///
    /// See [`Store`].
    fn visit(&self, visitor: &mut dyn FnMut(&dyn Field));

    /// Removes the expired entries of all fields, and returns their number. It removes a bounded number of entries per
    /// lock hold.
    ///
    /// # Panics
    ///
    /// Inside a closure on a field of this store or of a later one. The message then names this library's line as the
    /// place of the access, since it passes through [`Field`].
    ///
    /// # Examples
    ///
    /// ```
    /// use sharded::{Store, clock::Manual, sharded};
    /// use std::{collections::HashMap, time::Duration};
    ///
    /// #[sharded(ttl = "1m")]
    /// struct Codes {
    ///     sent: HashMap<u64, u32>,
    /// }
    ///
    /// let clock = Manual::new();
    /// let codes = Codes::builder().clock(clock.clone()).build();
    /// codes.sent().insert(1, 4711);
    /// clock.advance(Duration::from_secs(60));
    /// assert_eq!(codes.sweep(), 1);
    /// ```
    fn sweep(&self) -> usize {
        let mut removed = 0;
        self.visit(&mut |field| removed += field.sweep());
        removed
    }

    /// Removes every entry of every field, field by field. The fields are not cleared at the same moment.
    ///
    /// # Panics
    ///
    /// Inside a closure on a field of this store or of a later one. The message then names this library's line as the
    /// place of the access, since it passes through [`Field`].
    ///
    /// # Examples
    ///
    /// See [`Store`].
    fn clear(&self) {
        self.visit(&mut |field| field.clear());
    }

    /// The declared NUMA node of each shard of each field, and the nodes on which its pages lie according to the
    /// kernel: see [`placement`](crate::placement).
    ///
    /// O(pages), with a system call for every thousand of them. A bounded number of addresses is listed per lock hold.
    ///
    /// # Panics
    ///
    /// Inside a closure on a field of this store or of a later one. The message then names this library's line as the
    /// place of the access, since it passes through [`Field`].
    ///
    /// # Examples
    ///
    /// ```
    /// use sharded::{Store, placement::Binding, sharded};
    /// use std::collections::HashMap;
    ///
    /// #[sharded(ttl = "1h", numa = Spread)]
    /// struct Shop {
    ///     carts: HashMap<u64, Vec<u32>>,
    /// }
    ///
    /// let shop = Shop::new();
    /// shop.carts().insert(1, vec![7]);
    /// let placement = shop.placement();
    /// print!("{placement}");
    /// let carts = &placement.fields()[0];
    /// assert_eq!(carts.name(), "carts");
    /// println!("asked: {:?}", carts.asked());
    /// if carts.binding() == Binding::Bound {
    ///     for shard in carts.shards() {
    ///         println!("on {:?}: {:?} %, {:?}", shard.node(), shard.per_cent(), shard.pages().collect::<Vec<_>>());
    ///     }
    /// }
    /// ```
    fn placement(&self) -> StorePlacement {
        let mut fields = Vec::new();
        self.visit(&mut |field| fields.push(field.placement()));
        StorePlacement::new(fields)
    }

    /// Records how the maps of the store are used, from now on until the recorder is dropped. `sharded-tune` finds the
    /// best policy for that workload. It records only maps under `#[sharded(record)]`. There is one recorder at a time:
    /// another one starts anew.
    ///
    /// The recorder samples one use in 256 of each thread, and every use of one key in 256, or of fewer keys if there
    /// is no room for these: the operation, half of the key's hash, and the time. It keeps no key and no value. The
    /// samples take at most 26 MiB for each map.
    ///
    /// A `dyn Store` has no recorder, since the file contains the name of the store.
    ///
    /// # Examples
    ///
    /// ```
    /// use sharded::{Store, sharded};
    /// use std::collections::HashMap;
    ///
    /// #[sharded(ttl = "1h", record)]
    /// struct Shop {
    ///     carts: HashMap<u64, Vec<u32>>,
    /// }
    ///
    /// let shop = Shop::new();
    /// let recorder = shop.recorder();
    /// for customer in 0..1000 {
    ///     shop.carts().insert(customer, vec![7]);
    /// }
    /// # let file = std::env::temp_dir().join(format!("sharded-recorder-{}.json", std::process::id()));
    /// recorder.write(&file)?;
    /// # std::fs::remove_file(&file)?;
    /// assert!(recorder.workload().contains("\"store\":\"Shop\",\"field\":\"carts\""));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    fn recorder(&self) -> Recorder<'_, Self>
    where
        Self: Sized,
    {
        Recorder::start(self, Self::visit)
    }
}
