//! Values that count themselves, so that a test detects one that is lost or dropped twice.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// The numbers of values that were made, that are alive, and that were alive at most.
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

    /// Makes a value that this ledger counts.
    pub fn value(&self, number: u64) -> Counted {
        self.0.made.fetch_add(1, Ordering::SeqCst);
        let before = self.0.alive.fetch_add(1, Ordering::SeqCst);
        self.0.most.fetch_max(before + 1, Ordering::SeqCst);
        Counted { number, ledger: self.clone(), is_dropped: false }
    }

    pub fn made(&self) -> usize {
        self.0.made.load(Ordering::SeqCst)
    }

    /// The number of live values.
    pub fn alive(&self) -> usize {
        self.0.alive.load(Ordering::SeqCst)
    }

    /// The largest number of values that were alive at once.
    pub fn most(&self) -> usize {
        self.0.most.load(Ordering::SeqCst)
    }
}

/// A value that a [`Ledger`] counts, however it is made and dropped.
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
