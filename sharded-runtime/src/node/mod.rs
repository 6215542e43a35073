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
mod station;
mod submit;
mod target;
mod task;

pub use builder::{Builder, Pending};
pub use error::{Full, JobError, Panic};
pub use target::{At, Home};
pub use task::Task;

use crate::{
    memory::sync::unmodelled::Mutex,
    shard::order,
    topology::{NodeId, Topology},
};
use keyed::Keyed;
use station::Station;
use std::{fmt, mem, panic::Location, sync::Arc, thread::JoinHandle};

/// Worker threads on each NUMA node. Clones are the same pool; see [the module](self) for what holds.
///
/// When the last clone is dropped, the queued jobs are finished, or discarded if [`on_drop`](Builder::on_drop) says so, and the drop blocks
/// until all workers have ended. On one of its own workers, and inside a closure of a map, it doesn't wait for them.
///
/// # Examples
///
/// ```
/// use sharded::{node::Pool, sharded};
/// use std::{collections::HashMap, sync::Arc};
///
/// #[sharded(ttl = "1h")]
/// struct Docs {
///     pages: HashMap<u64, String>,
/// }
///
/// let docs = Arc::new(Docs::new());
/// let pool = Pool::builder().start()?;
/// // The text is allocated where the page is.
/// let write = pool.home_of(&docs, Docs::pages, &7).spawn(|docs| docs.pages().insert(7, "word ".repeat(1000)));
/// assert_eq!(write.wait().unwrap(), None);
/// // And it is read there.
/// let count = |docs: &Docs| docs.pages().with(&7, |page| page.split_whitespace().count());
/// assert_eq!(pool.home_of(&docs, Docs::pages, &7).run(count).unwrap(), Some(1000));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct Pool {
    inner: Arc<Inner>,
}

/// The workers don't own it, so its drop ends them.
struct Inner {
    id: u64,
    topology: Topology,
    /// Ascending by node, at least one.
    stations: Vec<Arc<Station>>,
    is_pinned: bool,
    on_drop: Pending,
    workers: Mutex<Vec<JoinHandle<()>>>,
}

impl Pool {
    /// A pool to be, with what is usual.
    ///
    /// # Examples
    ///
    /// See [`Builder`].
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// The nodes that it has been given.
    ///
    /// # Examples
    ///
    /// ```
    /// # let pool = sharded::node::Pool::builder().threads_per_node(1).start()?;
    /// for node in pool.topology().homes() {
    ///     pool.on(node.id()).run(|| println!("hello from {:?}", std::thread::current().name())).unwrap();
    /// }
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn topology(&self) -> &Topology {
        &self.inner.topology
    }

    /// Whether every worker is held on the CPUs of its node. If not, as in some sandboxes, on other systems than Linux, and with CPUs that were
    /// made up, jobs still run, each node's on threads of its own, but on whatever CPUs the system picks.
    ///
    /// # Examples
    ///
    /// ```
    /// # let pool = sharded::node::Pool::builder().threads_per_node(1).start()?;
    /// if !pool.is_pinned() {
    ///     eprintln!("jobs may run far from their data");
    /// }
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn is_pinned(&self) -> bool {
        self.inner.is_pinned
    }

    /// A node, for jobs. If it has no CPUs, its jobs go to the nearest one that has; so do those of a node that isn't
    /// there, which is as far from each. O(nodes).
    ///
    /// # Examples
    ///
    /// See [`At`].
    #[must_use]
    pub fn on(&self, node: NodeId) -> At<'_> {
        At::new(self.inner.station(node))
    }

    /// The node that a key's shard is on, in a field of a store, for jobs on that store. Where the field's shards are not placed, it is the node that the
    /// calling thread runs on. O(nodes), besides hashing the key.
    ///
    /// # Examples
    ///
    /// See [`Home`].
    #[must_use]
    pub fn home_of<T, M, Q>(&self, store: &Arc<T>, field: impl FnOnce(&T) -> &M, key: &Q) -> Home<'_, T>
    where
        T: Send + Sync + 'static,
        M: Keyed<Q>,
        Q: ?Sized,
    {
        let node = field(store).node_of_key(key).unwrap_or_else(|| self.inner.topology.here());
        Home::new(self.inner.station(node), Arc::clone(store))
    }

    /// Takes no more jobs, finishes or discards those that are queued, and blocks until all workers have ended. In a job of this pool it doesn't
    /// wait for them.
    ///
    /// Jobs handed in from here on are discarded, as are those of [`run_async`](At::run_async) that wait for room; but while queued jobs are finished,
    /// what they hand in, other than by `run_async`, is run at once by the same worker (after the closure, where it is handed in inside a closure of a map). A second call changes nothing, unless it discards what the first was to finish.
    ///
    /// # Panics
    ///
    /// Inside a closure of any map: see [what could wait for ever](self#what-could-wait-for-ever).
    ///
    /// # Examples
    ///
    /// ```
    /// use sharded::node::{JobError, Pending, Pool};
    ///
    /// let pool = Pool::builder().threads_per_node(1).start()?;
    /// let node = pool.topology().nodes()[0].id();
    /// let task = pool.on(node).spawn(|| 6 * 7);
    /// pool.shutdown(Pending::Finish);
    /// assert_eq!(task.wait().unwrap(), 42);
    /// assert!(matches!(pool.on(node).run(|| 6 * 7), Err(JobError::Discarded)));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn shutdown(&self, pending: Pending) {
        order::check_wait("a pool is shut down", Location::caller());
        if !self.inner.is_forked() {
            self.inner.shutdown(pending);
        }
    }
}

impl Inner {
    fn is_forked(&self) -> bool {
        self.stations.first().is_some_and(|station| station.is_forked())
    }

    fn station(&self, node: NodeId) -> &Arc<Station> {
        let at = self.topology.nearest_cpus(node).and_then(|node| self.stations.iter().position(|at| at.node == node));
        // Where no node has CPUs, there is only this one.
        &self.stations[at.unwrap_or(0)]
    }

    fn shutdown(&self, pending: Pending) {
        for station in &self.stations {
            station.close(pending);
        }
        let own = Station::own();
        if order::is_inside() || own.as_ref().is_some_and(|own| own.pool == self.id) {
            return;
        }
        // The jobs that end here may wait for jobs that this worker was to run.
        let _blocked = own.as_ref().map(|own| own.block());
        // Held until all have ended, so that whoever else shuts it down waits too.
        let mut workers = self.workers.lock();
        for worker in workers.drain(..) {
            // A worker catches what its jobs do.
            let _ = worker.join();
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if self.is_forked() {
            // The handles are of threads that are not there, and a new thread may be where one of them was. The queues are as
            // those threads have left them.
            mem::forget((mem::take(self.workers.get_mut()), mem::take(&mut self.stations)));
        } else {
            self.shutdown(self.on_drop);
        }
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nodes: Vec<u32> = self.inner.stations.iter().map(|station| station.node.get()).collect();
        f.debug_struct("Pool").field("nodes", &nodes).field("is_pinned", &self.inner.is_pinned).finish_non_exhaustive()
    }
}
