//! Recording how the maps of a running program are used, for `sharded-tune` to replay.
//!
//! A store under `#[sharded(record)]` has a [`recorder`](crate::Store::recorder). While it runs, one use in 256 of each thread, on average, is noted,
//! and every use of one key in 256, or of fewer where there is no room for these: the operation, half of the key's hash, the time. Of a use that is
//! noted by its turn, a clock is read before and after the closure or the loader that it runs; of a key whose every use is noted, from a read that
//! finds nothing to the insert by the same thread.
//! No key and no value is kept. The samples take at most 26 MiB a map.
//! Without the flag there is no trace of this in what is compiled.
//!
//! It writes a workload file, whose form the documentation of `sharded-tune` describes.

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
pub(crate) use text::choice_name;
pub(crate) use timed::Timed;
