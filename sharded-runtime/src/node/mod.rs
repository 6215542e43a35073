//! Threads on each NUMA node, and jobs sent to the node of their data.
//!
//! A [`Pool`] has workers on every node, pinned to its CPUs, and a bounded queue for each node. [`Pool::on`] sends a
//! job to a node, and [`Pool::home_of`] to the node of a key's shard.
//!
//! # When to use it
//!
//! On a machine with several nodes, if a job takes much longer than the few microseconds of handing it over: for
//! example, it walks through a large value, or accesses hundreds of keys of one node. A single `get` is faster from
//! anywhere. On a machine with one node, a pool is a plain thread pool, and the program is the same.
//!
//! The tables of a map lie where its shards are placed, whichever thread writes to them. Memory that a value owns does
//! not: a `Vec` or `String` comes from the global allocator, and the system takes a fresh page from the node of the CPU
//! that first touches it. So memory that a job allocates and fills lies on the node of that job. Memory that the
//! allocator reuses stays where it was.
//!
//! # What is bounded
//!
//! [`Builder::queue`] sets the capacity of each queue, 1024 jobs by default. If it is full, the caller waits
//! ([`At::run`], [`At::spawn`]), awaits ([`At::run_async`]), or gets the job back ([`At::try_run`]). Each worker runs
//! one job at a time, and the jobs that this one runs inside. The jobs of a node begin in the order in which they were
//! queued. A job that waits for room is not queued yet.
//!
//! # Cost
//!
//! Handing in a job is O(1), or O(log n) if n futures wait for room, plus O(log nodes) to choose the node. It makes one
//! allocation and wakes a thread if one sleeps.
//!
//! # Jobs in jobs
//!
//! A job may hand in others, to any node of any pool, and wait for them. The pools add no deadlock, however few threads
//! they have and however short their queues are. Jobs that would finish with a thread each also finish here, on three
//! conditions: they wait for each other only through this module, they block on nothing else meanwhile, and no job
//! waits for one that waits for it, which [panics](#what-could-wait-for-ever). For that,
//!
//! - a worker never waits for room: if a queue is full, it runs the new job itself;
//! - a worker that waits for a result, by [`run`](At::run) or [`Task::wait`], runs that job itself if it has not begun,
//!   and if it is for the worker's own node or all workers of its node are waiting too. It never runs another job
//!   meanwhile, because that one might wait for the job that this worker has not finished.
//!
//! So a job may run on another node than its own, but only if another job handed it in, and only in these cases. Jobs
//! that run inside others use the same stack. A job that hands in its successor, and so on without end, should use
//! [`try_run`](At::try_run). A job that blocks its thread on something else, such as a load of another thread or an
//! executor's `block_on` around [`run_async`](At::run_async), occupies that thread until it is done.
//!
//! # What could wait for ever
//!
//! A call that waits for a worker panics at once inside a closure of any map, and the message names both places. The
//! worker may need the shard of the closure, or wait behind another job that needs it. These calls are
//! [`run`](At::run), [`spawn`](At::spawn), [`Task::wait`], [`Pool::shutdown`], and the futures when they are polled.
//! [`try_run`](At::try_run) does not wait and may be called anywhere. The last clone of a pool may be dropped anywhere,
//! but inside a closure the drop doesn't wait for the workers.
//!
//! A loader may wait for a job. If a job asks for the key of a loader that waits for it, by [`run`](At::run) or
//! [`Task::wait`], through any number of loaders and jobs, it gets
//! [`LoadError::Recursive`](crate::LoadError::Recursive). A wait that would close such a cycle panics.
//!
//! A cycle through a queue is not detected. If a loader waits for a queued job, and every worker of its node is inside
//! a job that waits for that loader's key, none of them becomes free: the calls hang. So a loader that waits for a pool
//! needs a worker that no other job can hold up: let the jobs of that pool not ask for keys whose loaders use it.
//!
//! # Fork
//!
//! A pool belongs to the process that started it. A child of `fork` lacks its workers: every job gets
//! [`JobError::Forked`] at once, also jobs that the parent has queued, done or not. There, [`Pool::shutdown`] and the
//! drop of the last clone do nothing, and jobs that the parent has queued are neither run nor dropped. The child can
//! start pools of its own. See also [what `fork` leaves](crate#fork).
//!
//! # Panics in jobs
//!
//! A panic in a job is reported to its caller: [`JobError::Panicked`]. The worker continues with the next job.

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
