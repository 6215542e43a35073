//! LRU: the least recently used entry leaves.

use super::Model;
use crate::links::{Links, List};

#[derive(Debug)]
pub(crate) struct Lru {
    capacity: usize,
    links: Links,
    list: List,
    cached: Vec<bool>,
}

impl Lru {
    pub(crate) fn new(unique: usize, capacity: usize) -> Self {
        Lru { capacity, links: Links::new(unique), list: List::default(), cached: vec![false; unique] }
    }
}

impl Model for Lru {
    fn access(&mut self, key: u32) -> bool {
        if self.cached[key as usize] {
            self.links.move_to_front(&mut self.list, key);
            return true;
        }
        if self.list.len == self.capacity
            && let Some(victim) = self.links.pop(&mut self.list)
        {
            self.cached[victim as usize] = false;
        }
        self.links.push(&mut self.list, key);
        self.cached[key as usize] = true;
        false
    }

    fn len(&self) -> usize {
        self.list.len
    }
}
