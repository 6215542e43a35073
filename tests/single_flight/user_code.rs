//! Listeners, and the `Drop` of keys, values and loaders, may load keys themselves: no thread waits for itself, nor two
//! for each other.

use super::{
    Load, Task,
    common::{
        ignore,
        policy::{Never, Of},
        threads::must_end,
    },
};
use sharded::{
    Cause, Policy, ShardedMap,
    clock::{Manual, System},
    evict::Unbounded,
    lock::{Mutex, Serves},
    sharded,
};
use std::{
    collections::HashMap,
    hash::{Hash, Hasher},
    pin::pin,
    sync::{
        Arc, OnceLock, Weak,
        atomic::{AtomicBool, AtomicU32, Ordering::SeqCst},
        mpsc,
    },
    task::{Context, Poll, Wake, Waker},
    thread,
    time::Duration,
};

#[sharded(shards = 1)]
struct Shop {
    #[shard(ttl = "1h")]
    expiring: HashMap<u64, Item>,
    #[shard(ttl = "10s", refresh_after = "1s")]
    refreshed: HashMap<u64, Item>,
    #[shard(capacity = 2, evict = Lru)]
    bounded: HashMap<u64, Item>,
    #[shard(capacity = 2, ttl = "1h", lock = RwLock, evict = Adaptive)]
    both: HashMap<u64, Item>,
}

/// What user code does, so many times at most.
#[derive(Default)]
struct Hook {
    run: OnceLock<Box<dyn Fn() + Send + Sync>>,
    left: AtomicU32,
    runs: AtomicU32,
}

impl Hook {
    fn run(&self) {
        if self.left.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)).is_ok() {
            (self.run.get().unwrap())();
            self.runs.fetch_add(1, SeqCst);
        }
    }
}

/// A value, or a key, whose `Drop` runs a hook.
#[derive(Clone)]
struct Item(u64, Option<Arc<Hook>>);

impl Drop for Item {
    fn drop(&mut self) {
        if let Some(hook) = &self.1 {
            hook.run();
        }
    }
}
impl PartialEq for Item {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl Eq for Item {}
impl Hash for Item {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

#[derive(Clone, Copy, Debug)]
enum By {
    Listener,
    PanickingListener,
    Drop,
}

/// Fills a map, with items that this makes.
type Prepare<P> = fn(&ShardedMap<u64, Item, P>, &Manual, &dyn Fn(u64) -> Item);

/// Loads the key 7 where something leaves a map for it; whoever is told of that loads a key as well.
fn load_where_something_leaves<P>(
    map: fn(&Shop) -> &ShardedMap<u64, Item, P>,
    prepare: Prepare<P>,
    (by, asks, as_task): (By, u64, bool),
) where
    P: Policy<Eviction: sharded::evict::MakesRoom, Lock: Serves<u64, Item>>,
{
    let clock = Manual::new();
    let shop = Arc::new(Shop::builder().clock(clock.clone()).build());
    let hook = Arc::new(Hook::default());
    let of_item = matches!(by, By::Drop).then(|| Arc::clone(&hook));
    let item = move |number| Item(number, of_item.clone());
    let (weak, make) = (Arc::downgrade(&shop), item.clone());
    let load = move || {
        let Some(shop) = Weak::upgrade(&weak) else { return };
        let loaded = map(&shop).get_or_try_insert_with(asks, || Ok::<_, ()>(make(1)));
        assert!(loaded.is_ok(), "nobody is inside a loader");
    };
    ignore(hook.run.set(Box::new(load)));
    prepare(map(&shop), &clock, &item);
    if !matches!(by, By::Drop) {
        let (hook, panics) = (Arc::clone(&hook), matches!(by, By::PanickingListener));
        let listener = move |_: &u64, _: &Item, _: Cause| {
            hook.run();
            assert!(!panics, "the listener");
        };
        assert!(map(&shop).on_removal(listener).is_ok());
    }
    hook.left.store(5, SeqCst);
    let loaded = if as_task {
        Task::new(map(&shop).get_or_load_async(7, async || item(2))).poll().unwrap()
    } else {
        map(&shop).get_or_load_with(7, || item(2))
    };
    assert!(loaded.0 <= 2);
    assert!(hook.runs.load(SeqCst) > 0 && map(&shop).stats().inserts > 2);
    hook.left.store(0, SeqCst);
}

#[test]
fn what_leaves_for_a_load_may_load() {
    for by in [By::Listener, By::PanickingListener, By::Drop] {
        for asks in [7, 8] {
            for as_task in [false, true] {
                let how = (by, asks, as_task);
                must_end(&format!("a load that finds what has expired, {how:?}"), move || {
                    load_where_something_leaves(
                        Shop::expiring,
                        |map, clock, item| {
                            map.insert(7, item(0));
                            map.insert(9, item(0));
                            clock.advance(Duration::from_hours(1));
                        },
                        how,
                    );
                });
                must_end(&format!("a load of what is old, {how:?}"), move || {
                    load_where_something_leaves(
                        Shop::refreshed,
                        |map, clock, item| {
                            map.insert(9, item(0));
                            clock.advance(Duration::from_secs(9));
                            map.insert(7, item(0));
                            clock.advance(Duration::from_secs(1));
                        },
                        how,
                    );
                });
                must_end(&format!("a load that evicts, {how:?}"), move || {
                    load_where_something_leaves(
                        Shop::bounded,
                        |map, _, item| map.extend([(1, item(0)), (2, item(0))]),
                        how,
                    );
                });
                must_end(&format!("a load that evicts what has expired, {how:?}"), move || {
                    load_where_something_leaves(
                        Shop::both,
                        |map, clock, item| {
                            map.extend([(7, item(0)), (2, item(0))]);
                            clock.advance(Duration::from_hours(1));
                        },
                        how,
                    );
                });
            }
        }
    }
}

/// So may what other calls on a map take out, while a thread loads a key of it.
#[test]
fn what_leaves_for_other_calls_may_load() {
    must_end("calls that take out values whose `Drop` loads", || {
        let shop = Arc::new(Shop::new());
        let hook = Arc::new(Hook::default());
        let weak = Arc::downgrade(&shop);
        let load = move || {
            if let Some(shop) = Weak::upgrade(&weak) {
                shop.bounded().get_or_load_with(7, || Item(7, None));
            }
        };
        ignore(hook.run.set(Box::new(load)));
        let item = || Item(0, Some(Arc::clone(&hook)));
        let map = shop.bounded();
        hook.left.store(100, SeqCst);
        for key in 0..10 {
            map.insert(key, item());
            map.get_or_insert_with(key + 1, item);
            map.upsert(key + 2, item, |value| *value = Item(0, None));
            map.remove(&key);
            map.get_or_load_with(key + 20, item);
            map.clear();
        }
        hook.left.store(0, SeqCst);
        assert!(hook.runs.load(SeqCst) > 10);
    });
}

struct Woken(AtomicBool);
impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, SeqCst);
    }
}

#[test]
fn those_who_wait_are_told_before_listeners() {
    let shop = Shop::new();
    let woken = Arc::new(Woken(AtomicBool::new(false)));
    shop.bounded().extend([(1, Item(0, None)), (2, Item(0, None))]);
    let (told, seen) = (Arc::new(OnceLock::new()), Arc::clone(&woken));
    let log = Arc::clone(&told);
    assert!(shop.bounded().on_removal(move |_, _, _| ignore(log.set(seen.0.load(SeqCst)))).is_ok());
    let load = Load::new();
    let mut leader = Task::waiting(shop.bounded().get_or_load_async(7, || load.run()));
    let mut waiter = pin!(shop.bounded().get_or_load_async(7, async || unreachable!()));
    let waker = Waker::from(Arc::clone(&woken));
    let mut context = Context::from_waker(&waker);
    assert!(waiter.as_mut().poll(&mut context).is_pending());
    load.end(Item(7, None));
    assert!(leader.poll().is_some());
    assert_eq!(told.get(), Some(&true));
    assert!(matches!(waiter.poll(&mut context), Poll::Ready(Item(7, _))));
}

/// One thread lands a load, and its listener loads a key that another thread loads, whose loader waits for the first.
#[test]
fn a_listener_may_wait_for_who_waits_for_its_thread() {
    must_end("two threads, and a listener that loads what the other loads", || {
        let shop = Arc::new(Shop::new());
        shop.bounded().extend([(100, Item(0, None)), (101, Item(0, None))]);
        let weak = Arc::downgrade(&shop);
        let listener = move |_: &u64, _: &Item, _: Cause| {
            if let Some(shop) = Weak::upgrade(&weak) {
                shop.bounded().get_or_load_with(2, || Item(3, None));
            }
        };
        assert!(shop.bounded().on_removal(listener).is_ok());
        let (begins, begun) = mpsc::channel();
        let other = thread::spawn({
            let shop = Arc::clone(&shop);
            move || {
                begun.recv().unwrap();
                shop.bounded().get_or_load_with(2, || shop.bounded().get_or_load_with(1, || unreachable!())).0
            }
        });
        let misses = shop.bounded().stats().misses;
        let loaded = shop.bounded().get_or_load_with(1, || {
            begins.send(()).unwrap();
            // Its loader asks for what this thread loads.
            super::eventually("the other thread waits", || shop.bounded().stats().misses >= misses + 3);
            Item(1, None)
        });
        assert_eq!((loaded.0, other.join().unwrap()), (1, 1));
    });
}

/// A listener may wait for a loader that removes more entries than may wait to be told.
#[test]
fn a_loader_waits_for_no_listener() {
    must_end("a loader that removes many entries, and a listener that waits for it", || {
        let shop = Arc::new(Shop::new());
        let (weak, is_first) = (Arc::downgrade(&shop), AtomicBool::new(true));
        let (listens, begins) = (mpsc::channel(), mpsc::channel());
        let (listening, loading) = (listens.0, std::sync::Mutex::new(begins.1));
        let listener = move |_: &u64, _: &Item, _: Cause| {
            if is_first.swap(false, SeqCst) {
                listening.send(()).unwrap();
                loading.lock().unwrap().recv().unwrap();
                weak.upgrade().unwrap().expiring().get_or_load_with(5, || unreachable!("it is being loaded"));
            }
        };
        assert!(shop.expiring().on_removal(listener).is_ok());
        let removes = thread::spawn({
            let shop = Arc::clone(&shop);
            move || {
                shop.expiring().insert(1, Item(1, None));
                shop.expiring().remove(&1);
            }
        });
        listens.1.recv().unwrap();
        shop.expiring().get_or_load_with(5, || {
            begins.0.send(()).unwrap();
            for key in 1000..4000 {
                shop.expiring().insert(key, Item(key, None));
                shop.expiring().remove(&key);
            }
            Item(5, None)
        });
        removes.join().unwrap();
    });
}

/// The `Drop` of a loader that is a future, when it ends and when it is dropped before.
#[test]
fn a_loader_that_is_dropped_may_load() {
    struct Guard(Arc<Hook>);
    impl Drop for Guard {
        fn drop(&mut self) {
            self.0.run();
        }
    }
    for ends in [true, false] {
        must_end("a future whose `Drop` loads its own key", move || {
            let shop = Arc::new(Shop::new());
            let hook = Arc::new(Hook::default());
            let weak = Arc::downgrade(&shop);
            let load = move || {
                // When the future ends, its `Drop` is a part of the loader, for which its own key is an error.
                ignore(weak.upgrade().unwrap().expiring().get_or_try_insert_with(7, || Ok::<_, ()>(Item(8, None))));
            };
            ignore(hook.run.set(Box::new(load)));
            hook.left.store(1, SeqCst);
            let load = Load::new();
            let mut leader = Task::waiting(shop.expiring().get_or_load_async(7, || {
                let (mut run, guard) = (Box::pin(load.run()), Guard(Arc::clone(&hook)));
                std::future::poll_fn(move |context| {
                    let _owned = &guard;
                    run.as_mut().poll(context)
                })
            }));
            if ends {
                load.end(Item(7, None));
                assert!(leader.poll().is_some());
            }
            drop(leader);
            assert_eq!(hook.runs.load(SeqCst), 1);
            assert_eq!(shop.expiring().get(&7).unwrap().0, if ends { 7 } else { 8 });
        });
    }
}

/// Keys are dropped when a flight that nobody leads is forgotten, and by callers who waited.
#[test]
fn a_key_that_is_dropped_may_load() {
    type Map = ShardedMap<Item, u64, Of<Mutex, Never, Unbounded, System, 1>>;
    must_end("keys whose `Drop` loads", || {
        let map = Arc::new(Map::new());
        let hook = Arc::new(Hook::default());
        let weak: Weak<Map> = Arc::downgrade(&map);
        let load = move || {
            if let Some(map) = weak.upgrade() {
                for key in [7, 9] {
                    // It may be inside the loader of that key.
                    ignore(map.get_or_try_insert_with(Item(key, None), || Ok::<_, ()>(key)));
                }
            }
        };
        ignore(hook.run.set(Box::new(load)));
        let key = |number| Item(number, Some(Arc::clone(&hook)));
        map.insert(Item(1, None), 1);
        for round in 0..20 {
            hook.left.store(0, SeqCst);
            map.remove(&Item(7, None));
            map.remove(&Item(9, None));
            let leader = Task::waiting(map.get_or_load_async(key(7), || Load::<u64>::new().run()));
            if round % 2 == 0 {
                // The one who waits takes the lead over, and has a key left.
                let mut waiter = Task::waiting(map.get_or_load_async(key(7), async || 70));
                hook.left.store(round, SeqCst);
                drop(leader);
                assert_eq!(waiter.poll(), Some(70));
            } else {
                hook.left.store(round, SeqCst);
                // Where its shard's lock can't be waited for, a later call drops the key.
                map.with(&Item(1, None), |_| drop(leader)).unwrap();
                assert_eq!(map.get_or_load_with(Item(9, None), || 90) % 9, 0);
            }
        }
        hook.left.store(0, SeqCst);
    });
}
