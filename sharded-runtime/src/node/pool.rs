//! A pool of workers on every node.

use super::{
    keyed::Keyed,
    pending::Pending,
    station::Station,
    target::{At, Home},
};
use crate::{
    memory::sync::unmodelled::Mutex,
    shard::order,
    topology::{NodeId, Topology},
};
use std::{fmt, mem, panic::Location, sync::Arc, thread::JoinHandle};

/// Worker threads on each NUMA node. Clones are the same pool. See [the module](crate::node) for its guarantees.
///
/// When the last clone is dropped, the queued jobs are finished, or discarded if [`on_drop`](super::Builder::on_drop)
/// says so, and the drop blocks until all workers have ended. On one of its own workers, and inside a closure of a map,
/// it doesn't wait for them.
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
    pub(super) inner: Arc<Inner>,
}

/// The workers don't own it, so dropping it ends them.
pub(super) struct Inner {
    pub(super) id: u64,
    pub(super) topology: Topology,
    /// Ascending by node, at least one.
    pub(super) stations: Vec<Arc<Station>>,
    pub(super) is_pinned: bool,
    pub(super) on_drop: Pending,
    pub(super) workers: Mutex<Vec<JoinHandle<()>>>,
}

impl Pool {
    /// The nodes of the pool.
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

    /// Whether every worker is pinned to the CPUs of its node. Pinning fails in some sandboxes, on systems other than
    /// Linux, and for CPUs that don't exist. Then each node still has its own threads, but on CPUs that the system
    /// chooses.
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

    /// A node to send jobs to. If it has no CPUs or doesn't exist, they go to the nearest node with CPUs. O(nodes).
    ///
    /// # Examples
    ///
    /// See [`At`].
    #[must_use]
    pub fn on(&self, node: NodeId) -> At<'_> {
        At::new(self.inner.station(node))
    }

    /// The node of a key's shard in a field of a store, to send jobs on that store to. If the shards are not placed, it
    /// is the node of the calling thread. O(nodes), plus hashing the key.
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

    /// Takes no more jobs, finishes or discards queued ones, and blocks until all workers have ended. In a job of this
    /// pool it doesn't wait for them.
    ///
    /// Jobs that are handed in later are discarded, and so are those of [`run_async`](At::run_async) that wait for
    /// room. There is one exception: while queued jobs are finished, the jobs that they hand in, except by `run_async`,
    /// are run at once by the same worker (inside a closure of a map, after the closure). A second call changes
    /// nothing, unless it discards jobs that the first would finish.
    ///
    /// # Panics
    ///
    /// Inside a closure of any map: see [what could wait for ever](crate::node#what-could-wait-for-ever).
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
        // If no node has CPUs, there is only one station.
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
        // The remaining jobs may wait for jobs of this worker's station.
        let _blocked = own.as_ref().map(|own| own.block());
        // Held until all workers have ended, so that another thread that shuts the pool down waits too.
        let mut workers = self.workers.lock();
        for worker in workers.drain(..) {
            // A worker catches the panics of its jobs.
            let _ = worker.join();
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if self.is_forked() {
            // The handles belong to threads of the parent, and their ids may be reused here. The queues may be in any
            // state.
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
