//! The declaration of a field, as text.

use crate::Policy;
use std::any::type_name;

/// The declaration of a field as text, for exporters and recorders: see [`Field::info`](crate::Field::info).
///
/// Each choice is the name of a type of this crate, such as `Mutex`, or the path of another one.
///
/// # Examples
///
/// ```
/// use sharded::{Store as _, sharded};
/// use std::collections::HashMap;
///
/// #[sharded(ttl = "1h", lock = RwLock)]
/// struct Shop {
///     /// Carts of visitors,
///     /// by session.
///     ///
///     /// They are lost when the service restarts.
///     carts: HashMap<u64, Vec<u32>>,
/// }
///
/// Shop::new().visit(&mut |field| {
///     let info = field.info();
///     assert_eq!(info.description, "Carts of visitors, by session.");
///     assert_eq!((info.lock, info.eviction, info.placement), ("RwLock", "Unbounded", "Spread"));
/// });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FieldInfo {
    /// What the map is for: see [`Policy::DESCRIPTION`].
    pub description: &'static str,
    /// The lock of its shards: `lock = …`.
    pub lock: &'static str,
    /// Which entry leaves when it is full: `evict = …`. A declaration without a `capacity` has `Unbounded`.
    pub eviction: &'static str,
    /// On which NUMA node each shard lies: `numa = …`.
    pub placement: &'static str,
}

impl FieldInfo {
    pub(crate) fn of<P: Policy>() -> Self {
        FieldInfo {
            description: P::DESCRIPTION,
            lock: choice_name::<P::Lock>(),
            eviction: choice_name::<P::Eviction>(),
            placement: choice_name::<P::Placement>(),
        }
    }
}

/// The name of a type of this library as used in a declaration, or the full path of another type.
pub(crate) fn choice_name<T: ?Sized>() -> &'static str {
    let path = type_name::<T>();
    match path.rsplit("::").next() {
        _ if !path.starts_with("sharded::") => path,
        // Aliases of `Strict`.
        Some("Spread>") => "StrictSpread",
        Some("Local>") => "StrictLocal",
        Some(name) if !name.ends_with('>') => name,
        _ => path,
    }
}
