//! S3-FIFO (Yang et al., SOSP 2023): a small queue for new entries, a main queue for entries that were used again while
//! they were in the small one or soon after, and ghosts that detect the latter.

use super::Model;
use crate::links::{Links, List};

/// Uses of an entry that are counted.
const MOST_USES: u8 = 3;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    Out,
    Small,
    Main,
    /// A ghost.
    Ghost,
}

#[derive(Debug)]
pub(crate) struct S3Fifo {
    capacity: usize,
    small_capacity: usize,
    links: Links,
    small: List,
    main: List,
    ghosts: List,
    places: Vec<Place>,
    uses: Vec<u8>,
}

impl S3Fifo {
    pub(crate) fn new(unique: usize, capacity: usize) -> Self {
        S3Fifo {
            capacity,
            small_capacity: (capacity / 10).max(1),
            links: Links::new(unique),
            small: List::default(),
            main: List::default(),
            ghosts: List::default(),
            places: vec![Place::Out; unique],
            uses: vec![0; unique],
        }
    }

    fn main_capacity(&self) -> usize {
        self.capacity - self.small_capacity
    }

    fn evict(&mut self) {
        if self.small.len >= self.small_capacity || self.main.len == 0 {
            while let Some(oldest) = self.links.pop(&mut self.small) {
                if self.uses[oldest as usize] < 2 {
                    self.remember(oldest);
                    return;
                }
                self.uses[oldest as usize] = 0;
                self.places[oldest as usize] = Place::Main;
                self.links.push(&mut self.main, oldest);
                if self.main.len > self.main_capacity() {
                    break;
                }
            }
        }
        self.evict_from_main();
    }

    fn evict_from_main(&mut self) {
        while let Some(oldest) = self.links.pop(&mut self.main) {
            if self.uses[oldest as usize] == 0 {
                self.places[oldest as usize] = Place::Out;
                return;
            }
            self.uses[oldest as usize] -= 1;
            self.links.push(&mut self.main, oldest);
        }
    }

    /// Makes a ghost of an entry. There are as many ghosts as main has entries.
    fn remember(&mut self, key: u32) {
        self.places[key as usize] = Place::Ghost;
        self.links.push(&mut self.ghosts, key);
        if self.ghosts.len > self.main_capacity()
            && let Some(oldest) = self.links.pop(&mut self.ghosts)
        {
            self.places[oldest as usize] = Place::Out;
        }
    }
}

impl Model for S3Fifo {
    fn access(&mut self, key: u32) -> bool {
        let index = key as usize;
        let place = self.places[index];
        if matches!(place, Place::Small | Place::Main) {
            self.uses[index] = (self.uses[index] + 1).min(MOST_USES);
            return true;
        }
        if place == Place::Ghost {
            self.links.unlink(&mut self.ghosts, key);
            self.places[index] = Place::Out;
        }
        while self.len() >= self.capacity {
            self.evict();
        }
        self.uses[index] = 0;
        if place == Place::Ghost {
            self.places[index] = Place::Main;
            self.links.push(&mut self.main, key);
        } else {
            self.places[index] = Place::Small;
            self.links.push(&mut self.small, key);
        }
        false
    }

    fn len(&self) -> usize {
        self.small.len + self.main.len
    }
}
