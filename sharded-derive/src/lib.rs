//! The `#[sharded]` attribute macro of the `sharded` crate, which re-exports it.
//!
//! One declaration passes through four steps, a module each:
//!
//! Where a parameter of the struct depends on a `cfg`, `conditional` first makes one declaration of each case.
//!
//! 1. `syntax`: tokens become what was written, option by option. One bad option does not hide the next.
//! 2. `resolve`: the struct's defaults and a field's own options become that field's policy, in the terms of `model`.
//! 3. `check`: the rules about what goes together.
//! 4. `expand`: the struct, a policy type per map, accessors, builder, trait impls.
//!
//! Mistakes are collected in `diag` on the way and never end it: the item is expanded whole, with defaults in place of
//! what is wrong, and every error follows it.

mod check;
mod conditional;
mod diag;
mod expand;
mod model;
mod names;
mod resolve;
#[cfg(test)]
mod snapshots;
mod suggest;
mod syntax;
#[cfg(test)]
mod tests;

use diag::Diagnostics;
use proc_macro::TokenStream;
use quote::quote;

/// Whether the runtime, whose feature this follows, has what `snapshot` names. Tests look at what is written with it.
const CAN_SNAPSHOT: bool = cfg!(any(feature = "snapshot", test));

/// Declares how the maps of a struct are shared between threads.
///
/// Each field of type `HashMap<K, V>` or `HashSet<K>`, of std or hashbrown, becomes a sharded one behind a method of the
/// field's name and visibility. What is declared at the struct holds for every map; what is declared at a map comes first.
///
/// | option | on | value | without it |
/// |---|---|---|---|
/// | `shards` | both | a power of two up to 65536, or `auto` | `auto` |
/// | `lock` | both | `Mutex`, `RwLock`, `Optimistic`, or one's own by its path | `Mutex` |
/// | `ttl` | both | time from the write: `"5m"`, `"1h 30m"` (d, h, m, s, ms, us, ns), or `never` | `never` |
/// | `ttl_jitter` | both | by how much of it a ttl may be shorter: `"10%"`, or `none` | `none` |
/// | `idle` | both | time from the last use, as of `ttl` | `never` |
/// | `refresh_after` | both | the age from which one caller loads anew, and others get what is there; as of `ttl` | `never` |
/// | `capacity` | both | the most entries of the whole map, or what they weigh (`"256MiB"`), or `none` | `none` |
/// | `evict` | both | which entry leaves a full map: `Adaptive`, `Lru`, `Sieve`, `S3Fifo`, `TinyLfu`, `Reject`, or one's own by its path | `Adaptive` |
/// | `weight` | map | the path of a `fn(&K, &V) -> u32`: what an entry takes of the capacity | one each |
/// | `evictable` | map | the path of a `fn(&K, &V) -> bool`: whether an entry may be evicted | all may |
/// | `unbounded` | map | the reason why a map needs neither `ttl`, `idle` nor `capacity`; one of the four is asked for | |
/// | `hasher` | both | `SipHash` or any type that is `BuildHasher + Default`, over what the map's type names | ahash |
/// | `numa` | both | `Spread`, `Local`, `Off`, `StrictSpread`, `StrictLocal`, or one's own by its path | `Spread` |
/// | `clock` | both | `System`, `Boot`, or one's own by its path | `System` |
/// | `skip` | field | none: the field stays as it is, and its value is given to the builder | |
/// | `snapshot` | struct | none: the store can be saved and loaded; with the feature `serde` | |
/// | `record` | struct | none: its uses can be recorded, for `sharded-tune` to find the best policy | |
/// | `crate` | struct | the path of the `sharded` crate, where it is re-exported | `::sharded` |
///
/// For `struct Shop` with a field `carts`, the attribute writes:
///
/// - `Shop::new()` and `Default`, unless a field is skipped, and `Shop::builder()`, which takes the values of skipped fields
///   and overrides what was declared;
/// - `shop.carts()`, of the field's visibility, whose docs end with the policy in words;
/// - `ShopCarts`, the policy as a type, and `ShopBuilder`;
/// - the trait `Store`, `Snapshot` if that was asked for, and `Debug` unless it is derived below the attribute.
///
/// Keys are `Eq + Hash + Send + 'static`, values `Send + 'static`, and `Sync` or `Copy` besides where the lock asks for it.
/// The struct can be generic in types and constants, not in lifetimes.
///
/// The crate's [`reference`](../sharded/reference/index.html) has each option in full, and what to do about each error.
///
/// # Examples
///
/// ```
/// use sharded::sharded;
/// use std::collections::{HashMap, HashSet};
///
/// #[sharded(shards = 64, ttl = "30m")]
/// struct Shop {
///     /// What lies in each customer's cart.
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
    pipeline(attribute.into(), item.into()).into()
}

fn pipeline(attribute: proc_macro2::TokenStream, item: proc_macro2::TokenStream) -> proc_macro2::TokenStream {
    let mut diag = Diagnostics::new();
    let expanded = expanded(attribute, item, &mut diag);
    let errors = diag.into_compile_errors();
    quote!(#expanded #errors)
}

fn expanded(
    attribute: proc_macro2::TokenStream,
    item: proc_macro2::TokenStream,
    diag: &mut Diagnostics,
) -> proc_macro2::TokenStream {
    if let Some(declarations) = conditional::split(&attribute, &item) {
        return declarations;
    }
    match syntax::parse(attribute, item, diag) {
        Ok(declaration) => {
            let store = resolve::resolve(declaration, diag);
            check::check(&store, diag);
            expand::expand(&store)
        }
        Err(syntax::Unsupported { item }) => item,
    }
}
