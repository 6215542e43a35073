//! Wakers whose code panics: in `clone`, in `wake`, or in `drop`. Every other task is still woken, the process does not
//! abort, and no waker is lost.

#![allow(unsafe_code, reason = "a waker that panics in `clone` can't be made otherwise")]

mod common;

use common::{
    panics,
    policy::{Never, Of},
};
use sharded::{
    ShardedMap,
    evict::Unbounded,
    lock::Mutex,
    node::{JobError, Pending, Pool},
    topology::{Node, NodeId, Topology},
};
use std::{
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
        mpsc::channel,
    },
    task::{Context, Poll, RawWaker, RawWakerVTable, Wake, Waker},
    thread,
};

type Map = ShardedMap<u64, u64, Of<Mutex, Never, Unbounded>>;

/// Which code of a waker panics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Clone,
    Wake,
    Drop,
}

struct Bad {
    part: Part,
    alive: Arc<AtomicUsize>,
}

impl Bad {
    fn raw(part: Part, alive: &Arc<AtomicUsize>) -> RawWaker {
        alive.fetch_add(1, SeqCst);
        let data = Box::into_raw(Box::new(Bad { part, alive: Arc::clone(alive) }));
        RawWaker::new(data.cast_const().cast(), &BAD)
    }

    /// Panics where this part does. The waker is gone then.
    fn end(data: *const (), part: Part) {
        // SAFETY: `raw` made it, and a waker is woken or dropped once.
        let this = unsafe { Box::from_raw(data.cast_mut().cast::<Bad>()) };
        this.alive.fetch_sub(1, SeqCst);
        let is_bad = this.part == part;
        drop(this);
        assert!(!is_bad, "{part:?} panics");
    }
}

static BAD: RawWakerVTable = RawWakerVTable::new(
    |data| {
        // SAFETY: the waker is alive.
        let this = unsafe { &*data.cast::<Bad>() };
        assert!(this.part != Part::Clone, "{:?} panics", this.part);
        Bad::raw(this.part, &this.alive)
    },
    |data| Bad::end(data, Part::Wake),
    |_| unreachable!("nothing wakes by reference"),
    |data| Bad::end(data, Part::Drop),
);

/// Makes bad wakers of one kind, and counts them.
struct Wakers {
    part: Part,
    alive: Arc<AtomicUsize>,
}

impl Wakers {
    /// Polls with a bad waker a future that is not ready. Where the waker can't be cloned, that panics.
    #[track_caller]
    fn poll<F: Future + ?Sized>(&self, future: &mut Pin<Box<F>>) {
        // SAFETY: the functions of the table keep what `RawWakerVTable` asks, though some panic.
        let waker = unsafe { Waker::from_raw(Bad::raw(self.part, &self.alive)) };
        let polled =
            catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(&mut Context::from_waker(&waker)).is_ready()));
        // This one's own drop is no concern of the library.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(waker)));
        match polled {
            Ok(is_ready) => assert!(!is_ready && self.part != Part::Clone),
            Err(_) => assert_eq!(self.part, Part::Clone),
        }
    }

    #[track_caller]
    fn poll_all<F: Future>(&self, futures: &mut [Pin<Box<F>>]) {
        for future in futures {
            self.poll(future);
        }
    }
}

/// Runs something with bad wakers of each kind.
fn with_bad_wakers(run: impl Fn(&Wakers)) {
    for part in [Part::Clone, Part::Wake, Part::Drop] {
        let wakers = Wakers { part, alive: Arc::default() };
        run(&wakers);
        assert_eq!(wakers.alive.load(SeqCst), 0, "wakers are left over where {part:?} panics");
    }
}

/// A task whose waker does as it should.
struct Witness<'a, T> {
    future: Pin<Box<dyn Future<Output = T> + 'a>>,
    woken: Arc<Woken>,
}

#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, SeqCst);
    }
}

impl<'a, T> Witness<'a, T> {
    /// One that has been polled once, and waits.
    fn waiting(future: impl Future<Output = T> + 'a) -> Self {
        let mut witness = Witness { future: Box::pin(future), woken: Arc::default() };
        assert!(witness.poll().is_none());
        witness
    }

    fn poll(&mut self) -> Option<T> {
        let waker = Waker::from(Arc::clone(&self.woken));
        match self.future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        }
    }

    fn is_woken(&self) -> bool {
        self.woken.0.load(SeqCst)
    }

    /// What it answers, once it is woken.
    fn end(mut self) -> T {
        while !self.is_woken() {
            thread::yield_now();
        }
        self.poll().expect("it was woken for something")
    }
}

/// How a load ends for those who wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Lands,
    Panics,
    IsDropped,
    IsDroppedByPanic,
}

/// A load that begins when it is polled, and can be ended by a word.
struct Load<'a> {
    leader: Witness<'a, u64>,
    go_on: Arc<AtomicBool>,
    end: End,
}

impl<'a> Load<'a> {
    fn begin(map: &'a Map, end: End) -> Self {
        let go_on = Arc::new(AtomicBool::new(false));
        let may_go_on = Arc::clone(&go_on);
        let load = async move || {
            poll_fn(|_| if may_go_on.load(SeqCst) { Poll::Ready(()) } else { Poll::Pending }).await;
            assert!(end == End::Lands, "a bad load");
            70
        };
        Load { leader: Witness::waiting(map.get_or_load_async(7, load)), go_on, end }
    }

    fn end(mut self) {
        self.go_on.store(true, SeqCst);
        match self.end {
            End::Lands => assert_eq!(self.leader.poll(), Some(70)),
            End::Panics => assert_eq!(panics(|| self.leader.poll()), "a bad load"),
            End::IsDropped => drop(self.leader),
            End::IsDroppedByPanic => drop_by_panic(self.leader),
        }
    }
}

/// Drops something while a panic unwinds.
fn drop_by_panic<T>(what: T) {
    let unwinds = catch_unwind(AssertUnwindSafe(|| {
        let _what = what;
        resume_unwind(Box::new("a panic"));
    }));
    assert!(unwinds.is_err());
}

#[test]
fn all_who_wait_for_a_load_are_told() {
    for end in [End::Lands, End::Panics, End::IsDropped, End::IsDroppedByPanic] {
        with_bad_wakers(|wakers| {
            let map = Map::new();
            let load = Load::begin(&map, end);
            let first = Witness::waiting(map.get_or_load_async(7, async || 71));
            let mut bad: Vec<_> = (0..3).map(|_| Box::pin(map.get_or_load_async(7, async || 71))).collect();
            wakers.poll_all(&mut bad);
            let last = Witness::waiting(map.get_or_load_async(7, async || 71));
            if wakers.part != Part::Clone {
                // The waker of before is dropped.
                wakers.poll_all(&mut bad);
            }
            load.end();
            let value = if end == End::Lands { 70 } else { 71 };
            assert_eq!(first.end(), value);
            assert_eq!(last.end(), value);
            drop(bad);
            assert_eq!(map.get(&7), Some(value));
        });
    }
}

#[test]
fn a_lead_goes_on_when_its_next_holders_are_dropped() {
    for end in [End::Panics, End::IsDropped, End::IsDroppedByPanic] {
        for by_panic in [false, true] {
            with_bad_wakers(|wakers| {
                let map = Map::new();
                let load = Load::begin(&map, end);
                let mut bad: Vec<_> = (0..3).map(|_| Box::pin(map.get_or_load_async(7, async || 71))).collect();
                wakers.poll_all(&mut bad);
                let last = Witness::waiting(map.get_or_load_async(7, async || 72));
                load.end();
                for future in bad {
                    if by_panic { drop_by_panic(future) } else { drop(future) }
                }
                assert_eq!(last.end(), 72);
            });
        }
    }
}

#[test]
fn removals_are_told_and_received() {
    with_bad_wakers(|wakers| {
        let map = Map::new();
        let mut removals = map.removals(100).unwrap();
        map.extend((0..10).map(|key| (key, key)));
        for key in 0..10 {
            wakers.poll(&mut Box::pin(removals.recv_async()));
            if wakers.part != Part::Clone {
                wakers.poll(&mut Box::pin(removals.recv_async()));
            }
            assert_eq!(map.remove(&key), Some(key));
            assert_eq!(removals.try_recv().map(|removal| removal.key), Some(key));
        }
        wakers.poll(&mut Box::pin(removals.recv_async()));
        drop(map);
        assert_eq!(removals.recv(), None);
        let map = Map::new();
        let mut removals = map.removals(100).unwrap();
        wakers.poll(&mut Box::pin(removals.recv_async()));
        drop(removals);
        map.extend([(1, 1)]);
        assert_eq!(map.remove(&1), Some(1));
    });
}

/// A pool of one worker with room for one job.
fn small() -> (Pool, NodeId) {
    let node = NodeId::new(0);
    let cpus: Vec<u32> = Topology::current().nodes().iter().flat_map(|node| node.cpus().to_vec()).collect();
    let topology = Topology::new([Node::new(node, cpus, 1 << 30)]);
    (Pool::builder().topology(topology).threads_per_node(1).queue(1).start().unwrap(), node)
}

#[test]
fn jobs_are_told_of_room_and_of_their_end() {
    for is_closed in [false, true] {
        with_bad_wakers(|wakers| {
            let (pool, node) = small();
            let at = pool.on(node);
            let (open, opened) = channel::<()>();
            let (say, began) = channel();
            let held = at.spawn(move || (say.send(()), opened.recv()).1.is_ok());
            began.recv().unwrap();
            let mut queued = Box::pin(at.spawn(|| 1));
            wakers.poll(&mut queued);
            // These wait for room.
            let mut bad: Vec<_> = (0..3).map(|_| Box::pin(at.run_async(|| 2))).collect();
            wakers.poll_all(&mut bad);
            let witness = Witness::waiting(at.run_async(|| 3));
            let mut dropped = Box::pin(at.run_async(|| 4));
            wakers.poll(&mut dropped);
            drop(dropped);
            thread::scope(|scope| {
                if is_closed {
                    scope.spawn(|| pool.shutdown(Pending::Finish));
                    assert!(matches!(witness.end(), Err(JobError::Discarded)));
                    open.send(()).unwrap();
                } else {
                    open.send(()).unwrap();
                    assert!(held.wait().unwrap());
                    // Those that are woken and not polled leave the room to the next.
                    bad.clear();
                    let mut witness = witness;
                    while !witness.is_woken() {
                        thread::yield_now();
                    }
                    witness.woken.0.store(false, SeqCst);
                    let result = witness.poll().unwrap_or_else(|| witness.end());
                    assert_eq!(result.unwrap(), 3);
                    drop(pool.on(node).spawn(|| ()).wait());
                }
            });
            pool.shutdown(Pending::Finish);
            assert_eq!(Pin::into_inner(queued).wait().unwrap(), 1);
            drop(bad);
        });
    }
}
