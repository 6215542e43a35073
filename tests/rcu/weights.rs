//! What has left counts in a capacity of bytes.

use super::{common::threads::must_end, join};
use sharded::sharded;
use std::{
    collections::HashMap,
    sync::{
        Arc, Barrier,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    thread,
};

const MIB: usize = 1 << 20;
const BLOB: usize = 4096;

/// The bytes of all blobs, and the most that they ever were.
#[derive(Debug, Default)]
struct Bytes {
    now: AtomicUsize,
    most: AtomicUsize,
}

#[derive(Debug)]
struct Blob {
    len: u32,
    all: Arc<Bytes>,
}

impl Blob {
    fn new(len: usize, all: &Arc<Bytes>) -> Self {
        let now = all.now.fetch_add(len, SeqCst) + len;
        all.most.fetch_max(now, SeqCst);
        Blob { len: u32::try_from(len).expect("a small blob"), all: Arc::clone(all) }
    }
}

impl Clone for Blob {
    fn clone(&self) -> Self {
        Blob::new(self.len as usize, &self.all)
    }
}

impl Drop for Blob {
    fn drop(&mut self) {
        self.all.now.fetch_sub(self.len as usize, SeqCst);
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "as a weigher is called")]
fn bytes_of(_: &u64, blob: &Blob) -> u32 {
    blob.len
}

#[sharded(lock = Rcu, shards = 2)]
struct Blobs {
    #[shard(capacity = "4MiB", weight = bytes_of)]
    all: HashMap<u64, Blob>,
}

/// What the caller has in hand, and one write of each of the two shards, beyond the capacity.
const BESIDE: usize = 6 * BLOB;

fn fill(blobs: &Blobs, bytes: &Arc<Bytes>) {
    for key in 0..3000 {
        blobs.all().insert(key, Blob::new(BLOB, bytes));
        match key % 3 {
            0 => drop(blobs.all().insert(key / 2, Blob::new(BLOB, bytes))),
            1 => _ = blobs.all().with_mut(&(key - 1), |blob| *blob = Blob::new(BLOB, bytes)),
            _ => drop(blobs.all().remove(&(key / 3))),
        }
    }
}

#[test]
fn entries_and_what_has_left_share_the_capacity() {
    let (bytes, blobs) = (Arc::new(Bytes::default()), Blobs::new());
    assert_eq!(blobs.all().capacity(), Some(4 * MIB));
    fill(&blobs, &bytes);
    let most = bytes.most.load(SeqCst);
    assert!(most <= 4 * MIB + BESIDE, "{most} bytes");
    assert!(most > 3 * MIB, "{most} bytes: it is full");
    drop(blobs);
    // The background thread may yet have to drop what it has taken out.
    must_end("the last drops", move || {
        while bytes.now.load(SeqCst) != 0 {
            thread::yield_now();
        }
    });
}

#[test]
fn a_reader_that_stays_does_not_exceed_it() {
    let (bytes, blobs) = (Arc::new(Bytes::default()), Blobs::new());
    blobs.all().insert(u64::MAX, Blob::new(BLOB, &bytes));
    let (begins, ends) = (Barrier::new(2), AtomicBool::new(false));
    thread::scope(|scope| {
        let (blobs, bytes, begins, ends) = (&blobs, &bytes, &begins, &ends);
        let reader = scope.spawn(move || {
            blobs.all().with(&u64::MAX, |_| {
                begins.wait();
                while !ends.load(SeqCst) {
                    thread::yield_now();
                }
            });
        });
        begins.wait();
        let writer = scope.spawn(move || fill(blobs, bytes));
        // The writer comes to the bound, and waits for the reader.
        let (mut last, mut unchanged) = (0, 0);
        while unchanged < 200 {
            thread::sleep(std::time::Duration::from_millis(1));
            let now = bytes.now.load(SeqCst);
            unchanged = if now == last { unchanged + 1 } else { 0 };
            last = now;
        }
        assert!(!writer.is_finished(), "{last} bytes");
        ends.store(true, SeqCst);
        join([reader, writer]);
    });
    let most = bytes.most.load(SeqCst);
    assert!(most <= 4 * MIB + BESIDE, "{most} bytes");
}

/// An entry that could not be stored in an empty map is not stored.
#[test]
fn the_largest_entry_fits_beside_what_has_left() {
    let (bytes, blobs) = (Arc::new(Bytes::default()), Blobs::new());
    blobs.all().insert(1, Blob::new(4 * MIB, &bytes));
    assert_eq!(blobs.all().len(), 0);
    blobs.all().insert(1, Blob::new(4 * MIB - 4 * MIB / 16, &bytes));
    assert_eq!(blobs.all().len(), 1);
}

/// Where entries are so heavy that a few exceed the share of those that have left, these few may still wait.
#[test]
fn a_few_heavy_entries_delay_no_writer() {
    let bytes = Arc::new(Bytes::default());
    let blobs = Arc::new(Blobs::new());
    blobs.all().insert(1, Blob::new(MIB, &bytes));
    must_end("five writes inside a reader", move || {
        let writer = Arc::clone(&blobs);
        blobs.all().with(&1, |_| {
            let write = move || (0..5).for_each(|_| drop(writer.all().insert(1, Blob::new(MIB, &bytes))));
            thread::spawn(write).join().expect("no panic");
        });
    });
}
