//! The events of `tracing`: what they are, and that a subscriber may use the map and may panic.

use super::common::{ignore, panics};
use sharded::{LoadError, sharded};
use std::{
    collections::HashMap,
    fmt::{self, Write as _},
    sync::{Arc, Mutex},
};
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

#[sharded(ttl = "1h", shards = 4)]
struct Shop {
    ages: HashMap<u64, u64>,
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
                    "time" | "hash" => write!(self.0, " {}", field.name()).unwrap(),
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
