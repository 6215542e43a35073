//! The background thread, on the real clock: it removes expired entries without any call, also if the `Drop` of values
//! blocks or panics. `deadlines.rs` shows how soon, with the manual clock.
//!
//! Processes made by `fork` are in `fork.rs`.

mod common;

use common::{
    counted::{Counted, Ledger},
    eventually,
    policy::{Idle, Of, Times, Ttl, TtlIdle},
};
use sharded::{
    ShardedMap, ShardedSet,
    builder::{BuildField, FieldOptions, StoreOptions},
    clock::{Clock, Manual, System},
    evict::{MakesRoom, Reject, Sieve, Unbounded},
    lock::{Lock, Mutex, RwLock, Serves},
};
use std::{
    sync::{
        Arc, Mutex as StdMutex, OnceLock,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

type Map<X, V = u64> = ShardedMap<u64, V, Of<Mutex, X, Unbounded, System, 16>>;

/// A ttl that no test waits for.
type Hour = Ttl<3_600_000>;

fn is_sweeper() -> bool {
    thread::current().name() == Some("sharded-sweeper")
}

#[test]
fn what_has_expired_leaves_without_traffic() {
    fn check<L, X, E>()
    where
        L: Lock + Serves<u64, Counted>,
        X: Times,
        E: MakesRoom,
        ShardedMap<u64, Counted, Of<L, X, E, System, 64>>: BuildField<Of<L, X, E, System, 64>>,
    {
        let ledger = Ledger::new();
        let map: ShardedMap<u64, Counted, Of<L, X, E, System, 64>> = ShardedMap::new();
        map.extend((0..1000).map(|key| (key, ledger.value(key))));
        // Neither takes a lock or sweeps anything.
        eventually("all entries are gone", || map.is_empty());
        eventually("all values are dropped", || ledger.alive() == 0);
        assert_eq!((map.stats().expired, ledger.made()), (1000, 1000));
        // And again, after the thread had nothing left to do.
        map.insert(1, ledger.value(1));
        eventually("the entry is gone", || map.is_empty());
    }
    check::<Mutex, Ttl<60>, Unbounded>();
    check::<RwLock, Idle<60>, Sieve>();
    check::<Mutex, TtlIdle<3_600_000, 60>, Unbounded>();
}

#[test]
fn sets_and_maps_that_reject_are_swept_too() {
    let set: ShardedSet<u64, Of<Mutex, Ttl<50>, Unbounded>> = ShardedSet::new();
    let full: ShardedMap<u64, u64, Of<Mutex, Ttl<50>, Reject, System, 4, 10>> = ShardedMap::new();
    set.extend(0..100);
    for key in 0..10 {
        assert!(full.try_insert(key, key).is_ok());
    }
    eventually("the set is empty", || set.is_empty());
    eventually("there is room again", || full.is_empty());
}

/// The thread sleeps for an hour, and must be woken.
#[test]
fn an_earlier_deadline_is_heeded() {
    let map: Map<Hour> = ShardedMap::new();
    map.extend((0..10).map(|key| (key, key)));
    thread::sleep(Duration::from_millis(50));
    map.insert_with_ttl(100, 100, Duration::from_millis(50));
    eventually("the one with a ttl of its own is gone", || map.len() == 10);
    assert!(map.expire_in(&1, Duration::from_millis(50)));
    eventually("the one whose time was cut is gone", || map.len() == 9);
    // From inside of a closure too.
    let other: Map<Hour> = ShardedMap::new();
    map.with(&2, |_| other.insert_with_ttl(1, 1, Duration::from_millis(50)));
    eventually("the one that was put in from inside is gone", || other.is_empty());
    assert_eq!(map.live_len(), 9);
}

/// An entry that gets more time is checked when its first time is over, and stays.
#[test]
fn a_later_deadline_is_heeded() {
    let (map, witness): (Map<Ttl<300>>, Map<Ttl<300>>) = (ShardedMap::new(), ShardedMap::new());
    map.insert(1, 1);
    witness.insert(1, 1);
    assert!(map.expire_in(&1, Duration::from_hours(1)), "within its first time");
    eventually("the witness is gone", || witness.is_empty());
    witness.insert(1, 1);
    eventually("the witness is gone again", || witness.is_empty());
    assert_eq!((map.get(&1), map.stats().expired), (Some(1), 0));
}

/// Neither by hand nor on a clock that the thread can't wait for.
#[test]
fn the_thread_keeps_away_where_it_is_told_to() {
    /// A clock that keeps time, but not at the pace of others.
    #[derive(Default)]
    struct Slow(System);
    impl Clock for Slow {
        const RUNS: bool = false;

        fn nanos(&self) -> u64 {
            self.0.nanos() / 2
        }
    }
    let by_hand: Map<Ttl<20>> = BuildField::build(&StoreOptions::new().sweep_by_hand().start(), 0, FieldOptions::new());
    let clock = Manual::new();
    let on_manual: Map<Ttl<20>> =
        BuildField::build(&StoreOptions::new().clock(clock.clone()).start(), 0, FieldOptions::new());
    let slow: ShardedMap<u64, u64, Of<Mutex, Ttl<20>, Unbounded, Slow>> = ShardedMap::new();
    let witness: Map<Ttl<100>> = ShardedMap::new();
    by_hand.insert(1, 1);
    on_manual.insert(1, 1);
    clock.advance(Duration::from_secs(1));
    slow.insert(1, 1);
    for _ in 0..2 {
        witness.insert(1, 1);
        eventually("the witness is gone", || witness.is_empty());
    }
    assert_eq!((by_hand.len(), on_manual.len(), slow.len()), (1, 1, 1));
    assert_eq!((by_hand.get(&1), on_manual.get(&1), slow.get(&1)), (None, None, None));
    assert_eq!((by_hand.sweep(), on_manual.sweep(), slow.sweep()), (1, 1, 1));
}

/// User code of one map that takes long, on a background thread: what else is due is done meanwhile, in any number of
/// maps, by however many threads are held up.
mod held_up {
    use super::*;

    type Told = (mpsc::Sender<u64>, Arc<StdMutex<mpsc::Receiver<()>>>);

    /// A map whose listener says that it is called, then waits until it is let go.
    fn with_slow_listener(number: u64, (called, gate): &Told) -> Map<Ttl<20>> {
        let (map, called, gate) = (Map::<Ttl<20>>::new(), called.clone(), Arc::clone(gate));
        let listener = move |_: &u64, _: &u64, _| {
            called.send(number).expect("the test listens");
            // Ends when the test has ended, too.
            let _ = gate.lock().expect("nobody panics with it").recv();
        };
        map.on_removal(listener).expect("it is the first");
        map.insert(number, number);
        map
    }

    #[test]
    fn slow_listeners_hold_up_no_other_map() {
        let (called, calls) = mpsc::channel();
        let (open, gates): (Vec<_>, Vec<_>) = (0..5)
            .map(|_| {
                let (open, gate) = mpsc::channel();
                (open, (called.clone(), Arc::new(StdMutex::new(gate))))
            })
            .unzip();
        let slow: Vec<_> = (0..).zip(&gates).map(|(number, told)| with_slow_listener(number, told)).collect();
        let mut held: Vec<_> =
            gates.iter().map(|_| calls.recv_timeout(Duration::from_mins(2)).expect("each is called")).collect();
        held.sort_unstable();
        assert_eq!(held, [0, 1, 2, 3, 4], "each while all before are held up");

        let ledger = Ledger::new();
        let others: Vec<Map<Ttl<20>, Counted>> = (0..5).map(|_| ShardedMap::new()).collect();
        for round in 0..2 {
            for map in &others {
                map.extend((0..100).map(|key| (key, ledger.value(round))));
            }
            eventually("the others are swept", || others.iter().all(ShardedMap::is_empty));
            eventually("their values are dropped", || ledger.alive() == 0);
        }
        let discards: ShardedMap<u64, Counted, Of<Mutex, Hour, Unbounded>> = ShardedMap::new();
        discards.extend((0..1000).map(|key| (key, ledger.value(key))));
        discards.invalidate_all();
        eventually("what was discarded is dropped", || ledger.alive() == 0);

        // What is dropped meanwhile drops its values, also that which is held up itself.
        for map in &others {
            map.insert(1, ledger.value(1));
        }
        drop(others);
        assert_eq!(ledger.alive(), 0);
        drop(open);
        eventually("the slow ones are swept", || slow.iter().all(ShardedMap::is_empty));
    }

    /// As many as a service may have that waits for something in its listeners.
    #[test]
    fn many_slow_listeners_hold_up_no_other_map() {
        let (called, calls) = mpsc::channel();
        let (open, gate) = mpsc::channel();
        let told = (called, Arc::new(StdMutex::new(gate)));
        let slow: Vec<_> = (0..100).map(|number| with_slow_listener(number, &told)).collect();
        for _ in &slow {
            calls.recv_timeout(Duration::from_mins(2)).expect("each is called");
        }
        let other: Map<Ttl<20>> = ShardedMap::new();
        other.insert(1, 1);
        eventually("the other is swept", || other.is_empty());
        drop(open);
        eventually("the slow ones are swept", || slow.iter().all(ShardedMap::is_empty));
    }

    #[test]
    fn a_slow_drop_holds_up_no_other_map() {
        struct Slow(mpsc::Sender<()>, mpsc::Receiver<()>);
        impl Drop for Slow {
            fn drop(&mut self) {
                self.0.send(()).expect("the test listens");
                let _ = self.1.recv();
            }
        }
        let (called, calls) = mpsc::channel();
        let (open, gate) = mpsc::channel::<()>();
        let slow: ShardedMap<u64, StdMutex<Slow>, Of<Mutex, Ttl<20>, Unbounded>> = ShardedMap::new();
        slow.insert(1, StdMutex::new(Slow(called, gate)));
        calls.recv_timeout(Duration::from_mins(2)).expect("it is dropped");
        let other: Map<Ttl<20>> = ShardedMap::new();
        for round in 0..3 {
            other.insert(round, round);
            eventually("the other is swept", || other.is_empty());
        }
        drop(open);
    }
}

/// A destructor that panics, each time: all are dropped, and neither the thread nor the process ends.
#[test]
fn panicking_drops_do_not_end_the_thread() {
    struct Bad(#[expect(dead_code, reason = "counts itself")] Counted);
    impl Drop for Bad {
        fn drop(&mut self) {
            // Without the hook, which would fill the output.
            std::panic::resume_unwind(Box::new("a bad drop"));
        }
    }
    let ledger = Ledger::new();
    let map: Map<Ttl<50>, Bad> = ShardedMap::new();
    for key in 0..500 {
        map.insert(key, Bad(ledger.value(key)));
    }
    eventually("all are gone", || map.is_empty());
    eventually("all are dropped", || ledger.alive() == 0);
    assert_eq!(map.stats().expired, 500);

    let witness: Map<Ttl<50>> = ShardedMap::new();
    witness.insert(1, 1);
    eventually("others are swept", || witness.is_empty());
    map.insert(1, Bad(ledger.value(1)));
    eventually("and so is this one", || map.is_empty());
}

/// What a panic carries may panic in its turn when it is dropped.
#[test]
fn panics_that_carry_panics_do_not_end_the_thread() {
    struct Payload;
    impl Drop for Payload {
        fn drop(&mut self) {
            std::panic::resume_unwind(Box::new("a bad payload"));
        }
    }
    struct Worse(#[expect(dead_code, reason = "a value wants a size")] u8);
    impl Drop for Worse {
        fn drop(&mut self) {
            std::panic::resume_unwind(Box::new(Payload));
        }
    }
    let map: Map<Ttl<50>, Worse> = ShardedMap::new();
    for key in 0..100 {
        map.insert(key, Worse(1));
    }
    eventually("all are gone", || map.is_empty());
    let witness: Map<Ttl<50>> = ShardedMap::new();
    witness.insert(1, 1);
    eventually("others are swept", || witness.is_empty());
}

/// A clock that panics on the background thread costs its own map at most.
#[test]
fn a_panicking_clock_does_not_end_the_thread() {
    static ARMED: AtomicBool = AtomicBool::new(false);
    static FIRED: AtomicUsize = AtomicUsize::new(0);
    #[derive(Default)]
    struct Faulty(System);
    impl Clock for Faulty {
        const RUNS: bool = true;

        fn nanos(&self) -> u64 {
            if ARMED.load(Ordering::SeqCst) && is_sweeper() {
                FIRED.fetch_add(1, Ordering::SeqCst);
                std::panic::resume_unwind(Box::new("a bad clock"));
            }
            self.0.nanos()
        }
    }
    let faulty: ShardedMap<u64, u64, Of<Mutex, Ttl<50>, Unbounded, Faulty>> = ShardedMap::new();
    ARMED.store(true, Ordering::SeqCst);
    faulty.insert(1, 1);
    eventually("the clock has panicked", || FIRED.load(Ordering::SeqCst) > 0);
    let witness: Map<Ttl<50>> = ShardedMap::new();
    witness.insert(1, 1);
    eventually("others are swept", || witness.is_empty());
    ARMED.store(false, Ordering::SeqCst);
    eventually("and this one when its clock goes again", || faulty.is_empty());
}

/// Destructors that use their own map, and build another one, on the background thread.
#[test]
fn drops_may_use_maps() {
    static MAP: OnceLock<Map<Ttl<50>, Busy>> = OnceLock::new();
    static LATER: StdMutex<Vec<Map<Ttl<50>>>> = StdMutex::new(Vec::new());
    struct Busy(u64);
    impl Drop for Busy {
        fn drop(&mut self) {
            if let Some(map) = MAP.get()
                && self.0 < 10
            {
                assert!(!map.contains_key(&self.0));
                map.insert(self.0 + 10, Busy(self.0 + 10));
                map.sweep();
                let later: Map<Ttl<50>> = ShardedMap::new();
                later.insert(self.0, self.0);
                LATER.lock().expect("nobody panics with it").push(later);
            }
        }
    }
    let map = MAP.get_or_init(ShardedMap::new);
    for key in 0..10 {
        map.insert(key, Busy(key));
    }
    eventually("they are gone, and those that they put in", || map.is_empty() && map.stats().expired == 20);
    let later = LATER.lock().expect("nobody panics with it");
    assert_eq!(later.len(), 10);
    eventually("and what is in the maps that they built", || later.iter().all(ShardedMap::is_empty));
}

/// Threads that write, while the background thread and two others sweep: each entry leaves once.
#[test]
fn sweeping_from_all_sides() {
    let ledger = Ledger::new();
    let map: Map<Ttl<5>, Counted> = ShardedMap::with_options(FieldOptions::new().shards(2));
    let swept: usize = common::threads::together(6, |thread| {
        let mut swept = 0;
        for n in 0..3000 {
            if thread < 2 {
                swept += map.sweep();
            } else {
                map.insert(thread << 32 | n, ledger.value(n));
            }
        }
        swept
    })
    .into_iter()
    .sum();
    eventually("all are gone", || map.is_empty());
    eventually("all are dropped", || ledger.alive() == 0);
    let expired = usize::try_from(map.stats().expired).expect("not that many");
    assert!(expired == 12_000 && swept <= expired, "{expired} have left, {swept} of them swept by hand");
}
