//! The builder of a pool.

use super::{
    pending::Pending,
    pool::{Inner, Pool},
    station::Station,
};
use crate::memory::sync::unmodelled::Mutex;
use crate::{
    memory::sys,
    topology::{Node, Topology},
};
use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

/// Builds a [`Pool`].
///
/// # Examples
///
/// ```
/// use sharded::{node::{Pending, Pool}, topology::Topology};
///
/// let pool = Pool::builder()
///     .topology(Topology::current())
///     .threads_per_node(2)
///     .queue(100)
///     .on_drop(Pending::Discard)
///     .start()?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "it starts nothing until `start`"]
pub struct Builder {
    topology: Option<Topology>,
    threads: Option<usize>,
    queue: usize,
    on_drop: Pending,
}

impl Pool {
    /// A builder with the defaults.
    ///
    /// # Examples
    ///
    /// See [`Builder`].
    pub fn builder() -> Builder {
        Builder::new()
    }
}

impl Builder {
    pub(super) fn new() -> Self {
        Self { topology: None, threads: None, queue: 1024, on_drop: Pending::Finish }
    }

    /// These nodes instead of those of the machine. Nodes may share CPUs, to test many nodes on a machine with one.
    ///
    /// # Examples
    ///
    /// ```
    /// use sharded::{node::Pool, topology::{Node, NodeId, Topology}};
    ///
    /// let node = |number| Node::new(NodeId::new(number), [0], 1 << 30);
    /// let pool = Pool::builder().topology(Topology::new([node(0), node(1)])).start()?;
    /// assert_eq!(pool.on(NodeId::new(1)).node(), NodeId::new(1));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn topology(mut self, topology: Topology) -> Self {
        self.topology = Some(topology);
        self
    }

    /// This many workers on each node with CPUs. By default, as many as the node has CPUs.
    ///
    /// # Panics
    ///
    /// If it is zero.
    ///
    /// # Examples
    ///
    /// See [`Builder`].
    pub fn threads_per_node(mut self, threads: usize) -> Self {
        assert!(threads > 0, "a node must have a thread");
        self.threads = Some(threads);
        self
    }

    /// Room for this many jobs in the queue of each node, not counting those that run. By default 1024.
    ///
    /// # Panics
    ///
    /// If it is zero.
    ///
    /// # Examples
    ///
    /// See [`Builder`].
    pub fn queue(mut self, capacity: usize) -> Self {
        assert!(capacity > 0, "a queue must have room for a job");
        self.queue = capacity;
        self
    }

    /// What happens to queued jobs when the last clone of the pool is dropped. By default, they are finished.
    ///
    /// # Examples
    ///
    /// See [`Builder`].
    pub fn on_drop(mut self, pending: Pending) -> Self {
        self.on_drop = pending;
        self
    }

    /// Starts the workers, and waits until each is pinned to its node, or has failed to be.
    ///
    /// # Errors
    ///
    /// If the system can't start a thread. The started ones have ended then.
    ///
    /// # Examples
    ///
    /// See [`Builder`].
    pub fn start(self) -> io::Result<Pool> {
        // Relaxed: the number only has to be unique.
        static POOLS: AtomicU64 = AtomicU64::new(0);
        let id = POOLS.fetch_add(1, Ordering::Relaxed);
        let topology = self.topology.unwrap_or_else(Topology::current);
        let station = |node: &Node| {
            let workers = self.threads.unwrap_or(node.cpus().len().max(1));
            Arc::new(Station::new(node.id(), id, workers, self.queue))
        };
        let has_cpus = |node: &&Node| !node.cpus().is_empty();
        let mut stations: Vec<_> = topology.nodes().iter().filter(has_cpus).map(station).collect();
        if stations.is_empty() {
            // No CPUs are known, so the workers run anywhere.
            stations.extend(topology.nodes().first().map(station));
        }
        let mut inner =
            Inner { id, topology, stations, is_pinned: false, on_drop: self.on_drop, workers: Mutex::new(Vec::new()) };
        // If this fails, the drop of `inner` ends the threads.
        inner.is_pinned = inner.start()?;
        Ok(Pool { inner: Arc::new(inner) })
    }
}

impl Inner {
    /// Returns whether all workers are pinned.
    fn start(&mut self) -> io::Result<bool> {
        let (ready, all_ready) = crossbeam_channel::unbounded();
        let workers = self.workers.get_mut();
        for station in &self.stations {
            let cpus: Arc<[u32]> = self.topology.node(station.node).map_or(&[][..], Node::cpus).into();
            for number in 0..station.workers {
                // Linux shows 15 bytes of it.
                let name = format!("sharded-n{}-{number}", station.node);
                let (station, cpus, ready) = (Arc::clone(station), Arc::clone(&cpus), ready.clone());
                let work = move || {
                    // Before the first job, so that pages it touches come from the node.
                    let _ = ready.send(sys::thread::pin(&cpus).is_ok());
                    drop((cpus, ready));
                    station.work();
                };
                workers.push(thread::Builder::new().name(name).spawn(work)?);
            }
        }
        drop(ready);
        Ok(all_ready.iter().fold(true, |all, one| all & one))
    }
}
