//! SIEVE (Zhang et al., NSDI 2024): a hand moves from the oldest entry to the newest, and evicts the first that was not
//! used since its last visit.

use super::Model;
use crate::links::{Links, List, NIL};

#[derive(Debug)]
pub(crate) struct Sieve {
    capacity: usize,
    links: Links,
    list: List,
    cached: Vec<bool>,
    used: Vec<bool>,
    hand: u32,
}

impl Sieve {
    pub(crate) fn new(unique: usize, capacity: usize) -> Self {
        Sieve {
            capacity,
            links: Links::new(unique),
            list: List::default(),
            cached: vec![false; unique],
            used: vec![false; unique],
            hand: NIL,
        }
    }

    fn evict(&mut self) {
        let or_oldest = |key, oldest| if key == NIL { oldest } else { key };
        let mut victim = or_oldest(self.hand, self.list.back);
        while std::mem::take(&mut self.used[victim as usize]) {
            victim = or_oldest(self.links.newer(victim), self.list.back);
        }
        self.hand = self.links.newer(victim);
        self.links.unlink(&mut self.list, victim);
        self.cached[victim as usize] = false;
    }
}

impl Model for Sieve {
    fn access(&mut self, key: u32) -> bool {
        if self.cached[key as usize] {
            self.used[key as usize] = true;
            return true;
        }
        if self.list.len == self.capacity {
            self.evict();
        }
        self.links.push(&mut self.list, key);
        self.cached[key as usize] = true;
        false
    }

    fn len(&self) -> usize {
        self.list.len
    }
}
