//! The table of options. An option is declared here and nowhere else: its name, the type and the parser of its value,
//! where it may stand, what it needs, what it is called elsewhere, and what the documentation says about it.
//!
//! The table determines the rest: which options are accepted where, the suggestions for misspelt names, how a field
//! inherits from the struct, which options bound a map, and the tables in the documentation. A new option needs an
//! entry here, a parser in `values` if its value has a new form, a rule in `check` if it has one of its own, and its
//! effect in `expand`.

use super::setting::{Mark, Setting};
use crate::diag::Diagnostics;
use crate::syntax::declaration::{Choices, Declaration, Needs, On};
use crate::syntax::list::Entry;
use crate::syntax::values::capacity::{self, Capacity};
use crate::syntax::values::choice::{self, Choice};
use crate::syntax::values::ttl::{self, Ttl};
use crate::syntax::values::{duration, field, function, percent, reason, shards, tier};
use proc_macro2::{Ident, TokenStream};
use std::time::Duration;

pub(crate) const LOCKS: Choices =
    Choices { kind: "lock", module: "lock", names: &["Mutex", "RwLock", "Optimistic", "Rcu"] };
/// Those of them that readers do not take.
pub(crate) const LOCK_FREE: [&str; 2] = ["Optimistic", "Rcu"];
pub(crate) const EVICTIONS: Choices =
    Choices { kind: "eviction", module: "evict", names: &["Adaptive", "Lru", "Sieve", "S3Fifo", "TinyLfu", "Reject"] };
pub(crate) const HASHERS: Choices = Choices { kind: "hasher", module: "hasher", names: &["SipHash"] };
pub(crate) const PLACEMENTS: Choices = Choices {
    kind: "placement",
    module: "placement",
    names: &["Spread", "Local", "Off", "StrictSpread", "StrictLocal"],
};
pub(crate) const CLOCKS: Choices = Choices { kind: "clock", module: "clock", names: &["System", "Boot"] };

const fn needs_ttl(purpose: &'static str) -> Needs {
    Needs { option: "ttl", example: "\"5m\"", purpose }
}

const fn needs_capacity(purpose: &'static str, example: &'static str) -> Needs {
    Needs { option: "capacity", example, purpose }
}

const fn needs_tier(purpose: &'static str) -> Needs {
    Needs { option: "tier", example: "Redis", purpose }
}

/// Makes the list of declarations and the struct with a setting for each of them.
macro_rules! options {
    ($(
        $name:literal => $field:ident: $type:ty = $parse:expr,
        { $($key:ident: $value:expr,)* }
    )*) => {
        /// The declarations, in the order in which messages and documentation list them.
        pub(crate) const OPTIONS: &[Declaration] =
            &[$(Declaration { name: $name, $($key: $value,)* ..Declaration::PLAIN }),*];

        /// The setting of each option on one struct or field.
        #[derive(Clone, Default)]
        pub(crate) struct Options {
            $(pub(crate) $field: Setting<$type>,)*
            /// Something was given that is no option, so rules about missing options don't apply.
            pub(crate) has_unknown: bool,
        }

        impl Options {
            /// Reads an entry that stands for this option, or probably does.
            pub(super) fn read_entry(
                &mut self,
                option: &'static Declaration,
                entry: &Entry,
                is_misspelt: bool,
                diag: &mut Diagnostics,
            ) {
                match option.name {
                    $($name => self.$field.read(option, entry, is_misspelt, $parse, diag),)*
                    _ => unreachable!("the option is in the table"),
                }
            }

            /// Adds the struct's options to those of a field. An option without the one that it needs loses its value.
            pub(crate) fn inherit(&mut self, of_struct: &Options) {
                $(self.$field.inherit(&of_struct.$field);)*
                self.has_unknown |= of_struct.has_unknown;
                let has_value = |name| self.given().any(|(option, given)| option.name == name && given.has_value());
                let lacks = |option: &&Declaration| option.needs.as_ref().is_some_and(|needs| !has_value(needs.option));
                let lacking: Vec<&str> = OPTIONS.iter().filter(lacks).map(|option| option.name).collect();
                $(if lacking.contains(&$name) {
                    self.$field.suspend();
                })*
            }

            /// The options that were given.
            pub(crate) fn given(&self) -> impl Iterator<Item = (&'static Declaration, &Mark)> {
                let all: [&Mark; OPTIONS.len()] = [$(&self.$field),*];
                OPTIONS.iter().zip(all).filter(|(_, mark)| mark.is_given())
            }
        }
    };
}

options! {
    "shards" => shards: u64 = shards::parse, {
        example: Some("16"),
        undo: Some("auto"),
        synonyms: &["buckets", "segments", "stripes", "partitions"],
        meaning: "how many locks a map is divided among",
        values: "a power of two up to 65536, or `auto`",
        default: "`auto`: 32 for each CPU, 32 to 1024",
    }
    "lock" => lock: Choice = choice::parse, {
        example: Some("RwLock"),
        choices: Some(&LOCKS),
        synonyms: &["mutex", "rwlock", "guard"],
        meaning: "what guards a shard; `Optimistic` takes `Copy` keys and values, `Rcu` those that are `Clone + Sync`",
    }
    "ttl" => ttl: Ttl = ttl::parse, {
        example: Some("\"5m\""),
        undo: Some("never"),
        is_bound: true,
        synonyms: &[
            "expire", "expires", "expiry", "expiration", "expire_after", "max_age", "timeout", "lifetime",
            "time_to_live",
        ],
        meaning: "how long an entry lives after it was written",
        values: "a time such as `\"250ms\"`, `\"5m\"`, `\"1h 30m\"` (d, h, m, s, ms, us, ns), the path of a \
                 `fn(&K, &V) -> Duration` such as `self::until`, `own`, or `never`",
        default: "`never`",
    }
    "ttl_jitter" => ttl_jitter: u8 = percent::jitter, {
        example: Some("\"10%\""),
        undo: Some("none"),
        needs: Some(needs_ttl("`ttl_jitter` shortens the ttl of each entry")),
        synonyms: &["jitter", "spread", "fuzz"],
        meaning: "by what share of it a ttl may be shorter",
        values: "`\"1%\"` to `\"99%\"`, or `none`",
        default: "`none`",
    }
    "idle" => idle: Duration = duration::parse, {
        example: Some("\"30m\""),
        undo: Some("never"),
        is_bound: true,
        synonyms: &["tti", "time_to_idle", "idle_time", "idle_timeout"],
        meaning: "how long an entry lives after it was last used",
        values: "a time, or `never`",
        default: "`never`",
    }
    "refresh_after" => refresh_after: Duration = duration::parse, {
        example: Some("\"1m\""),
        undo: Some("never"),
        needs: Some(needs_ttl("`refresh_after` serves an old value while a new one is loaded, until the ttl ends")),
        synonyms: &["refresh", "reload", "reload_after", "refresh_after_write", "stale_after", "refresh_interval"],
        meaning: "the age from which one caller loads an entry again, while others get the old value",
        values: "a time, or `never`",
        default: "`never`",
    }
    "capacity" => capacity: Capacity = capacity::parse, {
        example: Some("10_000"),
        undo: Some("none"),
        is_bound: true,
        synonyms: &["max", "size", "limit", "max_size", "max_capacity", "max_entries"],
        meaning: "the most entries of a map, or with `weight` the most that they weigh",
        values: "a number, a number of bytes such as `\"256MiB\"`, or `none`",
        default: "`none`",
    }
    "evict" => evict: Choice = choice::eviction, {
        example: Some("Lru"),
        choices: Some(&EVICTIONS),
        needs: Some(needs_capacity("`evict` says which entry leaves a full map", "10_000")),
        synonyms: &["eviction", "evicts", "policy"],
        meaning: "which entry leaves a full map",
    }
    "weight" => weight: TokenStream = function::parse, {
        example: Some("weight_of_page"),
        on: On::Field,
        needs: Some(needs_capacity("`weight` says how much of the capacity an entry takes", "\"256MiB\"")),
        synonyms: &["weigher", "cost", "weigh"],
        meaning: "how much of the capacity an entry takes",
        values: "the path of a `fn(&K, &V) -> u32`",
        default: "each entry takes one",
    }
    "evictable" => evictable: TokenStream = function::parse, {
        example: Some("is_evictable"),
        on: On::Field,
        needs: Some(needs_capacity("`evictable` says which entries may be evicted", "10_000")),
        synonyms: &["pinned", "keep", "unpinned"],
        meaning: "which entries may be evicted",
        values: "the path of a `fn(&K, &V) -> bool`",
        default: "all of them",
    }
    "preallocate" => preallocate: () = |_| Ok(()), {
        on: On::Field,
        needs: Some(needs_capacity("`preallocate` takes the memory of all entries when the store is built", "10_000")),
        only: ", since every map has its own size",
        synonyms: &["prealloc", "reserve", "reserved", "with_capacity", "prefault", "eager"],
        meaning: "the memory of the map's tables is taken, and touched, when the store is built",
    }
    "unbounded" => unbounded: String = reason::parse, {
        example: Some("\"one entry per country\""),
        on: On::Field,
        only: ", since every map has its own reason",
        synonyms: &["reason", "no_bound"],
        meaning: "why a map without `ttl`, `idle` and `capacity` stays small",
        values: "the reason, a string",
        default: "the map must be bounded",
    }
    "hasher" => hasher: Choice = choice::hasher, {
        example: Some("SipHash"),
        choices: Some(&HASHERS),
        synonyms: &["hash", "build_hasher"],
        meaning: "what hashes the keys",
        values: "`SipHash`, or any type that is `BuildHasher + Default`",
        default: "the hasher that the map's type names, else ahash",
    }
    "numa" => numa: Choice = choice::parse, {
        example: Some("Spread"),
        choices: Some(&PLACEMENTS),
        synonyms: &["node", "nodes", "placement", "pin"],
        meaning: "on which NUMA node each shard lies",
    }
    "clock" => clock: Choice = choice::clock, {
        example: Some("Boot"),
        choices: Some(&CLOCKS),
        synonyms: &["time", "timer"],
        meaning: "what tells the time for `ttl` and `idle`",
    }
    "tier" => tier: Ident = tier::parse, {
        example: Some("Redis"),
        on: On::Field,
        synonyms: &["redis", "valkey", "remote", "shared", "distributed"],
        meaning: "the entries are on a server that other processes use too; needs the feature `redis`",
        values: "`Redis`",
        default: "the entries are in this process",
    }
    "staleness" => staleness: Duration = duration::parse, {
        example: Some("\"3s\""),
        on: On::Field,
        needs: Some(needs_tier("`staleness` says how old a read of a tiered field may be")),
        synonyms: &["max_staleness", "freshness"],
        meaning: "how old a read of a tiered field may be",
        values: "a time",
        default: "`\"1s\"`",
    }
    "stale" => stale: Duration = duration::parse, {
        example: Some("\"5m\""),
        on: On::Field,
        needs: Some(needs_tier("`stale` says how old a value may be that a tiered field serves without its server")),
        synonyms: &["max_stale", "serve_stale", "stale_if_error"],
        meaning: "how old a marked value may be that a tiered field serves while its server is away",
        values: "a time",
        default: "no such values are served",
    }
    "schema" => schema: u32 = tier::schema, {
        example: Some("2"),
        on: On::Field,
        needs: Some(needs_tier("`schema` is the version of the values that a tiered field has on the server")),
        synonyms: &["version", "schema_version"],
        meaning: "the version of a tiered field's values on the server",
        values: "a number",
        default: "`0`",
    }
    "index_of" => index_of: Ident = field::parse, {
        example: Some("sessions"),
        on: On::Field,
        synonyms: &["index", "indexes", "secondary_index", "index_on"],
        meaning: "the field is an index of another one: it is kept by the library",
        values: "the name of a field",
        default: "the field is no index",
    }
    "key" => key: TokenStream = function::parse, {
        example: Some("email_of"),
        on: On::Field,
        needs: Some(Needs { option: "index_of", example: "sessions", purpose: "`key` says by what an index finds entries" }),
        synonyms: &["by", "key_of", "index_key", "index_by", "extractor"],
        meaning: "by what an index finds entries",
        values: "the path of a `fn(&K, &V) -> I`, or `-> Option<I>`",
        default: "an index needs it",
    }
    "skip" => skip: () = |_| Ok(()), {
        on: On::Field,
        synonyms: &["ignore", "plain"],
        meaning: "the field is no map of the store: it keeps its type, and the builder takes its value",
    }
    "snapshot" => snapshot: () = |_| Ok(()), {
        on: On::Struct,
        synonyms: &["snapshots", "save", "load", "persist", "serde", "serialize"],
        meaning: "the store can be saved to a file and restored; needs the feature `serde`",
    }
    "record" => record: () = |_| Ok(()), {
        on: On::Struct,
        synonyms: &["recorder", "recording", "sample", "trace", "tune"],
        meaning: "the uses of the store can be recorded, for `sharded-tune` to find the best policy",
    }
    "crate" => krate: TokenStream = choice::krate, {
        example: Some("::renamed"),
        on: On::Struct,
        synonyms: &["path", "krate"],
        meaning: "where the macro finds the crate",
        values: "a path",
        default: "`::sharded`",
    }
}
