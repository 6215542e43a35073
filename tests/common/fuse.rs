//! Keys, values, a hasher and a clock that panic at a chosen run of their code.

use super::counted::{Counted, Ledger};
use sharded::clock::Clock;
use std::{
    cell::{Cell, RefCell},
    hash::{BuildHasher, Hash, Hasher},
};

thread_local! {
    /// The runs of user code before the one that panics.
    static FUSE: Cell<Option<u32>> = const { Cell::new(None) };
    static BAD_DROPS: Cell<bool> = const { Cell::new(false) };
    static NOW: Cell<u64> = const { Cell::new(0) };
    static LEDGER: RefCell<Ledger> = RefCell::new(Ledger::new());
}

/// Counts a run of user code, and panics if it is the chosen one.
pub fn step() {
    if let Some(left) = FUSE.get() {
        FUSE.set(left.checked_sub(1));
        assert!(left > 0, "{BURNT}");
    }
}

/// The same for a destructor.
fn drop_step() {
    if FUSE.get() == Some(0) {
        FUSE.set(None);
        panic!("{BURNT_IN_DROP}");
    }
    step();
}

const BURNT: &str = "the fuse has burnt down";
const BURNT_IN_DROP: &str = "the fuse has burnt down in a drop";

/// Where the fuse burnt down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Burnt {
    InDrop,
    Elsewhere,
}

/// Runs something in which the run of user code with this number, from zero, panics. `None` if there were fewer runs.
pub fn burns(number: u32, run: impl FnOnce()) -> Option<Burnt> {
    FUSE.set(Some(number));
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run));
    let has_burnt = FUSE.replace(None).is_none();
    match outcome.map_err(|panic| super::message(&*panic)) {
        Ok(()) => {
            assert!(!has_burnt, "a panic of user code did not come through");
            None
        }
        Err(message) if message == BURNT => Some(Burnt::Elsewhere),
        Err(message) if message == BURNT_IN_DROP => Some(Burnt::InDrop),
        Err(message) => panic!("another panic: {message}"),
    }
}

/// Runs something during which every drop of a value panics.
pub fn with_bad_drops<R>(run: impl FnOnce() -> R) -> std::thread::Result<R> {
    BAD_DROPS.set(true);
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run));
    BAD_DROPS.set(false);
    outcome
}

/// Sets the time of [`Ticks`] on this thread.
pub fn set_now(nanos: u64) {
    NOW.set(nanos);
}

/// The number of live keys and values of this thread.
pub fn alive() -> usize {
    LEDGER.with_borrow(Ledger::alive)
}

/// Forgets all values, and counts from zero again.
pub fn forget() {
    LEDGER.set(Ledger::new());
}

/// Counts a key or a value that is being made.
fn counted() -> Counted {
    LEDGER.with_borrow(|ledger| ledger.value(0))
}

/// A clock that shows the thread's time.
#[derive(Debug, Default)]
pub struct Ticks;
impl Clock for Ticks {
    const RUNS: bool = false;

    fn nanos(&self) -> u64 {
        step();
        NOW.get()
    }
}

/// A hasher without a seed: the hash is the key's number, which the map mixes.
#[derive(Debug, Default)]
pub struct Plain(u64);
impl BuildHasher for Plain {
    type Hasher = Plain;

    fn build_hasher(&self) -> Plain {
        step();
        Plain(0)
    }
}
impl Hasher for Plain {
    fn write(&mut self, _: &[u8]) {
        unreachable!("keys write numbers")
    }
    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
    fn finish(&self) -> u64 {
        step();
        self.0
    }
}

#[derive(Debug)]
pub struct Key(pub u64, Counted);

impl Key {
    pub fn new(number: u64) -> Self {
        Key(number, counted())
    }
}
impl PartialEq for Key {
    fn eq(&self, other: &Key) -> bool {
        step();
        self.0 == other.0
    }
}
impl Eq for Key {}
impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        step();
        state.write_u64(self.0);
    }
}
impl Clone for Key {
    fn clone(&self) -> Self {
        step();
        Key::new(self.0)
    }
}
impl Drop for Key {
    fn drop(&mut self) {
        drop_step();
    }
}

#[derive(Debug)]
pub struct Value(pub u64, Counted);

impl Value {
    pub fn new(number: u64) -> Self {
        Value(number, counted())
    }
}
impl Clone for Value {
    fn clone(&self) -> Self {
        step();
        Value::new(self.0)
    }
}
impl Drop for Value {
    fn drop(&mut self) {
        drop_step();
        assert!(!BAD_DROPS.get(), "a bad drop");
    }
}
