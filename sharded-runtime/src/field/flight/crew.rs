//! The leader of a flight, and its waiters.

use super::nesting;
use crate::{
    memory::sync::Mutex,
    memory::sys::fork::{Process, ThreadNumber},
    waker::StoredWaker,
};
use std::{
    any::Any,
    collections::BTreeMap,
    mem,
    sync::Arc,
    task::{Context, Poll},
};

/// One key whose value is being loaded.
pub(crate) struct Flight<V> {
    id: u64,
    crew: Mutex<Crew<V>>,
}

/// The message to a waiter, which gets one.
pub(crate) enum Told<V> {
    /// A copy of the value. Boxed, so that waiters are small.
    Loaded(Box<V>),
    /// The error. Its type may differ from that of the waiter's errors.
    Failed(Arc<dyn Any + Send + Sync>),
    /// The waiter has the lead now.
    Lead,
    /// The flight has ended without an answer. The waiter has to look for the key again.
    Again,
}

struct Crew<V> {
    phase: Phase,
    /// The process of the leader and the waiters.
    process: Process,
    /// The thread that is inside the loader.
    loads: Option<ThreadNumber>,
    next: u64,
    /// By ticket, in order of arrival. Without a waker until they are polled.
    waiting: BTreeMap<u64, Option<StoredWaker>>,
    told: BTreeMap<u64, Told<V>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// There is a leader.
    Led,
    /// The lead was given up, and there was no waiter to take it.
    Adrift,
    /// The registry no longer knows the flight, so no caller joins it.
    Landed,
}

impl<V> Flight<V> {
    /// A flight that its maker leads.
    pub(crate) fn new() -> Self {
        Flight {
            id: nesting::new_id(),
            crew: Mutex::new(Crew {
                phase: Phase::Led,
                process: Process::current(),
                loads: None,
                next: 0,
                waiting: BTreeMap::new(),
                told: BTreeMap::new(),
            }),
        }
    }

    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    /// Runs or polls the loader, for the leader.
    pub(crate) fn run<R>(&self, load: impl FnOnce() -> R) -> R {
        struct Leave<'a, V>(&'a Flight<V>);
        impl<V> Drop for Leave<'_, V> {
            fn drop(&mut self) {
                self.0.crew.lock().loads = None;
            }
        }
        self.crew.lock().loads = Some(ThreadNumber::current());
        let _leave = Leave(self);
        nesting::within(self.id, load)
    }

    /// Joins the flight. Returns a ticket to wait with, or `None` if the lead was free: then the caller has it.
    pub(crate) fn board(&self) -> Option<u64> {
        let mut crew = self.crew.lock();
        crew.look_for_fork();
        if crew.phase == Phase::Adrift {
            crew.phase = Phase::Led;
            return None;
        }
        let ticket = crew.next;
        crew.next += 1;
        if crew.phase == Phase::Landed {
            crew.told.insert(ticket, Told::Again);
        } else {
            crew.waiting.insert(ticket, None);
        }
        Some(ticket)
    }

    /// The message to the holder of a ticket. Keeps the waker until there is one.
    pub(crate) fn poll(&self, ticket: u64, context: &Context<'_>) -> Poll<Told<V>> {
        let waker = StoredWaker::new(context);
        let mut crew = self.crew.lock();
        if let Some(told) = crew.told.remove(&ticket) {
            return Poll::Ready(told);
        }
        let _before = crew.waiting.insert(ticket, Some(waker));
        drop(crew);
        Poll::Pending
    }

    /// The holder of a ticket stops waiting. Returns whether the flight is adrift now.
    pub(crate) fn leave(&self, ticket: u64) -> bool {
        let mut crew = self.crew.lock();
        let _waker = crew.waiting.remove(&ticket);
        let told = crew.told.remove(&ticket);
        drop(crew);
        // If it has got the lead, the lead must not be lost.
        matches!(told, Some(Told::Lead)) && self.give_up()
    }

    /// Hands the lead to the waiter that came first. Returns whether the flight is adrift now, since there is none. If
    /// the flight has landed, the lead can't be taken any more, so all waiters look again.
    pub(crate) fn give_up(&self) -> bool {
        let mut crew = self.crew.lock();
        crew.forget_parents_waiters();
        if crew.phase == Phase::Landed {
            drop(crew);
            self.tell_all(|| Told::Again);
            return false;
        }
        let Some((ticket, waker)) = crew.waiting.pop_first() else {
            crew.phase = Phase::Adrift;
            return true;
        };
        crew.told.insert(ticket, Told::Lead);
        drop(crew);
        waker.map(StoredWaker::wake);
        false
    }

    /// Whether there is no leader.
    pub(crate) fn is_adrift(&self) -> bool {
        let mut crew = self.crew.lock();
        crew.look_for_fork();
        crew.phase == Phase::Adrift
    }

    /// The registry no longer knows the flight, so no caller joins it.
    pub(crate) fn land(&self) {
        let mut crew = self.crew.lock();
        crew.forget_parents_waiters();
        crew.phase = Phase::Landed;
    }

    /// Undoes [`land`](Flight::land). Only in the same lock hold of the shard, so that no caller has seen it.
    pub(crate) fn resume(&self) {
        self.crew.lock().phase = Phase::Led;
    }

    /// Sends a message to each waiter, one after the other. `make` runs outside of the lock.
    pub(crate) fn tell_all(&self, mut make: impl FnMut() -> Told<V>) {
        while let Some(ticket) = self.first() {
            let told = make();
            let mut crew = self.crew.lock();
            // The waiter may have left meanwhile.
            let Some(waker) = crew.waiting.remove(&ticket) else { continue };
            crew.told.insert(ticket, told);
            drop(crew);
            waker.map(StoredWaker::wake);
        }
    }

    fn first(&self) -> Option<u64> {
        self.crew.lock().waiting.first_key_value().map(|(&ticket, _)| ticket)
    }
}

impl<V> Crew<V> {
    /// In a child of `fork`, forgets the leader and the waiters of the parent. A leader whose loader has forked exists
    /// here, and stays.
    fn look_for_fork(&mut self) {
        if self.forget_parents_waiters()
            && self.phase == Phase::Led
            && !self.loads.is_some_and(ThreadNumber::has_forked)
        {
            self.phase = Phase::Adrift;
        }
    }

    /// In a child of `fork`, forgets the waiters of the parent. Their wakers belong to an executor that may not exist
    /// here. Returns whether it did. Called by the leader, who exists here.
    fn forget_parents_waiters(&mut self) -> bool {
        let is_child = self.process.note_current();
        if is_child {
            mem::forget((mem::take(&mut self.waiting), mem::take(&mut self.told)));
        }
        is_child
    }
}

#[cfg(all(test, loom))]
mod models {
    use super::{Flight, Told};
    use loom::{sync::Notify, thread};
    use std::{
        sync::Arc,
        task::{Context, Poll, Wake, Waker},
    };

    struct Signal(Notify);
    impl Wake for Signal {
        fn wake(self: Arc<Self>) {
            self.0.notify();
        }
    }

    /// The message to the holder of a ticket. The test fails if it never comes.
    fn wait(flight: &Flight<u32>, ticket: u64) -> Told<u32> {
        let signal = Arc::new(Signal(Notify::new()));
        loop {
            let waker = Waker::from(Arc::clone(&signal));
            if let Poll::Ready(told) = flight.poll(ticket, &Context::from_waker(&waker)) {
                return told;
            }
            signal.0.wait();
        }
    }

    fn boarded() -> (Arc<Flight<u32>>, [u64; 2]) {
        let flight = Arc::new(Flight::new());
        let tickets = [1, 2].map(|_| flight.board().expect("the maker leads"));
        (flight, tickets)
    }

    /// If the leader and one waiter leave, in any order, the other waiter gets the lead.
    #[test]
    fn the_lead_is_not_lost() {
        loom::model(|| {
            let (flight, [leaves, stays]) = boarded();
            let waiters = thread::spawn({
                let flight = Arc::clone(&flight);
                move || {
                    assert!(!flight.leave(leaves), "one is left who can lead");
                    assert!(matches!(wait(&flight, stays), Told::Lead));
                }
            });
            assert!(!flight.give_up());
            waiters.join().unwrap();
            assert!(!flight.is_adrift());
        });
    }

    /// If all leave, exactly one of them learns that none is left.
    #[test]
    fn exactly_one_leaver_is_the_last() {
        loom::model(|| {
            let (flight, tickets) = boarded();
            let threads = tickets.map(|ticket| {
                let flight = Arc::clone(&flight);
                thread::spawn(move || flight.leave(ticket))
            });
            let mut last = u32::from(flight.give_up());
            for thread in threads {
                last += u32::from(thread.join().unwrap());
            }
            assert!(last == 1 && flight.is_adrift());
            assert!(flight.board().is_none(), "the next caller leads");
        });
    }

    /// Each waiter that stays gets one message.
    #[test]
    fn every_waiter_is_notified() {
        loom::model(|| {
            let (flight, [leaves, stays]) = boarded();
            let waiters = thread::spawn({
                let flight = Arc::clone(&flight);
                move || {
                    assert!(!flight.leave(leaves));
                    assert!(matches!(wait(&flight, stays), Told::Loaded(value) if *value == 1));
                }
            });
            flight.land();
            flight.tell_all(|| Told::Loaded(Box::new(1)));
            assert!(!flight.give_up());
            waiters.join().unwrap();
            assert!(matches!(wait(&flight, flight.board().unwrap()), Told::Again));
        });
    }
}
