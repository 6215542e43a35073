//! The promise, as a checker of what was written and read.
//!
//! One task writes growing versions of each key; others read. Version `n` is too old once the write of a later one had
//! ended more than the staleness before the read began. For the process that writes, it is too old once that write has
//! ended at all.

use super::{STALENESS, Shop, eventually};
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::task::JoinHandle;

/// What was written.
#[derive(Debug, Default)]
pub(crate) struct History {
    /// For each key, when the write of each version had ended.
    ended: Mutex<HashMap<u64, Vec<(u64, Instant)>>>,
    /// Times at the end of which a failover may have lost what was acknowledged.
    lost: Mutex<Vec<(Instant, Instant)>>,
    pub(crate) reads: AtomicU64,
    pub(crate) failed: AtomicU64,
}

impl History {
    /// A write of this version has returned with success.
    pub(crate) fn wrote(&self, key: u64, version: u64) {
        self.ended.lock().unwrap().entry(key).or_default().push((version, Instant::now()));
    }

    /// A primary was killed now. The last writes that it has acknowledged may be lost, as the server documents, so
    /// nothing is expected of them.
    pub(crate) fn a_primary_dies(&self) {
        let now = Instant::now();
        self.lost.lock().unwrap().push((now.checked_sub(MAY_BE_LOST).unwrap_or(now), now));
    }

    /// A primary that was stopped goes on, and may acknowledge what it loses when it hears that it is one no more.
    pub(crate) fn a_primary_comes_back(&self) {
        let now = Instant::now();
        self.lost.lock().unwrap().push((now, now + Duration::from_secs(1)));
    }

    /// How often each key was written.
    pub(crate) fn written(&self) -> HashMap<u64, usize> {
        self.ended.lock().unwrap().iter().map(|(key, ended)| (*key, ended.len())).collect()
    }

    /// Whether each key was written since.
    pub(crate) fn written_since(&self, before: &HashMap<u64, usize>) -> bool {
        let now = self.written();
        before.iter().all(|(key, count)| now.get(key).is_some_and(|now| now > count))
    }

    /// Checks a read that began then. `None` counts as version 0.
    pub(crate) fn check(
        &self,
        key: u64,
        version: Option<u64>,
        began: Instant,
        staleness: Duration,
    ) -> Result<(), String> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        let read = version.unwrap_or(0);
        let ended = self.ended.lock().unwrap();
        let lost = self.lost.lock().unwrap();
        let is_lost = |at: &Instant| lost.iter().any(|(from, to)| from <= at && at <= to);
        let later = ended.get(&key).into_iter().flatten().find(|(version, at)| *version > read && !is_lost(at));
        match later {
            Some((version, at)) if *at + staleness < began => Err(format!(
                "key {key}: version {read} was read {:?} after the write of version {version} had ended",
                began - *at
            )),
            _ => Ok(()),
        }
    }
}

/// Writes and reads until it is told to stop.
pub(crate) struct Load {
    pub(crate) history: Arc<History>,
    is_over: Arc<AtomicBool>,
    tasks: Vec<JoinHandle<Result<(), String>>>,
}

const KEYS: u64 = 8;

/// How far a replica of the tests may be behind its primary.
const MAY_BE_LOST: Duration = Duration::from_millis(300);

impl Load {
    /// One process writes, and all of them read. If the server may lose what it has acknowledged, only values that the
    /// server still has can be expected, so `is_lossless` is false and absent entries are not checked.
    pub(crate) fn start(writer: &Arc<Shop>, readers: &[Arc<Shop>], is_lossless: bool) -> Load {
        let (history, is_over) = (Arc::new(History::default()), Arc::new(AtomicBool::new(false)));
        let mut load = Load { history, is_over, tasks: Vec::new() };
        let (shop, history, is_over) = (Arc::clone(writer), Arc::clone(&load.history), Arc::clone(&load.is_over));
        load.tasks.push(tokio::spawn(async move {
            let mut version = 0;
            while !is_over.load(Ordering::Relaxed) {
                version += 1;
                for key in 0..KEYS {
                    match shop.numbers().insert(&key, &version).await {
                        Ok(()) => history.wrote(key, version),
                        Err(_) => drop(history.failed.fetch_add(1, Ordering::Relaxed)),
                    }
                    // The process sees its own writes, whatever else it has read meanwhile.
                    let began = Instant::now();
                    if let Ok(read) = shop.numbers().get(&key).await
                        && (is_lossless || read.is_some())
                    {
                        history.check(key, read.as_deref().copied(), began, Duration::ZERO)?;
                    }
                }
                tokio::time::sleep(Duration::from_millis(3)).await;
            }
            Ok(())
        }));
        for (number, shop) in readers.iter().enumerate() {
            let (shop, history, is_over) = (Arc::clone(shop), Arc::clone(&load.history), Arc::clone(&load.is_over));
            load.tasks.push(tokio::spawn(async move {
                let mut at = number as u64;
                while !is_over.load(Ordering::Relaxed) {
                    at += 1;
                    let (key, began) = (at % KEYS, Instant::now());
                    match shop.numbers().get(&key).await {
                        Ok(read) if is_lossless || read.is_some() => {
                            history.check(key, read.as_deref().copied(), began, STALENESS)?;
                        }
                        Ok(_) => {}
                        Err(_) => drop(history.failed.fetch_add(1, Ordering::Relaxed)),
                    }
                    tokio::task::yield_now().await;
                }
                Ok(())
            }));
        }
        load
    }

    /// Lets it go on for a while.
    pub(crate) async fn run(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    /// Ends it, and fails if a read was too old.
    pub(crate) async fn end(self) -> Arc<History> {
        let reads = || self.history.reads.load(Ordering::Relaxed);
        eventually("enough was read", async || reads() > 100 || self.tasks.iter().any(JoinHandle::is_finished)).await;
        self.is_over.store(true, Ordering::Relaxed);
        for task in self.tasks {
            if let Err(error) = task.await.unwrap() {
                panic!("{error}");
            }
        }
        self.history
    }
}

#[test]
fn the_checker_finds_a_read_that_is_too_old() {
    let history = History::default();
    history.wrote(1, 1);
    history.wrote(1, 2);
    let later = Instant::now() + Duration::from_secs(1);
    assert!(history.check(1, Some(2), later, Duration::ZERO).is_ok());
    assert!(history.check(1, Some(1), later, Duration::from_secs(2)).is_ok());
    assert!(history.check(1, Some(1), later, Duration::from_millis(500)).is_err());
    assert!(history.check(1, None, later, Duration::from_millis(500)).is_err());
    assert!(history.check(2, None, later, Duration::ZERO).is_ok());
}
