//! Values that count themselves, so that what is lost or dropped twice shows.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// How many values were made, how many of them are alive, and how many were at most.
#[derive(Clone, Debug, Default)]
pub struct Ledger(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    made: AtomicUsize,
    alive: AtomicUsize,
    most: AtomicUsize,
}

impl Ledger {
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes a value that is on this ledger.
    pub fn value(&self, number: u64) -> Counted {
        self.0.made.fetch_add(1, Ordering::SeqCst);
        let before = self.0.alive.fetch_add(1, Ordering::SeqCst);
        self.0.most.fetch_max(before + 1, Ordering::SeqCst);
        Counted { number, ledger: self.clone(), is_dropped: false }
    }

    pub fn made(&self) -> usize {
        self.0.made.load(Ordering::SeqCst)
    }

    /// How many values are alive.
    pub fn alive(&self) -> usize {
        self.0.alive.load(Ordering::SeqCst)
    }

    /// How many values were alive at once.
    pub fn most(&self) -> usize {
        self.0.most.load(Ordering::SeqCst)
    }
}

/// A value that is entered in a [`Ledger`], whichever way it is made and goes.
#[derive(Debug)]
pub struct Counted {
    pub number: u64,
    ledger: Ledger,
    is_dropped: bool,
}

impl Clone for Counted {
    fn clone(&self) -> Self {
        self.ledger.value(self.number)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        assert!(!self.is_dropped, "value {} is dropped twice", self.number);
        self.is_dropped = true;
        self.ledger.0.alive.fetch_sub(1, Ordering::SeqCst);
    }
}
