//! Overrides for a whole store, and the data that its fields share.

use super::{
    error::{BuildError, built},
    field::FieldOptions,
};
use crate::{Policy, clock::Manual, hasher::Seed, placement::Site, shard::order, topology::Topology};
use std::sync::OnceLock;

/// Overrides for a whole store.
///
/// # Examples
///
/// ```
/// # use sharded::{Policy, ShardedMap, clock, evict, expiry, lock, placement, shards};
/// # enum Codes {}
/// # impl Policy for Codes {
/// #     type Shards = shards::Fixed<64>;
/// #     type Lock = lock::Mutex;
/// #     type Expiry = expiry::AfterWrite;
/// #     type Eviction = evict::Unbounded;
/// #     type Placement = placement::Spread;
/// #     type Clock = clock::System;
/// #     const NAME: &'static str = "codes";
/// #     const TTL: Option<Duration> = Some(Duration::from_secs(60));
/// # }
/// use sharded::builder::{BuildField, FieldOptions, StoreOptions};
/// use sharded::clock::Manual;
/// use std::time::Duration;
///
/// let clock = Manual::new();
/// let store = StoreOptions::new().clock(clock.clone()).shards(4).start();
/// let codes: ShardedMap<u32, u32, Codes> = BuildField::build(&store, 0, FieldOptions::new());
/// codes.insert(1, 4711);
/// clock.advance(Duration::from_secs(60));
/// assert_eq!(codes.get(&1), None);
/// ```
#[derive(Debug, Default)]
pub struct StoreOptions {
    shards: Option<usize>,
    clock: Option<Manual>,
    sweep_by_hand: bool,
    site: Site,
    /// The first override that no store can be built with.
    mistake: Option<BuildError>,
}

impl StoreOptions {
    /// No overrides.
    ///
    /// # Examples
    ///
    /// See [`StoreOptions`].
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// This many shards for every field, instead of the declared numbers. As with those, a field with a [small
    /// capacity](crate::shards::ENTRIES_TO_EVICT_WELL) has fewer. An override for a single field takes precedence.
    ///
    /// It must be a power of two of at most [`MAX_SHARDS`](crate::shards::MAX_SHARDS). Otherwise no field is built with
    /// these options, see [`BuildError`].
    ///
    /// # Examples
    ///
    /// See [`StoreOptions`].
    #[must_use]
    pub fn shards(mut self, shards: usize) -> Self {
        match BuildError::check_shards(None, shards) {
            Ok(()) => self.shards = Some(shards),
            Err(mistake) => _ = self.mistake.get_or_insert(mistake),
        }
        self
    }

    /// A manual clock instead of all declared clocks. The background thread can't wait for such a clock, so it does not
    /// sweep the store, as with [`sweep_by_hand`](StoreOptions::sweep_by_hand).
    ///
    /// # Examples
    ///
    /// See [`StoreOptions`].
    #[must_use]
    pub fn clock(mut self, clock: Manual) -> Self {
        self.clock = Some(clock);
        self
    }

    /// No background thread: only writes and `sweep()` remove expired entries.
    ///
    /// # Examples
    ///
    /// ```
    /// use sharded::builder::StoreOptions;
    ///
    /// let store = StoreOptions::new().sweep_by_hand().start();
    /// ```
    #[must_use]
    pub fn sweep_by_hand(mut self) -> Self {
        self.sweep_by_hand = true;
        self
    }

    /// The topology by which shards are [placed](crate::placement), instead of that of this machine: for tests, or to
    /// use only some nodes.
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::{Store, sharded};
    /// # use std::collections::HashMap;
    /// # #[sharded(ttl = "1h")]
    /// # struct Shop { carts: HashMap<u64, String> }
    /// use sharded::topology::{Node, NodeId, Topology};
    ///
    /// let nodes = [0, 1].map(|node| Node::new(NodeId::new(node), [node], 1 << 30));
    /// let shop = Shop::builder().topology(Topology::new(nodes)).build();
    /// let node_of_last = shop.placement().fields()[0].shards().last().and_then(|shard| shard.node());
    /// assert_eq!(node_of_last, Some(NodeId::new(1)));
    /// ```
    #[must_use]
    pub fn topology(mut self, topology: Topology) -> Self {
        self.site = Site::of(topology);
        self
    }

    /// Notes a mistake in the options of a field.
    #[doc(hidden)]
    #[must_use]
    pub fn note<P: Policy>(mut self, field: &FieldOptions<P>) -> Self {
        self.mistake = self.mistake.or_else(|| field.given.mistake.clone());
        self
    }

    /// The first option that no store can be built with.
    #[doc(hidden)]
    #[must_use]
    pub fn mistake(&self) -> Option<BuildError> {
        self.mistake.clone()
    }

    /// Makes the data that the fields of one store share. The fields are then built with it.
    ///
    /// # Panics
    ///
    /// If these options have a [mistake](BuildError).
    ///
    /// # Examples
    ///
    /// See [`StoreOptions`].
    #[must_use]
    #[track_caller]
    pub fn start(self) -> StoreContext {
        let StoreOptions { shards, clock, sweep_by_hand, site, mistake } = self;
        built(mistake.map_or(Ok(()), Err));
        let mistake = OnceLock::new();
        StoreContext { id: order::StoreId::new(), seed: Seed::random(), shards, clock, sweep_by_hand, site, mistake }
    }
}

/// The data that the fields of one store share: its position in the nesting order, its hash seed, and the overrides.
///
/// # Examples
///
/// See [`StoreOptions`].
#[derive(Debug)]
pub struct StoreContext {
    pub(crate) id: order::StoreId,
    pub(crate) seed: Seed,
    pub(crate) site: Site,
    shards: Option<usize>,
    clock: Option<Manual>,
    sweep_by_hand: bool,
    /// The first option that no store can be built with. Fields are built without it, and their owner checks this last.
    mistake: OnceLock<BuildError>,
}

impl StoreContext {
    /// Notes an option that no field can be built with. The first one counts.
    #[cold]
    pub(crate) fn note(&self, mistake: BuildError) {
        let _ = self.mistake.set(mistake);
    }

    /// # Panics
    ///
    /// If an option was a mistake.
    #[track_caller]
    pub(crate) fn assert_right(&self) {
        built(self.check(()));
    }

    /// What was built with this context, unless an option was a mistake.
    pub(crate) fn check<T>(&self, built: T) -> Result<T, BuildError> {
        self.mistake.get().cloned().map_or(Ok(built), Err)
    }

    /// The number of shards instead of the declared ones.
    pub(crate) fn shards(&self) -> Option<usize> {
        self.shards
    }

    pub(crate) fn clock(&self) -> Option<Manual> {
        self.clock.clone()
    }

    pub(crate) fn sweeps_by_hand(&self) -> bool {
        self.sweep_by_hand
    }
}
