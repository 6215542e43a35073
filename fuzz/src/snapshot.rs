//! Bytes as a snapshot that a store restores.

use crc32fast::Hasher;
use sharded::{
    sharded,
    snapshot::{FORMAT_VERSION, Snapshot as _},
};
use std::collections::{BTreeMap, HashMap, HashSet};

/// Short names, which a fuzzer finds sooner.
#[sharded(snapshot, ttl = "1h", shards = 2)]
#[allow(dead_code, reason = "most fields are only visited")]
struct Store {
    m: HashMap<u8, (String, Option<u64>)>,
    /// Not in the file.
    #[shard(index_of = m, key = name_of)]
    m_by_name: HashMap<String, u8>,
    #[shard(index_of = m, key = group_of)]
    m_by_group: HashMap<bool, HashSet<u8>>,
    #[shard(idle = "1m", capacity = 4, evict = Reject)]
    s: HashSet<Vec<u8>>,
    #[shard(lock = Optimistic, ttl = never, unbounded = "the fuzzer's inputs are small")]
    n: HashMap<i32, f64>,
    t: HashMap<bool, BTreeMap<String, Vec<char>>>,
}

/// A file may have two entries with one name. The index refuses one of them.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "what the function of an index is given")]
fn name_of(_: &u8, value: &(String, Option<u64>)) -> String {
    value.0.clone()
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "what the function of an index is given")]
fn group_of(_: &u8, value: &(String, Option<u64>)) -> Option<bool> {
    value.1.map(|number| number.is_multiple_of(2))
}

impl Store {
    fn len(&self) -> usize {
        self.m().len() + self.s().len() + self.n().len() + self.t().len()
    }

    /// The indexes of a restored map agree with its entries. One of these may expire at any time.
    fn check_indexes(&self) {
        for (key, value) in self.m().to_vec() {
            let (name, group) = (name_of(&key, &value), group_of(&key, &value));
            let is_found = self.m_by_name().key(&name) == Some(key)
                && group.is_none_or(|group| self.m_by_group().keys(&group).contains(&key));
            assert!(is_found || !self.m().contains_key(&key), "an index misses {key}");
        }
        assert_eq!(self.m_by_name().len(), self.m().len());
    }
}

/// Restores a store from these bytes: as they are, and with correct checksums, since bytes with wrong ones are refused
/// early.
///
/// # Panics
///
/// If a failed restore has changed the store, or if what a successful one restored can't be saved and restored again,
/// or is not what the indexes have.
pub fn load(bytes: &[u8]) {
    for file in [bytes, &framed(bytes)] {
        let store = Store::new();
        let Ok(loaded) = store.restore(file) else {
            assert_eq!(store.len(), 0, "a failed restore has changed the store");
            continue;
        };
        // The file may have a key twice.
        assert!(store.len() as u64 <= loaded.entries);
        store.check_indexes();
        let mut again = Vec::new();
        let saved = store.save(&mut again).expect("a vector takes all");
        let next = Store::new();
        let loaded = next.restore(&again[..]).expect("what was saved is loaded");
        assert_eq!((loaded.entries, next.len()), (saved, store.len()), "after a save and a load");
    }
}

/// A snapshot with these bytes in its frames.
pub(crate) fn framed(bytes: &[u8]) -> Vec<u8> {
    const FRAME: usize = 1 << 16;
    let mut file = b"\x8bshard\r\n".to_vec();
    file.extend(FORMAT_VERSION.to_le_bytes());
    let mut checksum = Hasher::new();
    checksum.update(&file);
    for frame in bytes.chunks(FRAME).chain([&[][..]]) {
        #[allow(clippy::cast_possible_truncation, reason = "64 KiB at most")]
        let length = (frame.len() as u32).to_le_bytes();
        checksum.update(&length);
        checksum.update(frame);
        file.extend(length);
        file.extend(frame);
        file.extend(checksum.clone().finalize().to_le_bytes());
    }
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The documented form, byte by byte: what the fuzzer changes is close to a saved file.
    #[test]
    fn a_file_put_together_by_hand_is_loaded() {
        let entry = |rest: &[u8]| [&[2], rest].concat();
        let bytes = [
            // m, with the time left: 1 is for ever. 7 => ("a", None).
            [&[1, 1, b'm', 1][..], &entry(&[1, 5, 7, 0x92, 0xa1, b'a', 0xc0]), &[3, 1]].concat(),
            // n, without times: 1 => 1.5.
            [&[1, 1, b'n', 0][..], &entry(&[10, 1, 0xcb, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0]), &[3, 1]].concat(),
            vec![0, 2],
        ];
        let store = Store::new();
        assert_eq!(store.restore(&framed(&bytes.concat())[..]).unwrap().entries, 2);
        assert_eq!(store.m().get(&7), Some(("a".to_owned(), None)));
        assert_eq!(store.m().ttl_of(&7), Some(std::time::Duration::MAX));
        assert_eq!(store.n().get(&1), Some(1.5));
        load(&bytes.concat());
    }

    /// A saved file has that form.
    #[test]
    fn what_is_saved_has_that_form() {
        let store = Store::new();
        store.n().insert(1, 1.5);
        let mut file = Vec::new();
        store.save(&mut file).unwrap();
        let bytes = [
            &[1, 1, b'm', 1, 3, 0][..],
            &[1, 1, b's', 3, 3, 0],
            &[1, 1, b'n', 0, 2, 10, 1, 0xcb, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0, 3, 1],
            &[1, 1, b't', 1, 3, 0],
            &[0, 4],
        ];
        assert_eq!(file, framed(&bytes.concat()));
    }

    /// Every change of one byte of a correct file, and every truncation.
    #[test]
    fn what_is_near_to_a_file_does_no_harm() {
        let mut bytes =
            [1, 1, b'm', 1, 2, 1, 5, 7, 0x92, 0xa1, b'a', 0xc0, 3, 1, 1, 1, b's', 3, 2, 9, 9, 2, 0x91, 5, 3, 1, 0, 2];
        load(&bytes);
        for at in 0..bytes.len() {
            load(&bytes[..at]);
            let right = bytes[at];
            for other in 0..=u8::MAX {
                bytes[at] = other;
                load(&bytes);
            }
            bytes[at] = right;
        }
    }

    /// Of two entries with one name the index refuses the second.
    #[test]
    fn an_index_refuses_entries_of_a_file() {
        let entry = |key: u8| [2, 1, 5, key, 0x92, 0xa1, b'a', 0xc0];
        let bytes = [&[1, 1, b'm', 1][..], &entry(7), &entry(8), &[3, 2, 0, 1]].concat();
        let store = Store::new();
        let restored = store.restore(&framed(&bytes)[..]).unwrap();
        assert_eq!((restored.entries, restored.refused, store.m().len()), (1, 1, 1));
        assert_eq!(store.m_by_name().key("a"), Some(7));
        load(&bytes);
    }

    /// Great lengths cost no memory.
    #[test]
    fn lengths_are_not_believed() {
        let huge = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1];
        load(&[&[1][..], &huge].concat());
        load(&[&[1, 1, b'm', 1, 2, 1][..], &huge].concat());
        // In the entry itself: a string, an array and a map of four billion items.
        for marker in [0xdb, 0xdd, 0xdf, 0xc6] {
            for key in [&[][..], &[7], &[7, 0x92]] {
                let entry = [key, &[marker, 0xff, 0xff, 0xff, 0xff, 1]].concat();
                for field in *b"mst" {
                    load(
                        &[&[1, 1, field, 0, 2, u8::try_from(entry.len()).unwrap()][..], &entry, &[3, 1, 0, 1]].concat(),
                    );
                }
            }
        }
    }
}
