//! The node that a job is sent to, and the four ways to hand it in.

use super::{
    error::{Full, JobError},
    job::{Alone, OnStore},
    station::Station,
    submit::{self, RunAsync},
    task::Task,
};
use crate::topology::NodeId;
use std::{fmt, panic::Location, sync::Arc};

/// A node of a pool to send jobs to. Made by [`Pool::on`](super::Pool::on).
///
/// # Examples
///
/// ```
/// use sharded::node::Pool;
///
/// let pool = Pool::builder().threads_per_node(1).start()?;
/// let node = pool.topology().nodes()[0].id();
/// assert_eq!(pool.on(node).run(|| 6 * 7).unwrap(), 42);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct At<'p> {
    station: &'p Arc<Station>,
}

impl<'p> At<'p> {
    pub(super) fn new(station: &'p Arc<Station>) -> Self {
        Self { station }
    }

    /// The node whose workers run the jobs: the requested one, or, if it has no CPUs, the nearest one with CPUs.
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::node::Pool;
    /// # let pool = Pool::builder().threads_per_node(1).start()?;
    /// let home = pool.topology().homes().next().unwrap().id();
    /// assert_eq!(pool.on(home).node(), home);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn node(&self) -> NodeId {
        self.station.node
    }

    /// Waits for room in the queue, runs a job and blocks the calling thread until it is done. A worker of the same
    /// node runs it at once. For other workers, see [jobs in jobs](super#jobs-in-jobs).
    ///
    /// A loader that calls this waits for a worker. It can [wait for ever](super#what-could-wait-for-ever) if all
    /// workers are in jobs that wait for its key.
    ///
    /// # Errors
    ///
    /// If the job panicked or was discarded, or in a [child of `fork`](super#fork).
    ///
    /// # Panics
    ///
    /// Inside a closure of any map: see [what could wait for ever](super#what-could-wait-for-ever).
    ///
    /// # Examples
    ///
    /// See [`At`].
    #[track_caller]
    pub fn run<F, R>(&self, job: F) -> Result<R, JobError>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        submit::run(self.station, Alone::new(job), Location::caller())
    }

    /// Runs a job, as a future for any executor, without blocking its thread. The job is queued once the future is
    /// polled and there is room. If the future is dropped before, the job is dropped as well. If it is dropped later,
    /// the job runs and its result is dropped.
    ///
    /// # Errors
    ///
    /// If the job panicked or was discarded, or in a [child of `fork`](super#fork).
    ///
    /// # Panics
    ///
    /// When the future is polled after it was done, or inside a closure of any map: see
    /// [what could wait for ever](super#what-could-wait-for-ever).
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::{future::Future, pin::pin, sync::Arc, task::{Context, Poll, Wake, Waker}, thread};
    /// # fn block_on<F: Future>(future: F) -> F::Output {
    /// #     struct Unpark(thread::Thread);
    /// #     impl Wake for Unpark {
    /// #         fn wake(self: Arc<Self>) { self.0.unpark() }
    /// #     }
    /// #     let waker = Waker::from(Arc::new(Unpark(thread::current())));
    /// #     let mut future = pin!(future);
    /// #     loop {
    /// #         if let Poll::Ready(result) = future.as_mut().poll(&mut Context::from_waker(&waker)) { return result }
    /// #         thread::park();
    /// #     }
    /// # }
    /// # let pool = sharded::node::Pool::builder().threads_per_node(1).start()?;
    /// # let node = pool.topology().nodes()[0].id();
    /// let answer = pool.on(node).run_async(|| 6 * 7);
    /// # block_on(async {
    /// assert_eq!(answer.await.unwrap(), 42);
    /// # });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn run_async<F, R>(
        &self,
        job: F,
    ) -> impl Future<Output = Result<R, JobError>> + Send + Unpin + 'static + use<F, R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        RunAsync::new(self.station, Alone::new(job), Location::caller())
    }

    /// Queues a job if there is room, and never waits.
    ///
    /// # Errors
    ///
    /// If the queue is full. The job is given back.
    ///
    /// # Examples
    ///
    /// ```
    /// # let pool = sharded::node::Pool::builder().threads_per_node(1).start()?;
    /// # let node = pool.topology().nodes()[0].id();
    /// match pool.on(node).try_run(|| 6 * 7) {
    ///     Ok(task) => assert_eq!(task.wait().unwrap(), 42),
    ///     Err(full) => println!("not now: {}", (full.job)()),
    /// }
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn try_run<F, R>(&self, job: F) -> Result<Task<R>, Full<F>>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        submit::try_run(self.station, Alone::new(job), Location::caller()).map_err(|work| Full { job: work.into_job() })
    }

    /// Queues a job, and blocks the calling thread until there is room. If there is none, a worker runs the job itself.
    ///
    /// # Panics
    ///
    /// Inside a closure of any map: see [what could wait for ever](super#what-could-wait-for-ever).
    ///
    /// # Examples
    ///
    /// See [`Task`].
    #[track_caller]
    pub fn spawn<F, R>(&self, job: F) -> Task<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        submit::spawn(self.station, Alone::new(job), Location::caller())
    }
}

impl fmt::Debug for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("At").field("node", &self.node()).finish()
    }
}

/// The node of an entry of a store, to send jobs on that store to. Made by [`Pool::home_of`](super::Pool::home_of).
///
/// Each job gets the store, and keeps it alive. See the methods of [`At`].
///
/// # Examples
///
/// ```
/// use sharded::{node::Pool, sharded};
/// use std::{collections::HashMap, sync::Arc};
///
/// #[sharded(ttl = "1h")]
/// struct Shop {
///     carts: HashMap<u64, Vec<String>>,
/// }
///
/// let shop = Arc::new(Shop::new());
/// let pool = Pool::builder().threads_per_node(1).start()?;
/// let home = pool.home_of(&shop, Shop::carts, &7);
/// home.run(|shop| shop.carts().insert(7, vec!["apple".to_owned()])).unwrap();
/// assert_eq!(home.run(|shop| shop.carts().with(&7, Vec::len)).unwrap(), Some(1));
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Home<'p, T> {
    station: &'p Arc<Station>,
    store: Arc<T>,
}

impl<'p, T: Send + Sync + 'static> Home<'p, T> {
    pub(super) fn new(station: &'p Arc<Station>, store: Arc<T>) -> Self {
        Self { station, store }
    }

    /// The node whose workers run the jobs, see [`At::node`].
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::{node::Pool, sharded};
    /// # use std::{collections::HashMap, sync::Arc};
    /// # #[sharded(ttl = "1h")]
    /// # struct Shop { carts: HashMap<u64, String> }
    /// # let shop = Arc::new(Shop::new());
    /// # let pool = Pool::builder().threads_per_node(1).start()?;
    /// println!("this cart is on node {}", pool.home_of(&shop, Shop::carts, &7).node());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn node(&self) -> NodeId {
        self.station.node
    }

    /// Runs a job on the store and blocks until it is done, see [`At::run`].
    ///
    /// # Errors
    ///
    /// If the job panicked or was discarded, or in a [child of `fork`](super#fork).
    ///
    /// # Panics
    ///
    /// Inside a closure of any map: see [what could wait for ever](super#what-could-wait-for-ever).
    ///
    /// # Examples
    ///
    /// See [`Home`].
    #[track_caller]
    pub fn run<F, R>(&self, job: F) -> Result<R, JobError>
    where
        F: FnOnce(&T) -> R + Send + 'static,
        R: Send + 'static,
    {
        submit::run(self.station, self.work(job), Location::caller())
    }

    /// Runs a job on the store, as a future for any executor, see [`At::run_async`].
    ///
    /// # Errors
    ///
    /// If the job panicked or was discarded, or in a [child of `fork`](super#fork).
    ///
    /// # Panics
    ///
    /// When the future is polled after it was done, or inside a closure of any map: see
    /// [what could wait for ever](super#what-could-wait-for-ever).
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::{node::{JobError, Pool}, sharded};
    /// # use std::{collections::HashMap, sync::Arc};
    /// # #[sharded(ttl = "1h")]
    /// # struct Shop { carts: HashMap<u64, String> }
    /// async fn cart(shop: &Arc<Shop>, pool: &Pool, customer: u64) -> Result<Option<String>, JobError> {
    ///     pool.home_of(shop, Shop::carts, &customer).run_async(move |shop| shop.carts().get(&customer)).await
    /// }
    /// ```
    #[track_caller]
    pub fn run_async<F, R>(
        &self,
        job: F,
    ) -> impl Future<Output = Result<R, JobError>> + Send + Unpin + 'static + use<T, F, R>
    where
        F: FnOnce(&T) -> R + Send + 'static,
        R: Send + 'static,
    {
        RunAsync::new(self.station, self.work(job), Location::caller())
    }

    /// Queues a job on the store if there is room, and never waits, see [`At::try_run`].
    ///
    /// # Errors
    ///
    /// If the queue is full. The job is given back.
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::{node::Pool, sharded};
    /// # use std::{collections::HashMap, sync::Arc};
    /// # #[sharded(ttl = "1h")]
    /// # struct Shop { carts: HashMap<u64, String> }
    /// # let shop = Arc::new(Shop::new());
    /// # let pool = Pool::builder().threads_per_node(1).start()?;
    /// let home = pool.home_of(&shop, Shop::carts, &7);
    /// if home.try_run(|shop| shop.carts().remove(&7)).is_err() {
    ///     println!("node {} is busy", home.node());
    /// }
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn try_run<F, R>(&self, job: F) -> Result<Task<R>, Full<F>>
    where
        F: FnOnce(&T) -> R + Send + 'static,
        R: Send + 'static,
    {
        submit::try_run(self.station, self.work(job), Location::caller()).map_err(|work| Full { job: work.into_job() })
    }

    /// Queues a job on the store, and blocks the calling thread until there is room, see [`At::spawn`].
    ///
    /// # Panics
    ///
    /// Inside a closure of any map: see [what could wait for ever](super#what-could-wait-for-ever).
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::{node::Pool, sharded};
    /// # use std::{collections::HashMap, sync::Arc};
    /// # #[sharded(ttl = "1h")]
    /// # struct Shop { carts: HashMap<u64, String> }
    /// # let shop = Arc::new(Shop::new());
    /// # let pool = Pool::builder().threads_per_node(1).start()?;
    /// let old = pool.home_of(&shop, Shop::carts, &7).spawn(|shop| shop.carts().remove(&7));
    /// assert_eq!(old.wait().unwrap(), None);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn spawn<F, R>(&self, job: F) -> Task<R>
    where
        F: FnOnce(&T) -> R + Send + 'static,
        R: Send + 'static,
    {
        submit::spawn(self.station, self.work(job), Location::caller())
    }

    fn work<F, R>(&self, job: F) -> OnStore<T, F, R> {
        OnStore::new(Arc::clone(&self.store), job)
    }
}

impl<T> Clone for Home<'_, T> {
    fn clone(&self) -> Self {
        Self { station: self.station, store: Arc::clone(&self.store) }
    }
}

impl<T> fmt::Debug for Home<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Home").field("node", &self.station.node).finish_non_exhaustive()
    }
}
