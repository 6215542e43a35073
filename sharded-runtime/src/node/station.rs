//! The station of a node: a queue, and the workers that empty it.
//!
//! Two locks order all notifications. The lock of a station covers room in its queue and the state that a waiting
//! worker checks, the lock of a job covers its result. A thread that takes both takes that of the station first.

use super::{
    error::JobError,
    job::{Outcome, Run, Waiter},
    pending::Pending,
};
use crate::{
    contain::contain,
    memory::sync::unmodelled::{Condvar, Mutex},
    memory::sys::fork::Process,
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
    /// The station of this thread, if it is a worker.
    static OWN: OnceCell<Arc<Station>> = const { OnceCell::new() };
}

pub(super) struct Station {
    pub(super) node: NodeId,
    /// The process of the workers.
    process: Process,
    /// The number of the pool.
    pub(super) pool: u64,
    pub(super) workers: usize,
    queue: Receiver<Arc<dyn Run>>,
    state: Mutex<State>,
    /// Notifies workers that wait for a job of this station.
    look_again: Condvar,
}

struct State {
    /// `None` once the station is closed. The workers end when no clone is left, here or with threads that wait for
    /// room, so every job that was sent is received.
    sender: Option<Sender<Arc<dyn Run>>>,
    /// What happens to queued jobs once the station is closed.
    pending: Pending,
    /// The number of workers that wait for another job.
    blocked: usize,
    /// The wakers of futures that wait for room, in order of arrival.
    line: BTreeMap<u64, StoredWaker>,
    next_ticket: u64,
}

/// The result of queueing a job.
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
        Self {
            node,
            process: Process::current(),
            pool,
            workers,
            queue,
            state: Mutex::new(state),
            look_again: Condvar::new(),
        }
    }

    /// The station of the calling thread, in any pool.
    pub(super) fn own() -> Option<Arc<Station>> {
        // In a child of `fork`, the forking worker is no worker any more.
        OWN.try_with(|own| own.get().cloned()).ok().flatten().filter(|own| !own.is_forked())
    }

    /// Whether this process is a child of the workers' process. Then no thread would run a job, and a thread of the
    /// parent may hold any lock here for ever. So every call from outside the pool checks this first.
    pub(super) fn is_forked(&self) -> bool {
        self.process != Process::current()
    }

    /// Makes the calling thread a worker until the station is closed and its queue is empty.
    pub(super) fn work(self: Arc<Self>) {
        let is_first = OWN.with(|own| own.set(Arc::clone(&self)).is_ok());
        debug_assert!(is_first, "a thread works for one station");
        while let Ok(job) = self.queue.recv() {
            let discards = self.announce_room();
            // If the task was dropped, this drops the result, which may panic.
            contain(move || if discards { job.discard() } else { job.run() });
        }
    }

    /// Wakes the first future that waits for room. Returns whether queued jobs are discarded.
    fn announce_room(&self) -> bool {
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

    /// Queues a job if there is room.
    pub(super) fn offer(&self, job: Arc<dyn Run>) -> Offer {
        self.state.lock().offer(job)
    }

    /// Waits for room and queues a job. `false` if the station is closed.
    pub(super) fn send(&self, job: Arc<dyn Run>) -> bool {
        let sender = self.state.lock().sender.clone();
        // The station has a receiver, so sending never fails.
        sender.is_some_and(|sender| sender.send(job).is_ok())
    }

    /// Queues a job if there is room. Otherwise the waker waits in the line until there is.
    pub(super) fn offer_or_wait(&self, job: Arc<dyn Run>, ticket: &mut Option<u64>, waker: StoredWaker) -> Offer {
        let mut state = self.state.lock();
        let offer = state.offer(job);
        // The drop of a waker runs code of an executor, which must not run under the lock.
        let _before = if let Offer::Full = offer {
            let number = *ticket.get_or_insert(state.next_ticket);
            state.next_ticket = state.next_ticket.max(number + 1);
            // A worker makes room before it takes the lock. So either it finds this waker, or `offer` above found the
            // room.
            state.line.insert(number, waker)
        } else {
            ticket.take().and_then(|number| state.line.remove(&number))
        };
        drop(state);
        offer
    }

    /// Removes a future from the line that needs no room any more.
    pub(super) fn leave(&self, ticket: u64) {
        let mut state = self.state.lock();
        let own = state.line.remove(&ticket);
        // If it was woken for room that it will not take, the next one takes it.
        let next = if own.is_none() { state.line.pop_first() } else { None };
        drop(state);
        if let Some((_, waker)) = next {
            waker.wake();
        }
    }

    /// Wakes the workers that wait for a job of this station.
    fn notify(&self) {
        // A worker that has checked and does not sleep yet holds the lock.
        drop(self.state.lock());
        self.look_again.notify_all();
    }

    /// Blocks a worker of the station `own` until a job of this station is done. It runs the job itself if both
    /// stations are the same, or once all workers here wait too. It runs no other job, because that might wait for the
    /// job that this worker has begun.
    pub(super) fn wait<R>(self: &Arc<Self>, own: &Station, job: &dyn Outcome<R>) -> Result<R, JobError> {
        // This also drops the waker of an earlier poll, outside the lock.
        if let Some(result) = job.take(Waiter::Nobody) {
            return result;
        }
        loop {
            let blocked = own.block();
            let result = self.done_or_ours(own, job);
            drop(blocked);
            match result {
                Some(result) => return result,
                // Another worker may have claimed it by now. Then this does nothing.
                None => job.run(),
            }
        }
    }

    /// Waits for the result. `None` if the caller should run the job.
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

    /// Counts the calling worker as waiting until the result is dropped.
    pub(super) fn block(&self) -> Blocked<'_> {
        let mut state = self.state.lock();
        state.blocked += 1;
        if state.blocked == self.workers {
            self.look_again.notify_all();
        }
        Blocked { station: self }
    }
}

/// Wakes the workers that wait for a job of the station.
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
