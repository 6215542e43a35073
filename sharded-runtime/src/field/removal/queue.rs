//! Entries that wait for a listener to be called.

use super::sink::Sink;
use crate::{
    contain::contain,
    engine::cause::Cause,
    field::segments::Segments,
    memory::sync::unmodelled::{Condvar, Mutex, MutexGuard},
    memory::sys::fork::{Process, ThreadNumber},
    observe::events::{self, Names},
    shard::order::Later,
};
use std::{
    cell::Cell,
    sync::atomic::{AtomicU64, Ordering},
};

/// If the queue has more entries than this, a thread that has removed an entry waits, if it may.
const BOUND: usize = 1024;
/// The calls of the listener after which a thread leaves the rest to the next thread that removes an entry.
const SHARE: usize = 4 * BOUND;

/// The listener, and the entries for which it was not called yet. One thread at a time calls it. Others add their
/// entries and return.
pub(super) struct Queue<K, V> {
    names: &'static Names,
    listener: Box<Listener<K, V>>,
    state: Mutex<State<K, V>>,
    /// Notified when there is room, or when no thread calls the listener any more.
    moved: Condvar,
    panics: AtomicU64,
}

type Listener<K, V> = dyn Fn(&K, &V, Cause) + Send + Sync;

struct State<K, V> {
    entries: Segments<(K, Box<V>, Cause)>,
    /// The thread that is calling the listener, or is about to.
    caller: Option<ThreadNumber>,
    /// Whether that thread has made its share of calls.
    is_tired: bool,
    waiting: usize,
    /// Calls of the listener that have ended.
    told: u64,
    /// The process of these threads.
    process: Process,
}

thread_local! {
    /// How many listeners and loaders this thread is inside. It must not wait there: the thread that it waits for may
    /// wait for that listener or loader.
    static INSIDE: Cell<usize> = const { Cell::new(0) };
}

/// Runs code that other threads may wait for. Meanwhile this thread does not wait for listeners, even if their queues
/// are full.
pub(crate) fn without_waiting<R>(run: impl FnOnce() -> R) -> R {
    struct Leave;
    impl Drop for Leave {
        fn drop(&mut self) {
            INSIDE.set(INSIDE.get() - 1);
        }
    }
    INSIDE.set(INSIDE.get() + 1);
    let _leave = Leave;
    run()
}

/// Whether this thread is inside a listener or a loader.
pub(crate) fn must_not_wait() -> bool {
    INSIDE.get() > 0
}

impl<K, V> State<K, V> {
    /// In a child of `fork`, forgets the threads of the parent. The caller exists in the child only if the listener
    /// itself has forked.
    fn look_for_fork(&mut self) {
        if self.process.note_current() {
            self.waiting = 0;
            if self.caller.take_if(|caller| !caller.has_forked()).is_some() {
                self.is_tired = false;
            }
        }
    }
}

impl<K, V> Queue<K, V> {
    pub(super) fn new(names: &'static Names, listener: impl Fn(&K, &V, Cause) + Send + Sync + 'static) -> Self {
        let state = State {
            entries: Segments::default(),
            caller: None,
            is_tired: false,
            waiting: 0,
            told: 0,
            process: Process::current(),
        };
        Queue {
            names,
            listener: Box::new(listener),
            state: Mutex::new(state),
            moved: Condvar::new(),
            panics: AtomicU64::new(0),
        }
    }

    /// Waits until there is room. Returns whether this thread should call the listener.
    fn comes_by(&self) -> bool {
        let mut state = self.state.lock();
        state.look_for_fork();
        while state.caller.is_some() {
            let must_wait = state.entries.len() > BOUND || state.is_tired;
            if !must_wait || must_not_wait() {
                return false;
            }
            state.waiting += 1;
            self.moved.wait(&mut state);
            state.waiting -= 1;
        }
        state.caller = (!state.entries.is_empty()).then(ThreadNumber::current);
        state.caller.is_some()
    }

    /// The next entry for the listener, for a thread that has made this many calls. `None` if the thread should stop.
    fn next(&self, calls: usize) -> Option<(K, Box<V>, Cause)> {
        let mut state = self.state.lock();
        state.look_for_fork();
        state.told += u64::from(calls > 0);
        if calls >= SHARE {
            state.is_tired = true;
            if state.waiting > 0 {
                self.end(state);
                return None;
            }
        }
        let next = state.entries.pop_front();
        if next.is_none() {
            self.end(state);
        } else if state.entries.len() == BOUND / 2 && state.waiting > 0 {
            self.moved.notify_all();
        }
        next
    }

    fn end(&self, mut state: MutexGuard<'_, State<K, V>>) {
        state.caller = None;
        state.is_tired = false;
        // All of them: a single one might return without calling, and leave the others waiting.
        if state.waiting > 0 {
            self.moved.notify_all();
        }
    }

    fn call(&self, (key, value, cause): (K, Box<V>, Cause)) {
        self.watch(|| (self.listener)(&key, &value, cause));
        self.watch(move || drop(key));
        self.watch(move || drop(value));
    }

    fn watch(&self, run: impl FnOnce()) {
        if contain(run).is_none() {
            self.panics.fetch_add(1, Ordering::Relaxed);
            events::listener_panicked(self.names);
        }
    }
}

impl<K, V> Later for Queue<K, V> {
    fn run(&self) {
        if !self.comes_by() {
            return;
        }
        without_waiting(|| {
            let mut calls = 0;
            while let Some(entry) = self.next(calls) {
                self.call(entry);
                calls += 1;
            }
        });
    }
}

#[cfg(feature = "serde")]
impl<K, V> Queue<K, V> {
    /// Calls the listener, or waits while another thread does, until it was called with all entries that are in the
    /// queue now.
    fn tell_all(&self) {
        let mut state = self.state.lock();
        let goal = state.told + state.entries.len() as u64 + u64::from(state.caller.is_some());
        loop {
            state.look_for_fork();
            if state.told >= goal || (state.caller.is_none() && state.entries.is_empty()) {
                return;
            }
            if state.caller.is_none() {
                drop(state);
                self.run();
                state = self.state.lock();
            } else {
                state.waiting += 1;
                self.moved.wait(&mut state);
                state.waiting -= 1;
            }
        }
    }
}

impl<K: Send, V: Send> Sink<K, V> for Queue<K, V> {
    fn leave(&self, key: K, value: Box<V>, cause: Cause) -> Option<(K, Box<V>)> {
        self.state.lock().entries.push_back((key, value, cause));
        None
    }

    #[cfg(feature = "serde")]
    fn finish(&self) {
        if !must_not_wait() && !crate::shard::order::is_inside() {
            self.tell_all();
        }
    }

    fn waiting(&self) -> usize {
        self.state.lock().entries.len()
    }

    /// None: a thread waits if there is no room.
    fn missed(&self) -> u64 {
        0
    }

    fn panics(&self) -> u64 {
        self.panics.load(Ordering::Relaxed)
    }

    fn close(&self) {}
}
