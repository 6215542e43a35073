//! Recording how the maps of a running program are used, for `sharded-tune` to replay.
//!
//! A store under `#[sharded(record)]` has a [`recorder`](crate::Store::recorder). While it runs, it records one in 256
//! uses of each thread, on average, and every use of one key in 256, or of fewer if there is no room: the operation,
//! half of the hash of the key, and the time. For a use that is recorded by its turn, it measures the closure. For a
//! key whose every use is recorded, it measures the time from a read that finds nothing to the insert by the same
//! thread. It keeps no key and no value. The samples take at most 26 MiB per map. Without the flag, none of this is
//! compiled.
//!
//! Figures that the map counts anyway come from its [`Stats`](crate::Stats): accesses that hit and missed, entries that
//! expired and were evicted, the time of loaders. The samples have the data without a counter: the mix of operations,
//! keys, the use of single shards, and the time of closures.
//!
//! It writes a workload file, whose format the documentation of `sharded-tune` describes.

mod followed;
mod missed;
mod recorder;
mod recording;
mod samples;
mod text;
mod timed;

pub use recorder::Recorder;
pub(crate) use recording::Facts;
pub use recording::Recording;
pub(crate) use samples::Operation;
pub(crate) use timed::Timed;
