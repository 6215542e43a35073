//! Statistics and events of the maps of a store, for monitoring systems and tracing tools.
//!
//! Each exporter is a feature of this crate, which is off by default:
//!
//! | feature | what it does |
//! |---|---|
//! | `prometheus` | [`prometheus::Collector`] answers each scrape, through the crate `prometheus_client` |
//! | `metrics` | [`metrics::publish`] passes values to the recorder of the crate `metrics` |
//! | `tracing` | rare events go to the subscriber of the crate `tracing` |
//! | `usdt` | rare events are static probes, for tools such as `bpftrace` |
//!
//! # Statistics
//!
//! `prometheus` and `metrics` export the same series. Each has the labels `store` and `field`; no label has a key or a
//! shard. The values come from [`Field::stats`](crate::Field::stats), so an access to a map costs nothing more.
//!
//! | name | kind | what it is |
//! |---|---|---|
//! | `sharded_field_info` | info, always 1 | What is declared for the map, and what its doc comment says that it is for (`lock`, `eviction`, `placement`, `description`). |
//! | `sharded_accesses_total` | counter | Accesses that looked for an entry, by whether they found one (`result`: `hit`, `miss`). |
//! | `sharded_inserts_total` | counter | Entries stored, including those that replaced another. |
//! | `sharded_removals_total` | counter | Entries that the library removed, by cause (`cause`: `expired`, `evicted`). |
//! | `sharded_refused_total` | counter | Entries that a call gave back because there was no room. |
//! | `sharded_loads_total` | counter | Loaders that began. |
//! | `sharded_refreshes_total` | counter | Loaders that began in order to replace an old value. |
//! | `sharded_loads_ended_total` | counter | Loaders that ended, with a value or without. |
//! | `sharded_load_failures_total` | counter | Loaders that ended without a value. |
//! | `sharded_load_waits_total` | counter | Times that a call waited for the loader of another call. |
//! | `sharded_load_seconds_total` | counter | Time that loaders took together. |
//! | `sharded_lock_waits_total` | counter | Times that a thread slept for the lock of a shard. |
//! | `sharded_lock_wait_seconds_total` | counter | Time that threads slept for the locks of shards. |
//! | `sharded_removals_waiting` | gauge | Entries that wait for the removal listener or to be received. |
//! | `sharded_removals_missed_total` | counter | Entries that could not be received because the channel was full. |
//! | `sharded_nesting_panics_total` | counter | Nested accesses that panicked because they were out of order. |
//! | `sharded_listener_panics_total` | counter | Contained panics of the removal listener. |
//! | `sharded_entries` | gauge | Entries stored. |
//! | `sharded_capacity` | gauge | Most entries that may be stored. Absent where there is no such bound. |
//! | `sharded_shards` | gauge | Number of shards. |
//! | `sharded_largest_shard_entries` | gauge | Entries in the shard that has the most. |
//! | `sharded_table_bytes` | gauge | Memory that the tables use, without what keys and values own. |
//! | `sharded_retired_entries` | gauge | Entries that have left, but that readers without a lock may still hold. |
//! | `sharded_retired_bytes` | gauge | Memory of these entries, without what keys and values own. |
//! | `sharded_table_blocks_total` | counter | Blocks of memory that the tables took. |
//! | `sharded_bucket_splits_total` | counter | Buckets that were split as tables grew. |
//! | `sharded_bucket_merges_total` | counter | Pairs of buckets that were merged as tables shrank. |
//! | `sharded_tier_reads_total` | counter | Reads of a tiered field, per key, by what answered (`result`: `near`, `remote`, `miss`, `stale`). |
//! | `sharded_tier_loads_total` | counter | Loaders of a tiered field that began. |
//! | `sharded_tier_loads_not_stored_total` | counter | Loaded values that no server has stored. |
//! | `sharded_tier_lease_waits_total` | counter | Waits for another process that loads the key. |
//! | `sharded_tier_sent_bytes_total` | counter | Values that were sent to a server. |
//! | `sharded_tier_received_bytes_total` | counter | Values that a server has sent. |
//! | `sharded_tier_invalidations_total` | counter | Keys that a server has invalidated, of all fields with the same connections. |
//! | `sharded_tier_flushes_total` | counter | Times that a server has invalidated all keys, of all fields with the same connections. |
//! | `sharded_tier_losses_total` | counter | Times that a connection was lost, of all fields with the same connections. |
//! | `sharded_tier_connected` | gauge | Whether there is a connection to each server: 1 or 0. |
//! | `sharded_tier_lag_seconds` | gauge | How long ago the servers were heard of. |
//!
//! The series `sharded_tier_…` are those of [tiered](crate::tier) fields, for which the others are about the near
//! cache.
//!
//! Each value is for one map since it was built, so a counter begins at zero when the service starts. The units
//! `seconds` and `bytes` are in the names. All other series are numbers. A value is exact once the calls that it counts
//! have returned and no other call is running. Only the waits for locks are lower bounds, see
//! [`LockWaits`](crate::LockWaits). A scrape takes no lock of a shard, and reads 1,024 shards in about 10 us, so one
//! scrape per second is not too often.
//!
//! This query adds the description of a map to a series, here to the hit ratio:
//!
//! ```text
//! sum by (store, field) (rate(sharded_accesses_total{result="hit"}[5m]))
//!     / sum by (store, field) (rate(sharded_accesses_total[5m]))
//!     * on (store, field) group_left (description) max by (store, field, description) (sharded_field_info)
//! ```
//!
//! # Events of `tracing`
//!
//! They have the target `sharded` and the fields `store` and `field`, but no keys. The thread in which the event
//! happens calls the subscriber, outside of all locks of this crate. For a load, that is when no caller waits for it
//! any more. So a subscriber may use a map. Its panics are contained. A load whose future is dropped inside a closure
//! is not reported.
//!
//! An event that happens under a lock, marked with `*`, is reported when the access ends, or the outermost of nested
//! accesses. An access that runs no user code, such as `get` of keys and values without a `Drop`, does not check for
//! events, since that would cost it two to four instructions. Its events are reported by the next access of the thread
//! that takes a lock, or at the end of the thread. So a thread that only reads `Optimistic` maps reports its events
//! when it ends. A thread keeps up to four events until it reports them.
//!
//! | message | level | further fields |
//! |---|---|---|
//! | `a load failed` | warn | `hash` of the key, `time` that the loader took |
//! | `a load was slow`: it took a second or longer | warn | `hash`, `time` |
//! | `a removal listener panicked` | error | |
//! | `a thread waited long for the lock of a shard` `*`: it slept for a tenth of a second or longer | warn | `time` |
//! | `memory was refused for one more entry` `*`, and the call panics | error | `entries` of the shard |
//! | `memory was refused for a table to grow` `*`, once a second for each thread | warn | `entries` |
//! | `memory can't be bound to node …` `*`, once in a process | warn | none, not even `store` and `field` |
//!
//! # Static probes of `usdt`
//!
//! The provider is `sharded`. While no tool is attached, each of these events costs the call of an empty function. A
//! `get` or a change in place has only `lock_wait`, after it has waited. The first four arguments of each probe are the
//! address and length of the name of the store, and those of the name of the field, as UTF-8 without a terminating
//! zero: `str(arg0, arg1)` and `str(arg2, arg3)` in `bpftrace`. `examples/observe/` has scripts.
//!
//! | probe | when | arguments from `arg4` on |
//! |---|---|---|
//! | `grow` | a table has split a bucket | its buckets and its entries now |
//! | `shrink` | a table has merged two buckets | its buckets and its entries now |
//! | `memory_refused` | the system has refused memory for a table | its entries |
//! | `evict` | an entry was evicted, or found no room and was not given back | its weight: 1 without a weigher, 0 if it found no room |
//! | `expire` | an expired entry was removed | its weight: 1 without a weigher |
//! | `refused` | a call gives an entry back because there is no room | |
//! | `sweep` | one step of a sweep has removed expired entries | their number |
//! | `lock_wait` | a thread has slept for the lock of a shard | nanoseconds |
//! | `load_begin` | a loader begins | the hash of the key |
//! | `load_end` | a loader has ended | the hash of the key; nanoseconds |
//! | `load_fail` | just after that, if it ended without a value | the hash of the key; nanoseconds |

#[cfg(feature = "metrics")]
pub mod metrics;
#[cfg(feature = "prometheus")]
pub mod prometheus;
// A test compares the table above with it.
#[cfg(any(feature = "metrics", feature = "prometheus"))]
mod series;
