//! The systems that are measured.

mod libraries;
mod sharded;

use crate::{
    belady,
    models::{Duo, Lru, Model, S3Fifo, Sieve, WTinyLfu},
    trace::Trace,
};
use std::fmt::Write as _;

/// A cache of any library.
pub(crate) trait Cache {
    /// Looks a key up.
    fn contains(&mut self, key: u64) -> bool;

    /// Inserts a key.
    fn insert(&mut self, key: u64);

    /// Does the work that the cache postpones, so that its counts are exact.
    fn do_postponed(&mut self) {}

    /// The number of entries.
    fn len(&self) -> usize;

    /// Looks a key up, and inserts it if it is missing. Returns whether it was there.
    fn access(&mut self, key: u64) -> bool {
        let hit = self.contains(key);
        if !hit {
            self.insert(key);
        }
        self.do_postponed();
        hit
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    /// No cache can do better.
    Optimum,
    /// A cache of another library.
    Library,
    /// A policy without a cache.
    Model,
    /// This library.
    Sharded,
}

#[derive(Clone, Debug)]
pub(crate) struct System {
    /// The name, for `--systems` and for tables.
    pub(crate) name: String,
    pub(crate) kind: Kind,
    how: How,
}

#[derive(Clone, Copy, Debug)]
enum How {
    /// Counts the hits on a trace that it knows in advance.
    Foreseen(fn(&Trace, usize) -> usize),
    /// Makes a model for keys below the first number, with the second as its capacity.
    Model(fn(usize, usize) -> Box<dyn Model>),
    /// Makes a cache of this capacity.
    Cache(fn(usize) -> Box<dyn Cache>),
}

impl System {
    fn model(name: &str, make: fn(usize, usize) -> Box<dyn Model>) -> Self {
        System { name: name.to_owned(), kind: Kind::Model, how: How::Model(make) }
    }

    fn library(name: &str, make: fn(usize) -> Box<dyn Cache>) -> Self {
        System { name: name.to_owned(), kind: Kind::Library, how: How::Cache(make) }
    }

    /// The share of the requests that hit.
    ///
    /// The hits of a cache depend on how its keys hash. So a cache runs `repeats` times, with other keys each time, and
    /// the mean is returned.
    ///
    /// # Panics
    ///
    /// If a system holds more than its capacity in the end, because then its hits are no measure.
    pub(crate) fn hit_ratio(&self, trace: &Trace, capacity: usize, repeats: u32) -> f64 {
        let requests = trace.keys.len() as f64;
        match self.how {
            How::Foreseen(hits) => hits(trace, capacity) as f64 / requests,
            How::Model(make) => {
                let mut model = make(trace.unique, capacity);
                let hits = trace.keys.iter().filter(|&&key| model.access(key)).count();
                self.check(model.len(), capacity);
                hits as f64 / requests
            }
            How::Cache(make) => {
                let run = |repeat| {
                    let mut cache = make(capacity);
                    let keys = trace.keys.iter().map(|&key| u64::from(repeat) << 32 | u64::from(key));
                    let hits = keys.filter(|&key| cache.access(key)).count();
                    self.check(cache.len(), capacity);
                    hits as f64 / requests
                };
                (0..repeats).map(run).sum::<f64>() / f64::from(repeats)
            }
        }
    }

    fn check(&self, len: usize, capacity: usize) {
        assert!(len <= capacity, "{} holds {len} of at most {capacity} entries", self.name);
    }
}

/// All systems, in the order of the tables.
fn all() -> Vec<System> {
    let mut all = vec![
        System { name: "belady".to_owned(), kind: Kind::Optimum, how: How::Foreseen(belady::hits) },
        System::library("moka", libraries::moka),
        System::library("quick_cache", libraries::quick_cache),
        System::library("mini-moka", libraries::mini_moka),
        System::library("foyer-s3fifo", libraries::foyer_s3_fifo),
        System::library("foyer-lfu", libraries::foyer_lfu),
        System::library("cached", libraries::cached),
        System::model("model-lru", |unique, capacity| Box::new(Lru::new(unique, capacity))),
        System::model("model-sieve", |unique, capacity| Box::new(Sieve::new(unique, capacity))),
        System::model("model-s3fifo", |unique, capacity| Box::new(S3Fifo::new(unique, capacity))),
        System::model("model-wtinylfu", |unique, capacity| Box::new(WTinyLfu::new(unique, capacity))),
        System::model("model-duo-1", |unique, capacity| Box::new(Duo::new(unique, capacity, 1))),
        System::model("model-duo-64", |unique, capacity| Box::new(Duo::new(unique, capacity, 64))),
    ];
    all.extend(sharded::systems());
    all
}

/// The systems with these names, or all if there are none.
pub(crate) fn named(names: &[String]) -> Result<Vec<System>, String> {
    let all = all();
    if let Some(unknown) = names.iter().find(|&name| all.iter().all(|system| system.name != *name)) {
        let mut error = format!("there is no system `{unknown}`; there are:");
        for system in &all {
            write!(error, " {}", system.name).expect("a string takes all that is written");
        }
        return Err(error);
    }
    Ok(all.into_iter().filter(|system| names.is_empty() || names.contains(&system.name)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use sharded_bench_common::random::{RngExt, seeded};

    /// Skewed requests for products of numbers below `side`.
    fn products(side: u64, requests: usize) -> Trace {
        let mut random = seeded(3);
        let keys: Vec<u64> =
            (0..requests).map(|_| random.random_range(0..side) * random.random_range(0..side)).collect();
        Trace::new(String::new(), true, keys)
    }

    #[test]
    fn nobody_beats_the_optimum_or_holds_too_much() {
        let trace = products(40, 5_000);
        for capacity in [1, 2, 10, 100, trace.unique] {
            let most = belady::hits(&trace, capacity) as f64 / trace.keys.len() as f64;
            for system in all() {
                let ratio = system.hit_ratio(&trace, capacity, 1);
                assert!(ratio <= most, "{} hits {ratio} of at most {most} with {capacity} entries", system.name);
            }
        }
    }

    #[test]
    fn lru_is_the_same_in_the_libraries_and_in_the_model() {
        let trace = products(60, 20_000);
        let [model, library, other] = ["model-lru", "sharded-lru-1", "cached"].map(|name| {
            let system = named(&[name.to_owned()]).unwrap().remove(0);
            [1, 7, 100, 500].map(|capacity| system.hit_ratio(&trace, capacity, 1))
        });
        assert_eq!((model, model), (library, other));
    }

    #[test]
    fn a_wrong_name_lists_the_right_ones() {
        let error = named(&["lru".to_owned()]).unwrap_err();
        assert!(error.contains("`lru`") && error.contains("model-lru"), "{error}");
    }
}
