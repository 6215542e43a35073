//! The events of `tracing`: what they are, and that a subscriber may use the map and may panic.

use super::{
    common::{ignore, panics},
    little_memory,
};
use sharded::{LoadError, sharded};
use std::{
    collections::HashMap,
    fmt::{self, Write as _},
    sync::{Arc, Barrier, Mutex, mpsc},
    thread,
    time::Duration,
};
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

#[sharded(ttl = "1h", shards = 4)]
struct Shop {
    ages: HashMap<u64, u64>,
    names: HashMap<u64, String>,
    #[shard(lock = Optimistic)]
    prices: HashMap<u64, u64>,
    #[shard(lock = RwLock)]
    notes: HashMap<u64, String>,
}

/// Notes the events of this library, and runs something at each.
struct Notes {
    events: Mutex<Vec<String>>,
    at_each: Box<dyn Fn() + Send + Sync>,
}

impl Subscriber for Notes {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "sharded"
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        unreachable!("there are events alone")
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        struct Text(String);
        impl Visit for Text {
            fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
                // Times and hashes differ from run to run.
                match field.name() {
                    "time" | "hash" | "entries" => write!(self.0, " {}", field.name()).unwrap(),
                    name => write!(self.0, " {name}={value:?}").unwrap(),
                }
            }
        }
        let mut text = Text(event.metadata().level().to_string());
        event.record(&mut text);
        self.events.lock().unwrap().push(text.0);
        (self.at_each)();
    }
}

fn noted(at_each: impl Fn() + Send + Sync + 'static, run: impl FnOnce()) -> Vec<String> {
    let notes = Arc::new(Notes { events: Mutex::default(), at_each: Box::new(at_each) });
    tracing::subscriber::with_default(Arc::clone(&notes), run);
    let events = notes.events.lock().unwrap();
    events.clone()
}

const FAILED: &str = "WARN message=a load failed store=\"Shop\" field=\"ages\" hash time";

#[test]
fn failed_loads_are_told() {
    let shop = Shop::new();
    let events = noted(
        || {},
        || {
            assert_eq!(shop.ages().get_or_load_with(1, || 1), 1);
            assert!(shop.ages().get_or_try_insert_with(2, || Err::<u64, _>("no")).is_err());
            panics(|| shop.ages().get_or_load_with(3, || panic!("the loader panics")));
        },
    );
    assert_eq!(events, [FAILED, FAILED]);
}

#[test]
fn slow_loads_are_told() {
    let shop = Shop::new();
    let load = || std::thread::sleep(std::time::Duration::from_millis(1001));
    let events = noted(|| {}, || ignore(shop.ages().get_or_load_with(1, || (load(), 1).1)));
    assert_eq!(events, ["WARN message=a load was slow store=\"Shop\" field=\"ages\" hash time"]);
}

/// A subscriber is user code, which runs under no lock that it did not ask for.
#[test]
fn no_subscriber_is_told_inside_a_closure() {
    let shop = Shop::new();
    shop.ages().insert(1, 1);
    let mut load = Box::pin(shop.ages().get_or_load_async(2, std::future::pending::<u64>));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(load.as_mut().poll(&mut context).is_pending());
    let events = noted(|| {}, || ignore(shop.ages().with(&1, |_| drop(load))));
    assert_eq!((events.len(), shop.ages().stats().loads.failed), (0, 1));
}

#[test]
fn a_listeners_panic_is_told() {
    let shop = Shop::new();
    shop.ages().on_removal(|_, _, _| panic!("the listener panics")).unwrap();
    shop.ages().insert(1, 1);
    let events = noted(|| {}, || ignore(shop.ages().remove(&1)));
    assert_eq!(events, ["ERROR message=a removal listener panicked store=\"Shop\" field=\"ages\""]);
}

/// A subscriber may load the key whose load has just failed, since that load is over.
#[test]
fn a_subscriber_may_use_the_map() {
    let shop = Arc::new(Shop::new());
    let at_each = {
        let shop = Arc::clone(&shop);
        move || assert_eq!(shop.ages().get_or_load_with(2, || 20), 20)
    };
    let events = noted(at_each, || {
        let failed = shop.ages().get_or_try_insert_with(2, || Err::<u64, _>("no"));
        assert!(matches!(failed, Err(LoadError::Failed(_))));
    });
    assert_eq!(events, [FAILED]);
    assert_eq!(shop.ages().get(&2), Some(20));
}

#[test]
fn a_subscriber_may_panic() {
    let shop = Shop::new();
    let events = noted(
        || panic!("the subscriber panics"),
        || {
            panics(|| shop.ages().get_or_load_with(3, || panic!("the loader panics")));
            assert_eq!(shop.ages().get_or_load_with(3, || 3), 3);
        },
    );
    assert_eq!(events, [FAILED]);
}

/// The events of a thread that waits for a lock of `shop` for more than a tenth of a second, and then does `after`.
/// `hold` calls what it is given under that lock. `wait` waits for it.
fn long_wait(
    shop: &Arc<Shop>,
    hold: impl Fn(&Shop, &dyn Fn()),
    wait: impl Fn(&Shop) + Sync,
    after: impl Fn(&Shop) + Sync,
) -> Vec<String> {
    // Another thread can take every lock while the subscriber is told, or this one holds it.
    let (free, is_free) = mpsc::channel();
    let at_each = {
        let shop = Arc::clone(shop);
        move || {
            let (done, is_done) = mpsc::channel();
            let shop = Arc::clone(&shop);
            thread::spawn(move || {
                ignore(shop.ages().insert(1, 1));
                ignore(shop.names().insert(1, "ada".to_owned()));
                ignore(shop.prices().insert(1, 1));
                ignore(shop.notes().insert(1, "ada".to_owned()));
                ignore(done.send(()));
            });
            ignore(free.send(is_done.recv_timeout(Duration::from_mins(2)).is_ok()));
        }
    };
    let notes = Arc::new(Notes { events: Mutex::default(), at_each: Box::new(at_each) });
    // A wait goes untold where the thread comes late, or while another test builds a map.
    for _ in 0..100 {
        let may_go = Barrier::new(2);
        thread::scope(|scope| {
            hold(shop, &|| {
                scope.spawn(|| {
                    may_go.wait();
                    tracing::subscriber::with_default(Arc::clone(&notes), || {
                        wait(shop);
                        after(shop);
                    });
                });
                may_go.wait();
                thread::sleep(Duration::from_millis(130));
            });
        });
        let events = notes.events.lock().unwrap();
        if !events.is_empty() {
            assert!(is_free.try_iter().all(|is_free| is_free), "a lock was held while the subscriber was told");
            return events.clone();
        }
    }
    panic!("no wait was told");
}

fn waited(field: &str) -> [String; 1] {
    [format!("WARN message=a thread waited long for the lock of a shard store=\"Shop\" field=\"{field}\" time")]
}

fn shop_of_one() -> Arc<Shop> {
    let shop = Shop::new();
    ignore(shop.ages().insert(1, 1));
    ignore(shop.names().insert(1, "ada".to_owned()));
    ignore(shop.prices().insert(1, 1));
    ignore(shop.notes().insert(1, "ada".to_owned()));
    Arc::new(shop)
}

/// An access that runs user code tells at its end.
#[test]
fn long_waits_are_told_after_the_lock_is_released() {
    let shop = shop_of_one();
    let hold = |shop: &Shop, run: &dyn Fn()| ignore(shop.names().with(&1, |_| run()));
    let events = long_wait(&shop, hold, |shop| ignore(shop.names().get(&1)), |_| {});
    assert_eq!(events, waited("names"));
    let hold = |shop: &Shop, run: &dyn Fn()| ignore(shop.notes().with_mut(&1, |_| run()));
    let events = long_wait(&shop, hold, |shop| ignore(shop.notes().get(&1)), |_| {});
    assert_eq!(events, waited("notes"));
}

/// An access to plain data has no such end: the next access tells.
#[test]
fn long_waits_of_accesses_to_plain_data_are_told_by_the_next_access() {
    let shop = shop_of_one();
    let hold = |shop: &Shop, run: &dyn Fn()| ignore(shop.ages().with(&1, |_| run()));
    let events = long_wait(&shop, hold, |shop| ignore(shop.ages().get(&1)), |shop| ignore(shop.names().get(&1)));
    assert_eq!(events, waited("ages"));
    // A read without a lock does not, but what takes the lock afterwards does.
    let hold = |shop: &Shop, run: &dyn Fn()| ignore(shop.prices().with_mut(&1, |_| run()));
    let wait = |shop: &Shop| ignore(shop.prices().insert(1, 2));
    let next = |shop: &Shop| {
        for _ in 0..10 {
            ignore(shop.prices().get(&1));
        }
        ignore(shop.prices().insert(1, 3));
    };
    assert_eq!(long_wait(&shop, hold, wait, next), waited("prices"));
}

/// A wait inside a closure is told when the thread has left all closures.
#[test]
fn long_waits_inside_a_closure_are_told_after_it() {
    let shop = shop_of_one();
    let hold = |shop: &Shop, run: &dyn Fn()| ignore(shop.names().with(&1, |_| run()));
    let wait = |shop: &Shop| ignore(shop.ages().with_mut(&1, |_| shop.names().with(&1, |_| shop.prices().get(&1))));
    assert_eq!(long_wait(&shop, hold, wait, |_| {}), waited("names"));
}

/// Runs itself once more, with little memory.
#[test]
#[cfg(target_os = "linux")]
fn refused_memory_is_told() {
    let output = little_memory::run("events::with_little_memory");
    assert!(output.contains("it was told"), "{output}");
}

#[test]
fn with_little_memory() {
    #[sharded(ttl = "1h", shards = 4)]
    struct Large {
        pages: HashMap<u64, [u64; 64]>,
    }
    if !little_memory::is_given() {
        return;
    }
    let large = Large::new();
    // So large that the system takes it back at once: there is to be memory for the test itself.
    let ballast = std::hint::black_box(vec![0_u8; 64 << 20]);
    let mut next = 0;
    let events = noted(
        || {},
        || {
            let refused = panics(|| {
                loop {
                    large.pages().insert(next, [next; 64]);
                    next += 1;
                }
            });
            drop(ballast);
            assert_eq!(refused, "no memory for one more entry; the map is as it was before");
            // The entries are plain data, so the next access tells.
            assert_eq!(large.pages().get(&0), Some([0; 64]));
        },
    );
    let told = |message| format!("{message} store=\"Large\" field=\"pages\" entries");
    let (error, warning) = (
        told("ERROR message=memory was refused for one more entry"),
        told("WARN message=memory was refused for a table to grow"),
    );
    assert_eq!(events.iter().filter(|event| **event == error).count(), 1, "{events:?}");
    assert!(events.iter().all(|event| *event == error || *event == warning), "{events:?}");
    // Each insert tries to grow the table again, and a second has thousands of them.
    assert!(events.len() < 100, "{} events", events.len());
    println!("it was told, with {} other events", events.len() - 1);
}
