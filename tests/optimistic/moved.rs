//! A key that is never removed is found, also while the table grows during the search for it: the `Eq` of the key waits
//! for another thread that inserts.

use super::common::{
    hashers::Identity,
    policy::{Never, Of},
    threads::Dice,
};
use sharded::{ShardedMap, clock::System, evict::Unbounded, lock::Optimistic};
use std::{
    cell::{Cell, RefCell},
    hash::{Hash, Hasher},
    rc::Rc,
    sync::{Arc, mpsc},
    thread,
};

thread_local! {
    /// Comparisons on this thread until [`MEANWHILE`] runs.
    static COUNTDOWN: Cell<u32> = const { Cell::new(0) };
    static MEANWHILE: RefCell<Option<Box<dyn FnOnce()>>> = const { RefCell::new(None) };
}

/// A key whose comparison may take long.
#[derive(Clone, Copy, Debug)]
struct Slow(u64);

impl PartialEq for Slow {
    fn eq(&self, other: &Slow) -> bool {
        COUNTDOWN.set(COUNTDOWN.get().saturating_sub(1));
        if COUNTDOWN.get() == 0
            && let Some(meanwhile) = MEANWHILE.take()
        {
            meanwhile();
        }
        self.0 == other.0
    }
}
impl Eq for Slow {}
impl Hash for Slow {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0);
    }
}

/// So large that a bucket has one slot or two, and small tables have long chains.
type Large = [u64; 1024];
type Map = ShardedMap<Slow, Large, Of<Optimistic, Never, Unbounded, System, 1>, Identity>;

fn put_all(map: &Map, keys: &[u64]) {
    for &key in keys {
        map.insert(Slow(key), [key; 1024]);
    }
}

/// Plans in which a search misses the key if it ends behind the last bucket that it knows without a look at what has
/// changed meanwhile.
const MISSED: [u64; 3] = [2225, 3896, 5276];

/// What one search meets.
struct Plan {
    before: Vec<u64>,
    wanted: u64,
    /// At this comparison...
    at: u32,
    /// ...these are inserted.
    meanwhile: Vec<u64>,
}

impl Plan {
    fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let mut keys = |least, most| (0..least + dice.below(most)).map(|_| dice.next()).collect::<Vec<_>>();
        let (before, meanwhile) = (keys(2, 12), keys(1, 24));
        let wanted = before[usize::try_from(dice.below(before.len() as u64)).expect("an index")];
        let at = 1 + u32::try_from(dice.below(4)).expect("a small number");
        Plan { before, wanted, at, meanwhile }
    }
}

#[test]
fn what_is_there_is_found_while_the_table_grows() {
    let (work, works) = mpsc::channel::<(Arc<Map>, Vec<u64>)>();
    let (done, is_done) = mpsc::channel::<()>();
    let is_done = Rc::new(is_done);
    let writer = thread::spawn(move || {
        for (map, keys) in works {
            put_all(&map, &keys);
            let _ = done.send(());
        }
    });
    let mut disturbed = 0;
    for seed in MISSED.into_iter().chain(0..300) {
        let Plan { before, wanted, at, meanwhile } = Plan::new(seed);
        let map = Arc::new(Map::new());
        put_all(&map, &before);
        COUNTDOWN.set(at);
        MEANWHILE.set(Some(Box::new({
            let (work, is_done, map) = (work.clone(), Rc::clone(&is_done), Arc::clone(&map));
            move || {
                work.send((map, meanwhile)).expect("the writer waits for work");
                is_done.recv().expect("the writer ends no earlier");
            }
        })));
        assert!(map.contains_key(&Slow(wanted)), "plan {seed}");
        disturbed += u32::from(MEANWHILE.take().is_none());
    }
    drop(work);
    writer.join().expect("inserts do not panic");
    assert!(disturbed > 50, "{disturbed} searches were disturbed");
}
