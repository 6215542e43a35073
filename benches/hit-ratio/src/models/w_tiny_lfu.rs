//! W-TinyLFU (Einziger et al., 2017) with a window that climbs towards more hits (Einziger et al., Middleware 2018), as
//! in Caffeine: an entry that leaves the window is admitted only if it was requested more often than the victim.

use super::{Model, hash, sketch::Sketch};
use crate::links::{Links, List, NIL};
use sharded_bench_common::random::{Random, RngExt, seeded};

/// The initial window and its initial step, in parts of the capacity.
const WINDOW: f64 = 0.01;
const STEP: f64 = 0.0625;
/// The factor of the step after a step that changed little.
const DECAY: f64 = 0.98;
/// The change of the hit ratio from which on steps have their initial size.
const RESTART: f64 = 0.05;
/// The part of main for entries that were used since they came.
const PROTECTED: f64 = 0.8;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    Out,
    Window,
    Probation,
    Protected,
}

#[derive(Debug)]
pub(crate) struct WTinyLfu {
    capacity: usize,
    window_capacity: usize,
    protected_capacity: usize,
    links: Links,
    window: List,
    probation: List,
    protected: List,
    places: Vec<Place>,
    sketch: Sketch,
    random: Random,
    climber: Climber,
}

/// Moves the border of the window on while the hits rise, and back when they fall.
#[derive(Debug)]
struct Climber {
    window: f64,
    step: f64,
    hits: usize,
    requests: usize,
    last_ratio: f64,
}

impl WTinyLfu {
    pub(crate) fn new(unique: usize, capacity: usize) -> Self {
        let window_capacity = ((capacity as f64 * WINDOW) as usize).max(1);
        let step = -STEP * capacity as f64;
        WTinyLfu {
            capacity,
            window_capacity,
            protected_capacity: ((capacity - window_capacity) as f64 * PROTECTED) as usize,
            links: Links::new(unique),
            window: List::default(),
            probation: List::default(),
            protected: List::default(),
            places: vec![Place::Out; unique],
            sketch: Sketch::new(capacity),
            random: seeded(5),
            climber: Climber { window: window_capacity as f64, step, hits: 0, requests: 0, last_ratio: 0.0 },
        }
    }

    fn put(&mut self, key: u32, place: Place) {
        self.places[key as usize] = place;
        match place {
            Place::Out => {}
            Place::Window => self.links.push(&mut self.window, key),
            Place::Probation => self.links.push(&mut self.probation, key),
            Place::Protected => self.links.push(&mut self.protected, key),
        }
    }

    /// Moves the excess of the protected part to probation.
    fn demote(&mut self) {
        while self.protected.len > self.protected_capacity
            && let Some(oldest) = self.links.pop(&mut self.protected)
        {
            self.put(oldest, Place::Probation);
        }
    }

    /// Moves the excess of the window to probation while there is room. After that, it competes with the victim.
    fn shrink_window(&mut self) {
        while self.window.len > self.window_capacity
            && let Some(candidate) = self.links.pop(&mut self.window)
        {
            let victim = if self.probation.back == NIL { self.protected.back } else { self.probation.back };
            if self.len() < self.capacity {
                self.put(candidate, Place::Probation);
            } else if victim != NIL && self.admits(candidate, victim) {
                match self.places[victim as usize] {
                    Place::Probation => self.links.unlink(&mut self.probation, victim),
                    _ => self.links.unlink(&mut self.protected, victim),
                }
                self.put(victim, Place::Out);
                self.put(candidate, Place::Probation);
            } else {
                self.put(candidate, Place::Out);
            }
        }
    }

    fn admits(&mut self, candidate: u32, victim: u32) -> bool {
        let [candidate, victim] = [candidate, victim].map(|key| self.sketch.frequency(hash(key)));
        // Admitted at random sometimes, against keys that are chosen to collide with frequent ones.
        candidate > victim || (candidate > 5 && self.random.random_ratio(1, 128))
    }

    fn climb(&mut self, hit: bool) {
        let capacity = self.capacity as f64;
        let climber = &mut self.climber;
        climber.hits += usize::from(hit);
        climber.requests += 1;
        if climber.requests < 10 * self.capacity.max(8) {
            return;
        }
        let ratio = climber.hits as f64 / climber.requests as f64;
        let change = ratio - climber.last_ratio;
        let amount = if change >= 0.0 { climber.step } else { -climber.step };
        climber.step = if change.abs() >= RESTART { STEP * capacity * amount.signum() } else { amount * DECAY };
        climber.window = (climber.window + amount).clamp(1.0, (capacity * 0.99).max(1.0));
        (climber.last_ratio, climber.hits, climber.requests) = (ratio, 0, 0);
        let window = climber.window as usize;
        self.resize_window(window);
    }

    fn resize_window(&mut self, capacity: usize) {
        self.window_capacity = capacity;
        self.protected_capacity = ((self.capacity - capacity) as f64 * PROTECTED) as usize;
        while self.window.len > capacity
            && let Some(oldest) = self.links.pop(&mut self.window)
        {
            self.put(oldest, Place::Probation);
        }
        while self.window.len < capacity {
            let next = self.links.pop(&mut self.probation).or_else(|| self.links.pop(&mut self.protected));
            let Some(next) = next else { break };
            self.put(next, Place::Window);
        }
        self.demote();
    }
}

impl Model for WTinyLfu {
    fn access(&mut self, key: u32) -> bool {
        self.sketch.count(hash(key));
        let place = self.places[key as usize];
        match place {
            Place::Window => self.links.move_to_front(&mut self.window, key),
            Place::Protected => self.links.move_to_front(&mut self.protected, key),
            Place::Probation => {
                self.links.unlink(&mut self.probation, key);
                self.put(key, Place::Protected);
                self.demote();
            }
            Place::Out => {
                self.put(key, Place::Window);
                self.shrink_window();
            }
        }
        let hit = place != Place::Out;
        self.climb(hit);
        hit
    }

    fn len(&self) -> usize {
        self.window.len + self.probation.len + self.protected.len
    }
}
