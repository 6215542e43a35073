//! Threads on each NUMA node, and a way to send a job to the node where its data is.
//!
//! A [`Pool`] has workers on every node, pinned to its CPUs, and a bounded queue for each node. [`Pool::on`] sends a job to a node,
//! [`Pool::home_of`] to the node that a key's shard is on.
//!
//! # When to use it
//!
//! On a machine with several nodes, when what a job does with an entry takes well over the few microseconds of handing it over: walking through a
//! large value, or hundreds of accesses to keys of one node. A single `get` is done faster from anywhere. On a machine with one node
//! it is a plain thread pool, and the program is the same.
//!
//! The tables of a map lie where its shards are placed, whoever writes to them. What a value owns does not: a `Vec` or `String` comes from
//! the global allocator, and the system takes a fresh page from the node of the CPU that touches it first. So what a job
//! allocates and fills for a value lies on the node of that job, by first touch; memory that the allocator uses again
//! lies where it was.
//!
//! # What is bounded
//!
//! Each queue holds what [`Builder::queue`] says, 1024 jobs where it says nothing. When it is full, the caller waits ([`At::run`],
//! [`At::spawn`]), awaits ([`At::run_async`]), or gets the job back ([`At::try_run`]). Each worker runs one job, and those that this one runs in turn.
//! Jobs of a node begin in the order in which they were queued; who waits for room has no place in it yet.
//!
//! # Cost
//!
//! Handing in a job is O(1) (O(log n) where n futures wait for room, O(log nodes) for choosing the node), one allocation,
//! and waking a thread where one sleeps.
//!
//! # Jobs in jobs
//!
//! A job may hand in others, to any node of any pool, and wait for them. With however few threads and short queues, the pools don't make this
//! deadlock: jobs that would finish with a thread for each of them finish here, if they wait for each other only by what is in this module
//! and block nothing else meanwhile, and if none waits for a job that waits for it, which [panics](#what-could-wait-for-ever). For that,
//!
//! - a worker never waits for room: where a queue is full, it runs the new job itself, on its own thread;
//! - a worker that waits for a result, by [`run`](At::run) or [`Task::wait`], runs that very job itself if it has not begun and is for the
//!   worker's own node, or if all workers of the node it is for are waiting too. It never runs another job meanwhile, since
//!   that one might wait for what this worker has not finished.
//!
//! So a job may run on another node than its own, but only one that another job handed in, and only in these cases. Jobs that
//! run inside others use the same stack: a job that hands in its successor, and so on without end, should do so by
//! [`try_run`](At::try_run). A job that blocks its thread on something else, as on a load of another thread or an executor's `block_on` around
//! [`run_async`](At::run_async), takes that thread away until it is done.
//!
//! # What could wait for ever
//!
//! A call that waits for a worker panics at once inside a closure of any map, and the message names both places: the worker may need, or wait behind
//! another job that needs, the shard which the closure is inside. So do [`run`](At::run), [`spawn`](At::spawn), [`Task::wait`] and
//! [`Pool::shutdown`], and the futures when they are polled. [`try_run`](At::try_run) waits for nothing and may be called anywhere. The last clone
//! of a pool may be dropped anywhere, but inside a closure the drop doesn't wait for the workers.
//!
//! A loader may wait for a job. A job that asks for the key of a loader that waits for it, by [`run`](At::run) or [`Task::wait`],
//! through however many loaders and jobs, gets [`LoadError::Recursive`](crate::LoadError::Recursive). A wait that would close such a circle panics.
//!
//! # Fork
//!
//! A pool is of the process that started it. In a child of `fork` its workers are not there: every job gets [`JobError::Forked`] at once, those
//! that the parent has queued too, and whether or not they were done. [`Pool::shutdown`] does nothing there, nor does the drop of the last clone; what the parent has queued is neither run nor
//! dropped in the child. The child can start pools of its own. See also [what `fork` leaves](crate#fork).
//!
//! # Panics in jobs
//!
//! A panic in a job is its caller's: [`JobError::Panicked`]. The worker goes on with the next job.

mod builder;
mod error;
mod job;
mod keyed;
mod pending;
mod pool;
mod station;
mod submit;
mod target;
mod task;

pub use builder::Builder;
pub use error::{Full, JobError, Panic};
pub use pending::Pending;
pub use pool::Pool;
pub use target::{At, Home};
pub use task::Task;
