//! What one node has: a queue, and the workers that empty it.
//!
//! Everything that someone may wait for is told under one of two locks: the station's, for room in the queue and for what a
//! waiting worker looks at, and the job's, for its result. Where both are held, the station's was taken first.

use super::{
    error::JobError,
    job::{Outcome, Run, Waiter},
    pending::Pending,
};
use crate::{
    contain::contain,
    memory::sync::unmodelled::{Condvar, Mutex},
    memory::sys::fork::generation,
    topology::NodeId,
    waker::StoredWaker,
};
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use std::{
    cell::OnceCell,
    collections::BTreeMap,
    mem,
    sync::Arc,
    task::{Wake, Waker},
};

thread_local! {
    /// Where this thread is a worker.
    static OWN: OnceCell<Arc<Station>> = const { OnceCell::new() };
}

pub(super) struct Station {
    pub(super) node: NodeId,
    /// The process that the workers are in, by its [`generation`].
    process: u32,
    /// Tells the stations of one pool from those of others.
    pub(super) pool: u64,
    pub(super) workers: usize,
    queue: Receiver<Arc<dyn Run>>,
    state: Mutex<State>,
    /// Tells workers that wait for a job of this station to look again.
    look_again: Condvar,
}

struct State {
    /// `None` once it is closed. The workers end when there is none any more, here and with those who wait for room, so what
    /// was sent is always received.
    sender: Option<Sender<Arc<dyn Run>>>,
    /// What becomes of what is queued, once it is closed.
    pending: Pending,
    /// How many of the workers wait for another job.
    blocked: usize,
    /// Futures that wait for room, by when they came.
    line: BTreeMap<u64, StoredWaker>,
    next_ticket: u64,
}

/// What became of a job that was to be queued.
pub(super) enum Offer {
    Queued,
    Full,
    Closed(Pending),
}

impl Station {
    pub(super) fn new(node: NodeId, pool: u64, workers: usize, capacity: usize) -> Self {
        let (sender, queue) = bounded(capacity);
        let state =
            State { sender: Some(sender), pending: Pending::Finish, blocked: 0, line: BTreeMap::new(), next_ticket: 0 };
        Self { node, process: generation(), pool, workers, queue, state: Mutex::new(state), look_again: Condvar::new() }
    }

    /// The station that the calling thread works for, of whatever pool.
    pub(super) fn own() -> Option<Arc<Station>> {
        // A worker that forks is the only thread of the child, and works for nobody there.
        OWN.try_with(|own| own.get().cloned()).ok().flatten().filter(|own| !own.is_forked())
    }

    /// Whether this is a child of the process that the workers are in. Then there is nobody who would run a job, and any lock here may be
    /// held by a thread that is not there either. So whoever comes from outside of the pool asks this first.
    pub(super) fn is_forked(&self) -> bool {
        self.process != generation()
    }

    /// Makes the calling thread a worker, until the station is closed and what was queued is dealt with.
    pub(super) fn work(self: Arc<Self>) {
        let is_first = OWN.with(|own| own.set(Arc::clone(&self)).is_ok());
        debug_assert!(is_first, "a thread works for one station");
        while let Ok(job) = self.queue.recv() {
            let discards = self.has_room();
            // It is the last owner where its task was dropped, and then drops the result.
            contain(move || if discards { job.discard() } else { job.run() });
        }
    }

    /// Tells the first in the line of it, and says whether jobs are to be discarded.
    fn has_room(&self) -> bool {
        let mut state = self.state.lock();
        let first = state.line.pop_first();
        let discards = state.pending == Pending::Discard;
        drop(state);
        if let Some((_, waker)) = first {
            waker.wake();
        }
        discards
    }

    pub(super) fn close(&self, pending: Pending) {
        let mut state = self.state.lock();
        let sender = state.sender.take();
        if pending == Pending::Discard {
            state.pending = pending;
        }
        let line = mem::take(&mut state.line);
        drop(state);
        drop(sender);
        for waker in line.into_values() {
            waker.wake();
        }
    }

    pub(super) fn discards(&self) -> bool {
        self.state.lock().pending == Pending::Discard
    }

    /// Queues a job where there is room.
    pub(super) fn offer(&self, job: Arc<dyn Run>) -> Offer {
        self.state.lock().offer(job)
    }

    /// Queues a job, and waits for room. `false` where it is closed.
    pub(super) fn send(&self, job: Arc<dyn Run>) -> bool {
        let sender = self.state.lock().sender.clone();
        // The station has a receiver itself, so sending never fails.
        sender.is_some_and(|sender| sender.send(job).is_ok())
    }

    /// Queues a job where there is room; where not, the waker stands in the line until there is some.
    pub(super) fn offer_or_wait(&self, job: Arc<dyn Run>, ticket: &mut Option<u64>, waker: StoredWaker) -> Offer {
        let mut state = self.state.lock();
        let offer = state.offer(job);
        // Wakers are an executor's code, which is not to run under the lock.
        let _before = if let Offer::Full = offer {
            let number = *ticket.get_or_insert(state.next_ticket);
            state.next_ticket = state.next_ticket.max(number + 1);
            // Whoever makes room does so before taking the lock, so it finds this, or there was room above.
            state.line.insert(number, waker)
        } else {
            ticket.take().and_then(|number| state.line.remove(&number))
        };
        drop(state);
        offer
    }

    /// Takes a future that needs no room any more out of the line.
    pub(super) fn leave(&self, ticket: u64) {
        let mut state = self.state.lock();
        let own = state.line.remove(&ticket);
        // It was told of room that it will not take, which is for the next one then.
        let next = if own.is_none() { state.line.pop_first() } else { None };
        drop(state);
        if let Some((_, waker)) = next {
            waker.wake();
        }
    }

    /// Has the workers that wait for a job of this station look again.
    fn notify(&self) {
        // Whoever has looked and does not wait yet has the lock.
        drop(self.state.lock());
        self.look_again.notify_all();
    }

    /// Blocks a worker of the station `own` until the result of a job of this one is there. It runs the job itself as soon as that
    /// costs nothing, being of the same node, or is necessary, every worker here waiting too. It runs no other: that might wait in turn
    /// for what this worker has begun.
    pub(super) fn wait<R>(self: &Arc<Self>, own: &Station, job: &dyn Outcome<R>) -> Result<R, JobError> {
        // This also forgets the waker of a task that was polled before, without a lock around it.
        if let Some(result) = job.take(Waiter::Nobody) {
            return result;
        }
        loop {
            let blocked = own.block();
            let result = self.done_or_ours(own, job);
            drop(blocked);
            match result {
                Some(result) => return result,
                // Another one may have claimed it by now.
                None => job.run(),
            }
        }
    }

    /// The result, or `None` where the job is to be claimed.
    fn done_or_ours<R>(self: &Arc<Self>, own: &Station, job: &dyn Outcome<R>) -> Option<Result<R, JobError>> {
        let is_own = std::ptr::eq(own, &raw const **self);
        let mut state = self.state.lock();
        loop {
            if let Some(result) = job.take(Waiter::Task(Waker::from(Arc::clone(self)).into())) {
                return Some(result);
            }
            if (is_own || state.blocked == self.workers) && job.is_queued() {
                return None;
            }
            self.look_again.wait(&mut state);
        }
    }

    /// Counts the calling worker as one that waits.
    pub(super) fn block(&self) -> Blocked<'_> {
        let mut state = self.state.lock();
        state.blocked += 1;
        if state.blocked == self.workers {
            self.look_again.notify_all();
        }
        Blocked { station: self }
    }
}

/// Tells the workers that wait for a job of the station.
impl Wake for Station {
    fn wake(self: Arc<Self>) {
        self.notify();
    }
}

impl State {
    fn offer(&mut self, job: Arc<dyn Run>) -> Offer {
        match self.sender.as_ref().map(|sender| sender.try_send(job)) {
            Some(Ok(())) => Offer::Queued,
            Some(Err(TrySendError::Full(_))) => Offer::Full,
            Some(Err(TrySendError::Disconnected(_))) | None => Offer::Closed(self.pending),
        }
    }
}

pub(super) struct Blocked<'s> {
    station: &'s Station,
}

impl Drop for Blocked<'_> {
    fn drop(&mut self) {
        self.station.state.lock().blocked -= 1;
    }
}
