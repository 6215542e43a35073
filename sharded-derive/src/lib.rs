//! The `#[sharded]` attribute macro of the `sharded` crate, which re-exports it.
//!
//! `pipeline` runs the steps, a module each. A module uses only those before it:
//!
//! 1. `syntax` reads the tokens. `syntax/options/table.rs` declares every option, `syntax/values` has the parsers.
//! 2. `resolve` gives each map its own options and those that it inherits. The result is in `model`.
//! 3. `check` applies the rules about several options, names and attributes.
//! 4. `expand` writes the struct, a policy type per map, accessors, the builder and trait impls.
//!
//! If a parameter of the struct depends on a `cfg`, `conditional` first writes one declaration for each case.
//!
//! `diag` collects the mistakes of all steps. A mistake ends none of them: the whole item is expanded, without the
//! wrong options, and all errors follow it.

mod check;
mod conditional;
mod diag;
#[cfg(test)]
mod docs;
mod expand;
mod model;
mod names;
mod pipeline;
mod resolve;
#[cfg(test)]
mod snapshots;
mod suggest;
mod syntax;
#[cfg(test)]
mod tests;

use proc_macro::TokenStream;

/// Declares how the maps of a struct are shared between threads.
///
/// Each field of type `HashMap<K, V>` or `HashSet<K>`, of std or hashbrown, becomes a sharded map or set. A method with
/// the field's name and visibility returns it. An option of the struct holds for every map that does not have its own.
///
/// | option | on | meaning | values | without it |
/// |---|---|---|---|---|
/// | `shards` | struct, field | how many locks a map is divided among | a power of two up to 65536, or `auto` | `auto`: 32 for each CPU, 32 to 1024 |
/// | `lock` | struct, field | what guards a shard; `Optimistic` takes `Copy` keys and values, `Rcu` those that are `Clone + Sync` | `Mutex`, `RwLock`, `Optimistic`, `Rcu`, or a type of your own by its path | `Mutex` |
/// | `ttl` | struct, field | how long an entry lives after it was written | a time such as `"250ms"`, `"5m"`, `"1h 30m"` (d, h, m, s, ms, us, ns), the path of a `fn(&K, &V) -> Duration` such as `self::until`, `own`, or `never` | `never` |
/// | `ttl_jitter` | struct, field | by what share of it a ttl may be shorter | `"1%"` to `"99%"`, or `none` | `none` |
/// | `idle` | struct, field | how long an entry lives after it was last used | a time, or `never` | `never` |
/// | `refresh_after` | struct, field | the age from which one caller loads an entry again, while others get the old value | a time, or `never` | `never` |
/// | `capacity` | struct, field | the most entries of a map, or with `weight` the most that they weigh | a number, a number of bytes such as `"256MiB"`, or `none` | `none` |
/// | `evict` | struct, field | which entry leaves a full map | `Adaptive`, `Lru`, `Sieve`, `S3Fifo`, `TinyLfu`, `Reject`, or a type of your own by its path | `Adaptive` |
/// | `weight` | field | how much of the capacity an entry takes | the path of a `fn(&K, &V) -> u32` | each entry takes one |
/// | `evictable` | field | which entries may be evicted | the path of a `fn(&K, &V) -> bool` | all of them |
/// | `preallocate` | field | the memory of the map's tables is taken, and touched, when the store is built | | |
/// | `unbounded` | field | why a map without `ttl`, `idle` and `capacity` stays small | the reason, a string | the map must be bounded |
/// | `hasher` | struct, field | what hashes the keys | `SipHash`, or any type that is `BuildHasher + Default` | the hasher that the map's type names, else ahash |
/// | `numa` | struct, field | on which NUMA node each shard lies | `Spread`, `Local`, `Off`, `StrictSpread`, `StrictLocal`, or a type of your own by its path | `Spread` |
/// | `clock` | struct, field | what tells the time for `ttl` and `idle` | `System`, `Boot`, or a type of your own by its path | `System` |
/// | `tier` | field | the entries are on a server that other processes use too; needs the feature `redis` | `Redis` | the entries are in this process |
/// | `staleness` | field | how old a read of a tiered field may be | a time | `"1s"` |
/// | `stale` | field | how old a marked value may be that a tiered field serves while its server is away | a time | no such values are served |
/// | `schema` | field | the version of a tiered field's values on the server | a number | `0` |
/// | `index_of` | field | the field is an index of another one: it is kept by the library | the name of a field | the field is no index |
/// | `key` | field | by what an index finds entries | the path of a `fn(&K, &V) -> I`, or `-> Option<I>` | an index needs it |
/// | `skip` | field | the field is no map of the store: it keeps its type, and the builder takes its value | | |
/// | `snapshot` | struct | the store can be saved to a file and restored; needs the feature `serde` | | |
/// | `record` | struct | the uses of the store can be recorded, for `sharded-tune` to find the best policy | | |
/// | `crate` | struct | where the macro finds the crate | a path | `::sharded` |
///
/// For `struct Shop` with a field `carts`, the attribute generates:
///
/// - `Shop::builder()`, which takes the values of skipped fields and overrides for what was declared;
/// - `Shop::new()` and `Default`, unless a field is skipped;
/// - `shop.carts()`, with the field's docs, followed by the policy in words;
/// - the types `ShopCarts`, which is the policy, and `ShopBuilder`;
/// - impls of `Store`, of `Debug` unless it is derived below the attribute, and of `Snapshot` with that option.
///
/// Keys are `Eq + Hash + Send + 'static`, values are `Send + 'static`. Some locks also ask for `Sync` or `Copy`. The
/// struct can have type and const parameters, but no lifetimes.
///
/// The crate's [`reference`](../sharded/reference/index.html) describes each option in full, and a cure for each error.
///
/// # Examples
///
/// ```
/// use sharded::sharded;
/// use std::collections::{HashMap, HashSet};
///
/// #[sharded(shards = 64, ttl = "30m")]
/// struct Shop {
///     /// The items in each customer's cart.
///     carts: HashMap<u64, Vec<String>>,
///     #[shard(lock = RwLock, ttl = never, capacity = 10_000, evict = Lru)]
///     pages: HashMap<String, String>,
///     #[shard(ttl = never, unbounded = "one entry per country")]
///     countries: HashSet<String>,
///     #[shard(skip)]
///     name: String,
/// }
///
/// let shop = Shop::builder().name("corner".to_owned()).pages(|pages| pages.capacity(100)).build();
/// shop.carts().upsert(7, || vec!["apple".to_owned()], |cart| cart.push("apple".to_owned()));
/// assert_eq!(shop.carts().with(&7, |cart| cart.len()), Some(1));
/// assert_eq!(shop.pages().capacity(), Some(100));
/// assert!(shop.countries().insert("Chile".to_owned()));
/// assert_eq!(shop.name, "corner");
/// ```
#[proc_macro_attribute]
pub fn sharded(attribute: TokenStream, item: TokenStream) -> TokenStream {
    pipeline::pipeline(attribute.into(), item.into()).into()
}
