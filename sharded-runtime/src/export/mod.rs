//! Statistics of all maps of a store, for monitoring systems.
//!
//! Each exporter is a feature of this crate, which is off by default:
//!
//! | feature | what it does |
//! |---|---|
//! | `prometheus` | [`prometheus::Collector`] answers each scrape, through the crate `prometheus_client` |
//! | `metrics` | [`metrics::publish`] tells the recorder of the crate `metrics`, whatever exporter that is |
//!
//! Both export the same series. Each has the labels `store` and `field`; no label has a key or a shard. The values come
//! from [`Field::stats`], so an access to a map costs nothing more.
//!
//! | name | kind | what it is |
//! |---|---|---|
//! | `sharded_accesses_total` | counter | Accesses that looked for an entry, by whether they found one (`result`: `hit`, `miss`). |
//! | `sharded_inserts_total` | counter | Entries stored, including those that replaced another. |
//! | `sharded_removals_total` | counter | Entries that the library removed, by cause (`cause`: `expired`, `evicted`). |
//! | `sharded_refused_total` | counter | Entries that a call gave back because there was no room. |
//! | `sharded_loads_total` | counter | Loaders that began. |
//! | `sharded_refreshes_total` | counter | Loaders that began in order to replace an old value. |
//! | `sharded_load_failures_total` | counter | Loaders that ended without a value. |
//! | `sharded_load_waits_total` | counter | Times that a call waited for the loader of another call. |
//! | `sharded_load_seconds_total` | counter | Time that loaders took together. |
//! | `sharded_removals_waiting` | gauge | Entries that wait for the removal listener or to be received. |
//! | `sharded_removals_missed_total` | counter | Entries that could not be received because the channel was full. |
//! | `sharded_nesting_panics_total` | counter | Nested accesses that panicked because they were out of order. |
//! | `sharded_listener_panics_total` | counter | Contained panics of the removal listener. |
//! | `sharded_entries` | gauge | Entries stored. |
//! | `sharded_capacity` | gauge | Most entries that may be stored. Absent where there is no such bound. |
//! | `sharded_shards` | gauge | Number of shards. |
//! | `sharded_largest_shard_entries` | gauge | Entries in the shard that has the most. |
//! | `sharded_table_bytes` | gauge | Memory that the tables use, without what keys and values own. |
//! | `sharded_table_blocks_total` | counter | Blocks of memory that the tables took. |
//! | `sharded_bucket_splits_total` | counter | Buckets that were split as tables grew. |
//! | `sharded_bucket_merges_total` | counter | Pairs of buckets that were merged as tables shrank. |

#[cfg(feature = "metrics")]
pub mod metrics;
#[cfg(feature = "prometheus")]
pub mod prometheus;
// A test compares the table above with it.
mod series;
