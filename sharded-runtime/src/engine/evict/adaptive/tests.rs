use super::{
    Adaptive, Eviction, FieldContext, Hooks, LINES, NEVER, OwnHooks, SLOTS, Time, Word, Words,
    candidates::Candidates,
    common::{Common, ENTRY, Purse},
    ring::Ring,
    words::{LINE, OLDEST},
};
use crate::{
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

    /// Returns whether it was a hit.
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
fn its_counts_are_exact_after_any_operations() {
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
fn a_part_of_a_loop_stays() {
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
fn ghosts_follow_the_entries_without_a_known_capacity() {
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
fn a_search_finds_the_same_as_a_look_at_each_slot() {
    let mut dice = Dice(5);
    let mut byte = |most: u16| u16::try_from(dice.below(most.into())).expect("small");
    for lines in (1..=u32::try_from(LINES).expect("few")).cycle().take(2000) {
        let now = Time { tick: byte(256), tau: byte(127) };
        let mut words = Words::default();
        let slots = lines * SLOTS;
        words.vacate(slots - 1);
        for slot in 0..slots {
            if byte(3) == 0 {
                continue;
            }
            words.enter(slot, Time { tick: now.tick.wrapping_sub(byte(OLDEST)) & 0xff, tau: 126 }, byte(64));
            if byte(2) == 0 {
                words.promote(slot);
            }
            if byte(2) == 0 {
                let ago = byte(words.get(slot).age(now) + 1);
                words.used(slot, Time { tick: now.tick.wrapping_sub(ago) & 0xff, tau: byte(127) });
            }
        }
        let entries = |words: &Words| (0..slots).map(|slot| words.get(slot)).filter(|word| !word.is_vacant()).collect();
        let before: Vec<Word> = entries(&words);
        let all: Vec<_> = (0..lines).collect();
        let mut found = Candidates::default();
        let seen = found.search(&mut words, &all, now);
        let count = |is: &dyn Fn(&&Word) -> bool| u32::try_from(before.iter().filter(is).count()).expect("few");
        assert_eq!(seen.entries, count(&|_| true));
        assert_eq!(seen.old, count(&|word| word.age(now) > now.tau));
        assert_eq!(seen.late, count(&|word| word.is_late()));
        let best =
            |is_window| before.iter().filter(|word| word.is_window() == is_window).map(|word| word.score(now)).max();
        assert_eq!(found.oldest(&words, now).map(|(_, word)| word.score(now)), best(true));
        assert_eq!(found.overdue(&words, now).map(|(_, word)| word.score(now)), best(false));
        // What is counted is so once, and nothing else has changed.
        assert!(entries(&words).iter().zip(&before).all(|(after, word)| after.score(now) == word.score(now)));
        assert_eq!(found.search(&mut words, &all, now).late, 0);
    }
}

#[test]
fn candidates_that_were_used_are_passed_over() {
    let mut words = Words::default();
    let at = |tick| Time { tick, tau: 16 };
    for slot in 0..20 {
        words.enter(slot, at(u16::try_from(slot).expect("few")), NEVER);
    }
    let mut found = Candidates::default();
    found.search(&mut words, &[0], at(40));
    for slot in 0..8 {
        assert_eq!(found.oldest(&words, at(40)).map(|(slot, _)| slot), Some(slot));
        match slot % 3 {
            0 => words.used(slot, at(40)),
            1 => words.promote(slot),
            _ => _ = words.vacate(slot),
        }
    }
    assert!(found.oldest(&words, at(40)).is_none());
    assert!(found.overdue(&words, at(40)).is_none());
}

#[test]
fn old_entries_stay_old() {
    let mut words = Words::default();
    words.enter(3, Time { tick: 0, tau: 16 }, 5);
    for tick in (0..3000).step_by(50) {
        let time = Time { tick: tick & 0xff, tau: 16 };
        Candidates::default().search(&mut words, &[0], time);
        assert_eq!(words.get(3).age(time), tick.min(OLDEST), "after {tick}");
    }
    assert_eq!(words.get(3).reuse(), Some(10));
}

#[test]
fn a_use_is_noted_once_per_tick() {
    let mut words = Words::default();
    let at = |tick| Time { tick, tau: 16 };
    words.enter(3, at(250), NEVER);
    words.used(3, at(4));
    assert_eq!((words.get(3).reuse(), words.get(3).age(at(5))), (Some(10), 1));
    words.used(3, at(4));
    assert_eq!(words.get(3).reuse(), Some(10));
    words.promote(3);
    for (tick, weight) in [(5, 4), (5, 4), (6, 2), (6, 2), (7, 1), (8, 1)] {
        // Under either lock it is the same.
        let used = if tick % 2 == 0 { Words::used } else { Words::used_exclusive };
        used(&words, 3, at(tick));
        assert_eq!(words.get(3).score(at(tick + 9)), 10 * weight, "at {tick}");
    }
    assert!(!words.get(3).is_late());
    words.used(3, at(25));
    assert!(words.get(3).is_late());
    words.used(3, at(26));
    assert!(words.get(3).is_late());
}

#[test]
fn the_ring_has_the_latest() {
    let (mut ring, mut model) = (Ring::default(), VecDeque::new());
    let mut dice = Dice(2);
    for n in 0..5000 {
        // It grows when its end is reached; until then the oldest may go early.
        let most = 16 + n / 50;
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
fn tau_settles_where_old_entries_equal_young_ghosts() {
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
    assert_eq!(common.target(-1), 32 * ENTRY + 27 * ENTRY / 2);
    assert_eq!(common.target(10_000), 3168 * ENTRY);
    // In a small cache a vote counts for the same part of it as in one of 128 entries.
    let few = Common::new(Some(8), 1);
    few.tell(&mut Purse { votes: 32, ..Purse::default() });
    assert_eq!(few.target(0), 4 * ENTRY);
}

/// Entries leave dense parts of the table sooner than sparse ones, though all are equally old: no part of it runs empty
/// or full.
#[test]
fn entries_stay_spread() {
    const SEEDS: u64 = 8;
    let (mut fewest, mut most) = (0, 0);
    for seed in 1..=SEEDS {
        let mut shard = Shard::new(1500);
        // Which slot an entry gets is drawn, so a line that is full for long is one that few leave.
        shard.dice = Dice(seed << 32);
        for key in 0..100_000 {
            shard.access(seed << 32 | key);
        }
        let lines = shard.keys.chunks_exact(LINE).map(|line| line.iter().flatten().count());
        let mut lines: Vec<_> = lines.collect();
        lines.sort_unstable();
        fewest += lines[lines.len() / 20] as u64;
        most += lines[lines.len() * 19 / 20] as u64;
    }
    // On average 13.5 and 29.5.
    let is_spread = 2 * fewest >= 27 * SEEDS && 2 * most <= 59 * SEEDS;
    assert!(is_spread, "in {SEEDS} tables, the 5 in a hundred lines that have least and most: {fewest}, {most}");
}

#[test]
fn the_slots_of_the_next_search_are_known() {
    let mut shard = Shard::new(1000);
    (0..3000).for_each(|key| _ = shard.access(key));
    let mut searches = 0;
    for key in 3000..3100 {
        let ranges = (0..).map(|nth| OwnHooks.looks_at(&mut shard.eviction, nth)).take_while(|range| !range.is_empty());
        let slots: Vec<u32> =
            ranges.flatten().filter(|&slot| shard.keys.get(slot as usize).is_some_and(Option::is_some)).collect();
        let seen = shard.eviction.purse.seen;
        shard.access(key);
        if shard.eviction.purse.misses > 1 && !slots.is_empty() {
            searches += 1;
            assert_eq!(shard.eviction.purse.seen - seen, u32::try_from(slots.len()).expect("few"));
        }
    }
    assert!(searches > 5, "{searches} searches");
}
