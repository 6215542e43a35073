//! The recording of the uses of one map.

use super::{
    followed::Followed,
    missed,
    samples::{Operation, RecordedUse, Samples},
    timed::{self, Timed},
};
use crate::{FieldInfo, hasher::KeyHash, memory::sync::unmodelled::Mutex};
use std::{
    cell::Cell,
    ptr,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    time::{Duration, Instant},
};

/// The mean number of uses from one that is recorded to the next.
pub(super) const TURN: u32 = 256;
/// Threads share this many collections of samples.
const STRIPES: usize = 16;

thread_local! {
    /// The number of uses of recorded maps by this thread until the next one is recorded.
    static LEFT: Cell<u32> = const { Cell::new(TURN) };
    /// The number of this thread, or zero if it has none yet.
    static THREAD: Cell<usize> = const { Cell::new(0) };
    /// The state of the generator of intervals.
    static RANDOM: Cell<u64> = const { Cell::new(1) };
}

/// The declaration of a map, in words, and properties of its entries.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    pub(crate) info: FieldInfo,
    pub(crate) is_auto: bool,
    pub(crate) weighs: bool,
    pub(crate) ttl: Option<Duration>,
    pub(crate) idle: Option<Duration>,
    pub(crate) value_bytes: usize,
    /// Whether keys and values are `Copy`, as far as is known.
    pub(crate) copy: bool,
}

/// The uses of one map while they are recorded. Only the library makes one.
#[derive(Debug)]
pub struct Recording {
    is_on: AtomicBool,
    pub(super) followed: Followed,
    pub(super) facts: Facts,
    stripes: Box<[Mutex<Option<Samples>>; STRIPES]>,
}

impl Recording {
    pub(crate) fn new(facts: Facts) -> Self {
        Recording {
            is_on: AtomicBool::new(false),
            followed: Followed::new(),
            facts,
            stripes: Box::new([const { Mutex::new(None) }; STRIPES]),
        }
    }

    /// Counts a use, and returns whether it should be recorded.
    #[inline]
    pub(crate) fn is_due(&self, hash: KeyHash) -> bool {
        if !self.is_on.load(Relaxed) {
            return false;
        }
        let left = LEFT.get() - 1;
        LEFT.set(left);
        left == 0 || self.follows(hash)
    }

    /// Records a use that is due. `meets` returns whether another thread is in the shard. Returns whether to time the
    /// closure or loader of the use. That is so if it is recorded by its turn, so that a key with many uses does not
    /// count more often.
    #[cold]
    #[inline(never)]
    pub(crate) fn note(&self, operation: Operation, hash: KeyHash, shard: usize, meets: &dyn Fn() -> bool) -> bool {
        let is_turn = LEFT.get() == 0;
        if is_turn {
            LEFT.set(interval(hash));
        }
        let is_followed = self.follows(hash);
        let took =
            if is_followed && operation == Operation::Insert { missed::since(self.address(), hash) } else { None };
        self.with_samples(&mut |samples, thread| {
            let at = u32::try_from(samples.began.elapsed().as_millis()).unwrap_or(u32::MAX);
            let noted = RecordedUse::new(operation, hash, at);
            if is_turn {
                samples.take(noted, shard, meets(), thread);
            }
            if is_followed {
                samples.follow(noted, &self.followed);
            }
            if let Some(took) = took {
                samples.misses.take(took);
            }
        });
        is_turn
    }

    /// Identifies this recording among those that exist now.
    fn address(&self) -> usize {
        ptr::from_ref(self).addr()
    }

    /// Whether every use of a key with this hash is recorded.
    #[inline]
    fn follows(&self, hash: KeyHash) -> bool {
        self.followed.has(hash)
    }

    /// Records whether a read has found an entry.
    pub(crate) fn note_found(&self, hash: KeyHash, is_found: bool) {
        if self.follows(hash) {
            missed::note(self.address(), hash, !is_found);
        }
    }

    /// Records the time since `began`.
    #[cold]
    #[inline(never)]
    pub(crate) fn note_time(&self, timed: Timed, began: Instant) {
        let nanos = timed::nanos_since(began);
        self.with_samples(&mut |samples, _| match timed {
            Timed::Hold => samples.holds.take(nanos),
            Timed::Miss => samples.misses.take(nanos),
        });
    }

    /// Calls a closure with the samples of this thread and its number, while recording. If another thread has them,
    /// this sample is dropped without waiting.
    fn with_samples(&self, lend: &mut dyn FnMut(&mut Samples, usize)) {
        let thread = thread_number();
        if let Some(mut samples) = self.stripes[thread % STRIPES].try_lock()
            && let Some(samples) = &mut *samples
        {
            lend(samples, thread);
        }
    }

    /// Starts again, for a map with this many shards and this capacity.
    pub(super) fn start(&self, shards: usize, capacity: Option<usize>) {
        let began = Instant::now();
        self.followed.start(capacity);
        for stripe in &*self.stripes {
            *stripe.lock() = Some(Samples::new(began, shards));
        }
        self.is_on.store(true, Relaxed);
    }

    /// Calls `look` with all samples so far. Recording continues.
    pub(super) fn look<R>(&self, mut look: impl FnMut(&Samples) -> R) -> Vec<R> {
        self.stripes.iter().filter_map(|stripe| stripe.lock().as_ref().map(&mut look)).collect()
    }

    pub(super) fn stop(&self) {
        self.is_on.store(false, Relaxed);
        for stripe in &*self.stripes {
            *stripe.lock() = None;
        }
    }
}

/// The number of uses until the next one is recorded. It is random, because at a fixed interval the same use of a
/// periodic program could be recorded each time.
fn interval(hash: KeyHash) -> u32 {
    // Knuth's MMIX generator. Its upper bits are the better ones.
    let random =
        (RANDOM.get() ^ hash.bits()).wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    RANDOM.set(random);
    let drawn = u32::try_from(random >> 33).unwrap_or(0);
    1 + drawn % (2 * TURN - 1)
}

#[cold]
fn thread_number() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(1);
    if THREAD.get() == 0 {
        THREAD.set(NEXT.fetch_add(1, Relaxed));
    }
    THREAD.get()
}

#[cfg(test)]
mod tests {
    use super::{Facts, FieldInfo, KeyHash, Operation, RecordedUse, Recording};

    fn recording(capacity: Option<usize>) -> Recording {
        let facts = Facts {
            info: FieldInfo { description: "", lock: "Mutex", eviction: "Unbounded", placement: "Spread" },
            is_auto: false,
            weighs: false,
            ttl: None,
            idle: None,
            value_bytes: 8,
            copy: true,
        };
        let recording = Recording::new(facts);
        recording.start(1, capacity);
        recording
    }

    fn use_key(recording: &Recording, hash: KeyHash) {
        if recording.follows(hash) {
            recording.note(Operation::Get, hash, 0, &|| false);
        }
    }

    fn followed(recording: &Recording) -> Vec<RecordedUse> {
        recording.look(|samples| samples.by_key.clone()).concat()
    }

    /// The hash of one of the keys that are followed longest.
    fn of_last(number: u64) -> KeyHash {
        KeyHash::from_bits(number << 48)
    }

    #[test]
    fn a_popular_key_is_not_followed_for_ever() {
        let recording = recording(None);
        let popular = KeyHash::from_bits(1 << (24 + 9));
        for number in 0..200_000 {
            use_key(&recording, popular);
            if number % 100 == 0 {
                use_key(&recording, of_last(number / 100));
            }
        }
        assert!(!recording.follows(popular));
        assert!(recording.follows(of_last(1)));
        // The others are there from beginning to end.
        let keys: Vec<u32> = followed(&recording).iter().map(|used| used.key).collect();
        let popular_key = RecordedUse::new(Operation::Get, popular, 0).key;
        let others: Vec<u32> = keys.into_iter().filter(|&key| key != popular_key).collect();
        assert!(others.iter().copied().eq((0..2000).map(|number| number << 16)));
    }

    #[test]
    fn following_ends() {
        for (capacity, one_in) in [(None, 1 << 16), (Some(100), 256), (Some(1 << 18), 1 << 10)] {
            let recording = recording(capacity);
            for number in 0..100_000 {
                use_key(&recording, of_last(1 + number % 1000));
            }
            assert!(!recording.follows(of_last(1)));
            assert_eq!(followed(&recording).len(), 1 << 16);
            assert_eq!(1 << recording.followed.least_rank(), one_in);
            recording.start(1, capacity);
            assert!(recording.follows(of_last(1)) && recording.follows(KeyHash::from_bits(1 << (24 + 8))));
        }
    }
}
