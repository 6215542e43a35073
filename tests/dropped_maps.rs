//! The drop of a map: every value is dropped before it returns, also those that a background thread has taken out. It
//! waits for that thread, except where one could wait for the other.

mod common;

use common::{
    counted::{Counted, Ledger},
    eventually,
    policy::{Never, Of, Times, Ttl},
    threads::must_end,
};
use sharded::{
    ShardedMap,
    builder::FieldOptions,
    clock::System,
    evict::Unbounded,
    lock::{Mutex, Rcu, RwLock},
};
use std::{
    sync::{
        Arc, Barrier, Mutex as StdMutex,
        atomic::{AtomicBool, Ordering::SeqCst},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

type Map<X, V, L = Mutex, const SHARDS: usize = 16> = ShardedMap<u64, V, Of<L, X, Unbounded, System, SHARDS>>;

const SOON: Duration = Duration::from_mins(2);

fn is_sweeper() -> bool {
    thread::current().name() == Some("sharded-sweeper")
}

/// Calls something when it is dropped.
#[derive(Clone)]
struct OnDrop<F: Fn()>(F);

impl<F: Fn()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

type Call = OnDrop<Box<dyn Fn() + Send + Sync>>;

fn on_drop(call: impl Fn() + Send + Sync + 'static) -> Call {
    OnDrop(Box::new(call))
}

/// Gives a map one entry, which the background thread will soon drop.
fn insert_soon<const MS: u64>(map: &Map<Ttl<MS>, Call>, call: impl Fn() + Send + Sync + 'static) {
    map.insert_with_ttl(1, on_drop(call), Duration::from_millis(20));
}

/// Values that wait on the background thread until they are let go.
#[test]
fn it_waits_for_the_drops_of_a_pass() {
    struct Slow(#[expect(dead_code, reason = "counts itself")] Counted, Arc<StdMutex<()>>, mpsc::Sender<bool>);
    impl Drop for Slow {
        fn drop(&mut self) {
            let is_swept = is_sweeper();
            self.2.send(is_swept).expect("the test listens");
            if is_swept {
                drop(self.1.lock());
            }
        }
    }
    let (ledger, gate) = (Ledger::new(), Arc::new(StdMutex::new(())));
    let (sender, dropped) = mpsc::channel();
    let closed = gate.lock().expect("nobody panics with it");
    let map: Map<Ttl<30>, Slow> = ShardedMap::with_options(FieldOptions::new().shards(1));
    for key in 0..1000 {
        map.insert_with_ttl(key, Slow(ledger.value(key), Arc::clone(&gate), sender.clone()), Duration::from_hours(1));
    }
    for key in 0..500 {
        map.expire_in(&key, Duration::from_millis(30));
    }
    assert!(dropped.recv_timeout(SOON).expect("a value is swept"), "on the background thread");
    // It is in a destructor now, and holds no lock: the map can be used.
    map.with(&750, |_| ()).expect("this one lives");
    let thread = thread::spawn({
        let ledger = ledger.clone();
        move || {
            drop(map);
            ledger.alive()
        }
    });
    // Long enough for a drop that does not wait.
    let until = Instant::now() + Duration::from_millis(200);
    while !thread.is_finished() && Instant::now() < until {
        thread::sleep(Duration::from_millis(1));
    }
    drop(closed);
    assert_eq!(thread.join().expect("no panic"), 0, "values are alive after the drop");
    assert_eq!(ledger.made(), 1000);
}

/// Passes of all kinds, with the drop anywhere in them.
#[test]
fn no_value_is_left_whatever_a_pass_is_at() {
    fn expired<L: sharded::lock::Lock>()
    where
        Map<Ttl<1>, Counted, L>: Fill,
    {
        for round in 0..3 {
            let ledger = Ledger::new();
            let map: Map<Ttl<1>, Counted, L> = Fill::filled(&ledger, 20_000);
            eventually("a sweep begins", || map.expired() > 0);
            thread::sleep(Duration::from_micros(round * 300));
            drop(map);
            assert_eq!(ledger.alive(), 0, "round {round}");
        }
    }
    expired::<Mutex>();
    expired::<RwLock>();
    expired::<Rcu>();
    for round in 0..4 {
        // A whole table.
        let ledger = Ledger::new();
        let map: Map<Never, Counted> = Fill::filled(&ledger, 50_000);
        map.invalidate_all();
        eventually("a part is dropped", || ledger.alive() < 50_000);
        thread::sleep(Duration::from_micros(round * 100));
        drop(map);
        assert_eq!(ledger.alive(), 0, "round {round}");
        // What was replaced under a lock whose readers hold entries.
        let map: Map<Never, Counted, Rcu, 256> = Fill::filled(&ledger, 20_000);
        map.fill(&ledger, 20_000);
        eventually("a pass begins", || map.stats().retired < 20_000);
        thread::sleep(Duration::from_micros(round * 50));
        drop(map);
        assert_eq!(ledger.alive(), 0, "round {round}");
    }
}

/// The lock is a parameter of the tests.
trait Fill: Sized {
    fn filled(ledger: &Ledger, entries: u64) -> Self;
    fn fill(&self, ledger: &Ledger, entries: u64);
    fn expired(&self) -> u64;
}

impl<X: Times, L: sharded::lock::Lock, const SHARDS: usize> Fill for Map<X, Counted, L, SHARDS>
where
    Self: sharded::builder::BuildField<Of<L, X, Unbounded, System, SHARDS>>,
    L: sharded::lock::Serves<u64, Counted>,
{
    fn filled(ledger: &Ledger, entries: u64) -> Self {
        let map = ShardedMap::new();
        map.fill(ledger, entries);
        map
    }

    fn fill(&self, ledger: &Ledger, entries: u64) {
        self.extend((0..entries).map(|key| (key, ledger.value(key))));
    }

    fn expired(&self) -> u64 {
        self.stats().expired
    }
}

/// A value that the background thread drops drops the map itself.
#[test]
fn a_pass_may_drop_its_own_map() {
    must_end("the drop of the own map", || {
        let ledger = Ledger::new();
        let own: Arc<StdMutex<Option<Map<Ttl<10_000>, Call>>>> = Arc::default();
        let (done, ended) = mpsc::channel();
        let map = ShardedMap::new();
        insert_soon(&map, {
            let (own, ledger) = (Arc::clone(&own), ledger.clone());
            move || {
                let map = loop {
                    if let Some(map) = own.lock().expect("no panic").take() {
                        break map;
                    }
                };
                drop(map);
                done.send((is_sweeper(), ledger.alive())).expect("the test listens");
            }
        });
        for key in 10..100 {
            let value = ledger.value(key);
            map.insert(key, on_drop(move || _ = &value));
        }
        *own.lock().expect("no panic") = Some(map);
        assert_eq!(ended.recv_timeout(SOON), Ok((true, 0)), "on the background thread, with all values");
    });
}

/// Two passes, on two background threads, of which each drops the map of the other.
#[test]
fn passes_that_drop_each_others_maps_do_not_wait_for_each_other() {
    must_end("the drops of two maps", || {
        type Slot = StdMutex<Option<Map<Ttl<10_000>, Call>>>;
        let maps: Arc<[Slot; 2]> = Arc::default();
        let both = Arc::new(Barrier::new(2));
        let (done, ended) = mpsc::channel();
        let new = |other: usize| {
            let map = ShardedMap::new();
            insert_soon(&map, {
                let (maps, both, done) = (Arc::clone(&maps), Arc::clone(&both), done.clone());
                move || {
                    both.wait();
                    let map = maps[other].lock().expect("no panic").take();
                    drop(map);
                    done.send(is_sweeper()).expect("the test listens");
                }
            });
            map
        };
        let (first, second) = (new(1), new(0));
        *maps[0].lock().expect("no panic") = Some(first);
        *maps[1].lock().expect("no panic") = Some(second);
        for _ in 0..2 {
            assert_eq!(ended.recv_timeout(SOON), Ok(true));
        }
    });
}

/// Inside a closure of a map, for which the pass waits.
#[test]
fn it_does_not_wait_inside_a_closure() {
    must_end("the drop inside a closure", || {
        let outer: Arc<Map<Never, u64, Mutex, 1>> = Arc::new(ShardedMap::new());
        outer.insert(1, 1);
        let is_inside = Arc::new(AtomicBool::new(false));
        let (began, begins) = mpsc::channel();
        let map = ShardedMap::new();
        insert_soon::<10_000>(&map, {
            let (outer, is_inside) = (Arc::clone(&outer), Arc::clone(&is_inside));
            move || {
                began.send(()).expect("the test listens");
                while !is_inside.load(SeqCst) {
                    thread::yield_now();
                }
                outer.insert(2, 2);
            }
        });
        begins.recv_timeout(SOON).expect("it is swept");
        outer.with_mut(&1, |_| {
            is_inside.store(true, SeqCst);
            drop(map);
        });
        eventually("the pass goes on", || outer.contains_key(&2));
    });
}

/// A listener may wait for the thread that drops the map.
#[test]
fn it_does_not_wait_for_a_listener() {
    must_end("the drop of a map with a listener", || {
        let map: Map<Ttl<20>, u64> = ShardedMap::new();
        let (began, begins) = mpsc::channel();
        let (open, gate) = mpsc::channel::<()>();
        let gate = StdMutex::new(gate);
        map.on_removal(move |_, _, _| {
            let _ = began.send(());
            let _ = gate.lock().expect("no panic").recv();
        })
        .expect("the first listener");
        map.insert(1, 1);
        begins.recv_timeout(SOON).expect("the listener is called");
        drop(map);
        drop(open);
    });
}
