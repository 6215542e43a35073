use super::{
    Adaptive, Eviction, FieldContext, Hooks, LINE, LINES, OwnHooks, Time,
    common::{Common, Purse},
    ring::Ring,
    words::{OLDEST, Words},
};
use crate::{
    evict::ghosts::Ghosts,
    hasher::{KeyHash, LowHash},
    memory::arena::Heap,
};
use std::collections::{HashMap, VecDeque};

/// Steele, Lea and Flood's `SplitMix64`.
fn mix(n: u64) -> u64 {
    let n = n.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let n = (n ^ (n >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    n ^ (n >> 31)
}

/// The hash of a key.
fn low(key: u64) -> LowHash {
    KeyHash::from_bits(mix(key)).low()
}

struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 += 1;
        usize::try_from(mix(self.0) % most as u64).expect("below")
    }
}

/// A shard that knows of its entries only their keys, in slots of which about two thirds are taken.
struct Shard {
    eviction: Adaptive,
    slots: HashMap<u64, u32>,
    keys: Vec<Option<u64>>,
    dice: Dice,
    capacity: usize,
}

impl Shard {
    fn new(capacity: usize) -> Self {
        Shard::of(&FieldContext::new(Some(capacity), 1), capacity)
    }

    fn of(field: &FieldContext, capacity: usize) -> Self {
        let mut eviction = Adaptive::default();
        OwnHooks.init(&mut eviction, &Heap::default(), field);
        let keys = vec![None; capacity * 3 / 2 + 4];
        Shard { eviction, slots: HashMap::new(), keys, dice: Dice(1), capacity }
    }

    fn vacant(&mut self) -> u32 {
        let mut slot = self.dice.below(self.keys.len());
        while self.keys[slot].is_some() {
            slot = (slot + 1) % self.keys.len();
        }
        u32::try_from(slot).expect("few")
    }

    fn remove(&mut self, slot: u32) {
        self.eviction.removed(slot);
        let key = self.keys[slot as usize].take().expect("an entry");
        self.slots.remove(&key);
    }

    fn evict(&mut self) -> Option<u64> {
        let slot = self.eviction.victim()?;
        let key = self.keys[slot as usize].expect("a victim is an entry");
        OwnHooks.evicted(&mut self.eviction, slot, low(key));
        self.remove(slot);
        Some(key)
    }

    /// Says whether it was a hit.
    fn access(&mut self, key: u64) -> bool {
        if let Some(&slot) = self.slots.get(&key) {
            self.eviction.hit(slot);
            return true;
        }
        OwnHooks.missed(&mut self.eviction, low(key));
        if self.slots.len() == self.capacity {
            self.evict().expect("one leaves");
        }
        let slot = self.vacant();
        self.keys[slot as usize] = Some(key);
        self.slots.insert(key, slot);
        self.eviction.inserted(slot);
        false
    }

    fn check(&self) {
        let words = (0..).take(self.keys.len()).map(|slot| (slot, self.eviction.words.get(slot)));
        let mut window = 0;
        for (slot, word) in words {
            assert_eq!(word.is_vacant(), self.keys[slot as usize].is_none(), "slot {slot}");
            window += u32::from(word.is_window());
        }
        assert_eq!(self.eviction.window, window);
        assert_eq!(self.eviction.len as usize, self.slots.len());
    }
}

#[test]
fn what_it_counts_is_there_whatever_happens() {
    for capacity in [1, 2, 10, 40, 500] {
        let mut shard = Shard::new(capacity);
        let mut dice = Dice(7);
        for step in 0..20_000 {
            let taken = u32::try_from(dice.below(shard.keys.len())).expect("few");
            let is_taken = shard.keys[taken as usize].is_some();
            match dice.below(20) {
                0 if is_taken => shard.remove(taken),
                1 if is_taken => {
                    let to = shard.vacant();
                    shard.eviction.moved(taken, to);
                    let key = shard.keys[taken as usize].take().expect("an entry");
                    shard.keys[to as usize] = Some(key);
                    shard.slots.insert(key, to);
                }
                2 if dice.below(20) == 0 => _ = shard.evict(),
                3 if dice.below(500) == 0 => {
                    while let Some(slot) = shard.slots.values().next().copied() {
                        shard.remove(slot);
                    }
                    shard.eviction.shrink_to(0);
                    assert_eq!(shard.eviction.victim(), None);
                }
                _ => _ = shard.access(mix(dice.below(2 * capacity) as u64)),
            }
            if step % 50 == 0 {
                shard.check();
            }
        }
        shard.check();
    }
}

#[test]
fn a_loop_keeps_a_part_of_itself_in() {
    for capacity in [20, 100, 1000] {
        let mut shard = Shard::new(capacity);
        let all = capacity * 11 / 10;
        (0..all * 20).for_each(|n| _ = shard.access((n % all) as u64));
        let hits = (0..all * 20).filter(|n| shard.access((n % all) as u64)).count();
        // What the most recently used order would hit.
        let most = all * 20 * (capacity - 1) / (all - 1);
        assert!(hits * 10 > most * 8, "{hits} of {most} with {capacity}");
    }
}

#[test]
fn a_range_that_slides_is_followed() {
    for capacity in [100, 1000] {
        let mut shard = Shard::new(capacity);
        let mut dice = Dice(3);
        let (mut hits, steps) = (0, capacity * 100);
        // The least recently used order would hit all but the newest key of the range, each 20th time.
        for n in 0..steps {
            hits += usize::from(shard.access((n / 20 + dice.below(capacity * 9 / 10)) as u64));
        }
        assert!(hits * 100 > steps * 88, "{hits} of {steps} with {capacity}");
    }
}

/// What is used now and then stays while keys pass that come once.
#[test]
fn a_scan_passes_through() {
    let mut shard = Shard::new(1000);
    let mut dice = Dice(3);
    let mut hits = 0;
    for n in 0..100_000 {
        let is_hit = shard.access(dice.below(800) as u64);
        hits += usize::from(is_hit && n >= 50_000);
        shard.access(1_000_000 + n);
        shard.access(2_000_000 + n);
    }
    assert!(hits > 47_000, "{hits} of 50000");
}

#[test]
fn shards_learn_together() {
    let field = FieldContext::new(Some(2000), 2);
    let (mut one, mut other) = (Shard::of(&field, 1000), Shard::of(&field, 1000));
    let at_first = other.eviction.common.target(0);
    let mut dice = Dice(3);
    for n in 0..100_000 {
        one.access((n / 20 + dice.below(900)) as u64);
        other.access(n as u64 % 500);
    }
    assert!(other.eviction.common.target(0) > 4 * at_first);
    assert!(one.eviction.common.tick() > 1);
    one.eviction.tell();
    other.eviction.tell();
    assert_eq!(one.eviction.common.entries(), 1500);
    drop(one);
    assert_eq!(other.eviction.common.entries(), 500);
}

/// With a capacity that is not in entries, there are from one to two ghosts per entry.
#[test]
fn ghosts_follow_the_entries_where_the_capacity_does_not_tell() {
    let mut shard = Shard::of(&FieldContext::new(None, 1), 1000);
    (0..5000).for_each(|key| _ = shard.access(key));
    assert_eq!(shard.eviction.ghosts.slots(), 1024);
    assert!(shard.eviction.common.size() > 900);
    for key in 4000..5000 {
        if let Some(&slot) = shard.slots.get(&key) {
            shard.remove(slot);
        }
    }
    shard.check();
    for _ in 0..20 {
        shard.eviction.shrink_to(shard.keys.len());
    }
    let len = u64::from(shard.eviction.len);
    assert!(shard.eviction.ghosts.slots() <= (len * 4).max(8));
}

#[test]
fn a_line_is_seen_as_its_slots_are_one_by_one() {
    let mut dice = Dice(5);
    for _ in 0..2000 {
        let time = Time {
            tick: dice.below(256).try_into().expect("a byte"),
            tau: dice.below(127).try_into().expect("a byte"),
        };
        let (mut line, mut slots) = (Words::default(), Words::default());
        let (mut entries, mut in_all) = (0, [0; 32]);
        for slot in 0..32 {
            let entered = Time { tick: dice.below(256).try_into().expect("a byte"), tau: 0 };
            let (reuse, uses) = (dice.below(64).try_into().expect("a byte"), dice.below(5));
            if dice.below(3) == 0 {
                continue;
            }
            entries += 1;
            in_all[slot as usize] = uses + (uses + 1) % 2;
            for words in [&mut line, &mut slots] {
                words.enter(slot, entered, reuse);
                if uses < 4 {
                    words.promote(slot);
                    for _ in 0..uses {
                        words.mark(slot);
                        words.look_at(slot, entered);
                    }
                }
                if uses % 2 == 0 {
                    words.mark(slot);
                }
            }
        }
        if line.lines() == 0 {
            continue;
        }
        let seen = line.look(0, time, 0);
        assert_eq!(seen.entries, entries);
        let (mut old, mut late) = (0, 0);
        let (mut window, mut main) = ((0, 0), (0, 0));
        for slot in 0..32 {
            if slots.get(slot).is_vacant() {
                assert!(line.get(slot).is_vacant());
                continue;
            }
            let (is_old, is_late) = slots.look_at(slot, time);
            (old, late) = (old + u16::from(is_old), late + u16::from(is_late));
            let word = slots.get(slot);
            if word.is_window() {
                window = window.max((word.age(time) + 1, slot as usize));
            } else {
                main = main.max((word.age(time) * (8 >> in_all[slot as usize].min(3)) + 1, slot as usize));
            }
            assert_eq!(format!("{word:?}"), format!("{:?}", line.get(slot)));
        }
        assert_eq!((seen.old, seen.late), (old, late));
        let found = [seen.window(), seen.main()].map(|(score, place)| if score == 0 { (0, 0) } else { (score, place) });
        assert_eq!(found, [window, main]);
    }
}

#[test]
fn what_is_old_stays_old() {
    let mut words = Words::default();
    words.enter(3, Time { tick: 0, tau: 16 }, 5);
    for tick in (0..3000).step_by(50) {
        let time = Time { tick: tick & 0xff, tau: 16 };
        words.look(0, time, 9);
        assert_eq!(words.get(3).age(time), tick.min(OLDEST), "after {tick}");
    }
    assert_eq!(words.get(3).reuse(), Some(10));
}

#[test]
fn a_ghost_is_found_once() {
    let mut ghosts = Ghosts::new(&Heap::default(), 50);
    (0..50).for_each(|_| ghosts.grow(1000));
    for n in 0..100 {
        ghosts.put(low(n), 40, 8);
    }
    let found = (0..100).filter(|&n| ghosts.take(low(n), 60, 20).age == Some(28)).count();
    assert!(found > 90, "{found}");
    assert!((0..100).all(|n| ghosts.take(low(n), 60, 20).age.is_none()));
    // The one that is gone for longest makes room.
    let mut ghosts = Ghosts::new(&Heap::default(), 1);
    ghosts.grow(1000);
    for n in 0..9 {
        ghosts.put(low(n), 40 + 2 * n, 0);
    }
    assert_eq!(ghosts.take(low(0), 60, 20).age, None);
    let found = ghosts.take(low(8), 60, 20);
    assert_eq!((found.age, found.young), (Some(4), 8));
}

#[test]
fn the_ring_has_the_latest() {
    let (mut ring, mut model) = (Ring::default(), VecDeque::new());
    let mut dice = Dice(2);
    for n in 0..5000 {
        // It grows when its end is reached; until then the oldest may go early.
        let most = 16 + n as usize / 50;
        ring.push(n, most);
        model.push_back(n);
        if dice.below(3) == 0 {
            ring.pop();
        }
        while model.front() != ring.front().as_ref() {
            model.pop_front();
        }
    }
    assert!(!model.is_empty());
    while let Some(front) = ring.front() {
        assert_eq!(model.pop_front(), Some(front));
        ring.pop();
    }
    assert!(model.is_empty());
}

#[test]
fn tau_goes_where_as_many_are_older_as_ghosts_are_younger() {
    let common = Common::new(Some(3200), 1);
    common.more_ghosts(4800);
    let purse = |old, young| Purse { misses: 100, seen: 1000, old, ghosts_seen: 1000, young, entries: 0, votes: 0 };
    common.tell(&mut Purse { entries: 3200, ..Purse::default() });
    common.tell(&mut purse(900, 0));
    assert_eq!((common.tick(), common.tau()), (2, 20));
    for _ in 0..100 {
        common.tell(&mut purse(0, 900));
    }
    assert_eq!(common.tau(), 1);
    common.tell(&mut Purse { votes: 10, ..Purse::default() });
    assert_eq!(common.target(-1), 64 + 27);
    assert_eq!(common.target(10_000), 6336);
}

/// Entries leave dense parts of the table sooner than sparse ones, though all are equally old: no part of it runs empty or full.
#[test]
fn entries_stay_spread() {
    let mut shard = Shard::new(1500);
    // Which slot an entry gets is drawn, so a line that is full for long is one that few leave.
    for key in 0..200_000 {
        shard.access(key);
    }
    let lines = shard.keys.chunks_exact(LINE).map(|line| line.iter().flatten().count());
    let (mut counts, mut lines): (Vec<_>, Vec<_>) = (Vec::new(), lines.collect());
    lines.sort_unstable();
    counts.extend([lines[lines.len() / 20], lines[lines.len() * 19 / 20]]);
    assert!(counts[0] >= 13 && counts[1] <= 28, "the 5 in a hundred that have least and most: {counts:?}");
}

#[test]
fn the_slots_to_be_looked_at_are() {
    let mut shard = Shard::new(1000);
    (0..3000).for_each(|key| _ = shard.access(key));
    for _ in 0..100 {
        let ranges = (0..).map(|nth| OwnHooks.looks_at(&mut shard.eviction, nth)).take_while(|range| !range.is_empty());
        let slots: Vec<u32> =
            ranges.flatten().filter(|&slot| shard.keys.get(slot as usize).is_some_and(Option::is_some)).collect();
        assert!(slots.len() <= LINES * LINE && slots.len() > LINE / 2);
        for &slot in &slots {
            shard.eviction.hit_mut(slot);
        }
        shard.eviction.sample(LINES);
        let tick = shard.eviction.time();
        assert!(slots.iter().all(|&slot| shard.eviction.words.get(slot).age(tick) == 0));
    }
}
