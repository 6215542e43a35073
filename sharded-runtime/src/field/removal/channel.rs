//! The channel of removed entries.

use super::sink::Sink;
use crate::{
    engine::cause::Cause,
    field::segments::Segments,
    memory::sync::unmodelled::{Condvar, Mutex},
    shard::order::{self, Later},
    waker::StoredWaker,
};
use std::{
    fmt,
    future::poll_fn,
    panic::Location,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
};

/// An entry that has left its map.
///
/// # Examples
///
/// See [`ShardedMap::removals`](crate::ShardedMap::removals).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Removal<K, V> {
    /// Its key.
    pub key: K,
    /// Its last value.
    pub value: V,
    /// Why it left.
    pub cause: Cause,
}

impl<K, V> Removal<K, Box<V>> {
    fn unboxed(self) -> Removal<K, V> {
        Removal { key: self.key, value: *self.value, cause: self.cause }
    }
}

/// The receiver of the entries that leave a map, for one thread or task at a time: see
/// [`ShardedMap::removals`](crate::ShardedMap::removals).
///
/// Once this is dropped, entries that leave the map are dropped as if there had never been a listener.
///
/// # Examples
///
/// ```
/// # use sharded::sharded;
/// # use std::{collections::HashMap, thread};
/// # #[sharded(ttl = "1h")]
/// # struct Shop { carts: HashMap<u64, String> }
/// let shop = Shop::new();
/// let mut removals = shop.carts().removals(100).unwrap();
/// let log = thread::spawn(move || {
///     let mut gone = Vec::new();
///     while let Some(removal) = removals.recv() {
///         gone.push(removal.key);
///     }
///     gone
/// });
/// shop.carts().insert(1, "apple".to_owned());
/// shop.carts().remove(&1);
/// drop(shop);
/// assert_eq!(log.join().unwrap(), [1]);
/// ```
pub struct Removals<K, V> {
    channel: Arc<Channel<K, V>>,
}

impl<K, V> Removals<K, V> {
    pub(super) fn new(channel: Arc<Channel<K, V>>) -> Self {
        Removals { channel }
    }

    /// Waits for the next entry, and blocks the thread. `None` if the map was dropped and no entry is left. In async
    /// code, await [`recv_async`](Self::recv_async).
    ///
    /// # Panics
    ///
    /// Inside a closure of any map: the thread that removes the next entry may have to wait for that closure.
    ///
    /// # Examples
    ///
    /// See [`Removals`].
    #[track_caller]
    pub fn recv(&mut self) -> Option<Removal<K, V>> {
        order::check_wait("a removal is waited for", Location::caller());
        let Channel { state, has_come, .. } = &*self.channel;
        let mut state = state.lock();
        loop {
            let next = state.removals.pop_front();
            if next.is_some() || state.is_closed {
                return next.map(Removal::unboxed);
            }
            has_come.wait(&mut state);
        }
    }

    /// The next entry, if there is one now.
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::sharded;
    /// # use std::collections::HashMap;
    /// # #[sharded(ttl = "1h")]
    /// # struct Shop { carts: HashMap<u64, String> }
    /// let shop = Shop::new();
    /// let mut removals = shop.carts().removals(100).unwrap();
    /// assert_eq!(removals.try_recv(), None);
    /// ```
    pub fn try_recv(&mut self) -> Option<Removal<K, V>> {
        let next = self.channel.state.lock().removals.pop_front();
        next.map(Removal::unboxed)
    }

    /// The next entry, as a future for any executor. `None` if the map was dropped and no entry is left. No entry is
    /// lost if the future is dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::sharded;
    /// # use std::collections::HashMap;
    /// # #[sharded(ttl = "1h")]
    /// # struct Shop { carts: HashMap<u64, String> }
    /// async fn log(shop: &Shop) {
    ///     let mut removals = shop.carts().removals(100).unwrap();
    ///     while let Some(removal) = removals.recv_async().await {
    ///         println!("{}: {:?}", removal.key, removal.cause);
    ///     }
    /// }
    /// ```
    pub fn recv_async(&mut self) -> impl Future<Output = Option<Removal<K, V>>> {
        poll_fn(|context| self.poll_recv(context))
    }

    /// As [`recv_async`](Self::recv_async), for implementing a custom stream. Only the last waker is kept.
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::sharded;
    /// # use std::collections::HashMap;
    /// # #[sharded(ttl = "1h")]
    /// # struct Shop { carts: HashMap<u64, String> }
    /// use std::task::{Context, Poll, Waker};
    ///
    /// let shop = Shop::new();
    /// let mut removals = shop.carts().removals(100).unwrap();
    /// let mut context = Context::from_waker(Waker::noop());
    /// assert_eq!(removals.poll_recv(&mut context), Poll::Pending);
    /// drop(shop);
    /// assert_eq!(removals.poll_recv(&mut context), Poll::Ready(None));
    /// ```
    pub fn poll_recv(&mut self, context: &mut Context<'_>) -> Poll<Option<Removal<K, V>>> {
        // Wakers run code of the executor, which must not run under the lock.
        let mut waker = Some(StoredWaker::new(context));
        let mut state = self.channel.state.lock();
        let next = state.removals.pop_front();
        if next.is_some() || state.is_closed {
            return Poll::Ready(next.map(Removal::unboxed));
        }
        std::mem::swap(&mut state.waker, &mut waker);
        drop(state);
        Poll::Pending
    }

    /// How many entries were missed because the channel was full.
    ///
    /// # Examples
    ///
    /// ```
    /// # use sharded::sharded;
    /// # use std::collections::HashMap;
    /// # #[sharded(ttl = "1h")]
    /// # struct Shop { carts: HashMap<u64, String> }
    /// let shop = Shop::new();
    /// let removals = shop.carts().removals(1).unwrap();
    /// shop.carts().extend([(1, "apple".to_owned()), (2, "pear".to_owned())]);
    /// shop.carts().clear();
    /// assert_eq!(removals.missed(), 1);
    /// ```
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.channel.missed.load(Ordering::Relaxed)
    }
}

impl<K, V> Drop for Removals<K, V> {
    fn drop(&mut self) {
        let mut state = self.channel.state.lock();
        state.is_deaf = true;
        let left = (std::mem::take(&mut state.removals), state.waker.take());
        // Their `Drop` is user code, which must not run under the lock.
        drop(state);
        drop(left);
    }
}

/// Shows how many entries wait, but not the entries.
impl<K, V> fmt::Debug for Removals<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let len = self.channel.state.lock().removals.len();
        f.debug_struct("Removals").field("len", &len).field("missed", &self.missed()).finish_non_exhaustive()
    }
}

/// The state that the map and the receiver share.
pub(super) struct Channel<K, V> {
    state: Mutex<State<K, V>>,
    has_come: Condvar,
    capacity: usize,
    missed: AtomicU64,
    panics: AtomicU64,
}

struct State<K, V> {
    removals: Segments<Removal<K, Box<V>>>,
    waker: Option<StoredWaker>,
    /// The map was dropped.
    is_closed: bool,
    /// The receiver was dropped.
    is_deaf: bool,
}

impl<K, V> Channel<K, V> {
    pub(super) fn new(capacity: usize) -> Self {
        let state = State { removals: Segments::default(), waker: None, is_closed: false, is_deaf: false };
        Channel {
            state: Mutex::new(state),
            has_come: Condvar::new(),
            capacity,
            missed: AtomicU64::new(0),
            panics: AtomicU64::new(0),
        }
    }
}

impl<K, V> Later for Channel<K, V> {
    fn run(&self) {
        let waker = self.state.lock().waker.take();
        self.has_come.notify_one();
        if let Some(waker) = waker
            && !waker.wake()
        {
            self.panics.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl<K: Send, V: Send> Sink<K, V> for Channel<K, V> {
    fn leave(&self, key: K, value: Box<V>, cause: Cause) -> Option<(K, Box<V>)> {
        let mut state = self.state.lock();
        if state.is_deaf {
            return Some((key, value));
        }
        if state.removals.len() >= self.capacity {
            self.missed.fetch_add(1, Ordering::Relaxed);
            return Some((key, value));
        }
        state.removals.push_back(Removal { key, value, cause });
        None
    }

    /// What is in the channel is not told yet, but whoever receives it does so when it likes.
    #[cfg(feature = "serde")]
    fn finish(&self) {}

    fn waiting(&self) -> usize {
        self.state.lock().removals.len()
    }

    fn missed(&self) -> u64 {
        self.missed.load(Ordering::Relaxed)
    }

    fn panics(&self) -> u64 {
        self.panics.load(Ordering::Relaxed)
    }

    fn close(&self) {
        self.state.lock().is_closed = true;
    }
}
