//! The keys that one index key has.

#![allow(unreachable_pub, reason = "in the bound of a public method")]

use crate::hasher::LowHash;
use smallvec::SmallVec;
use std::{
    collections::{BTreeMap, btree_map},
    mem,
    ops::Bound,
};

/// The most keys that lie in a row. More lie in a tree, so that no change takes long.
const FEW: usize = 16;

/// Keys, each once.
#[allow(missing_debug_implementations, reason = "nobody gets one")]
pub enum KeyList<K> {
    Few(SmallVec<[(u32, K); 1]>),
    /// By their hashes, and how many there are.
    Many(BTreeMap<u32, SmallVec<[K; 1]>>, usize),
}

/// The hash after which a list goes on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct After(u32);

impl<K: Eq> KeyList<K> {
    /// A list of one key.
    pub(super) fn of(hash: LowHash, key: K) -> Self {
        KeyList::Few(SmallVec::from_buf([(hash.bits(), key)]))
    }

    pub(super) fn len(&self) -> usize {
        match self {
            KeyList::Few(few) => few.len(),
            KeyList::Many(_, len) => *len,
        }
    }

    /// Bytes that it owns, approximately.
    pub(super) fn owned(&self) -> usize {
        match self {
            KeyList::Few(few) if few.spilled() => few.capacity() * size_of::<(u32, K)>(),
            KeyList::Few(_) => 0,
            // The nodes of a tree are about three quarters full.
            KeyList::Many(_, len) => len * size_of::<(u32, SmallVec<[K; 1]>)>() * 4 / 3,
        }
    }

    /// Adds a key, unless it is there.
    pub(super) fn add(&mut self, hash: LowHash, key: &K)
    where
        K: Clone,
    {
        let hash = hash.bits();
        match self {
            KeyList::Few(few) => {
                if few.iter().any(|(other_hash, other)| *other_hash == hash && other == key) {
                    return;
                }
                if few.len() < FEW {
                    return few.push((hash, key.clone()));
                }
                let key = key.clone();
                let mut tree: BTreeMap<u32, SmallVec<[K; 1]>> = BTreeMap::new();
                for (hash, key) in mem::take(few).into_iter().chain([(hash, key)]) {
                    tree.entry(hash).or_default().push(key);
                }
                *self = KeyList::Many(tree, FEW + 1);
            }
            KeyList::Many(tree, len) => {
                let alike = tree.get(&hash).map_or(&[][..], |alike| alike);
                if !alike.contains(key) {
                    let key = key.clone();
                    tree.entry(hash).or_default().push(key);
                    *len += 1;
                }
            }
        }
    }

    /// Takes out a key, if it is there.
    pub(super) fn take(&mut self, hash: LowHash, key: &K) -> Option<K> {
        let hash = hash.bits();
        match self {
            KeyList::Few(few) => {
                let at = few.iter().position(|(other_hash, other)| *other_hash == hash && other == key)?;
                Some(few.swap_remove(at).1)
            }
            KeyList::Many(tree, len) => {
                let btree_map::Entry::Occupied(mut alike) = tree.entry(hash) else { return None };
                let at = alike.get().iter().position(|other| other == key)?;
                let taken = alike.get_mut().swap_remove(at);
                if alike.get().is_empty() {
                    alike.remove();
                }
                *len -= 1;
                if *len <= FEW / 2 {
                    let few = mem::take(tree).into_iter();
                    let few = few.flat_map(|(hash, alike)| alike.into_iter().map(move |key| (hash, key)));
                    *self = KeyList::Few(few.collect());
                }
                Some(taken)
            }
        }
    }

    /// Copies keys from there on, about so many, and says where the rest begins. A key that is in the list all the
    /// while is copied once.
    pub(super) fn copy(&self, from: Option<After>, most: usize, copies: &mut Vec<K>) -> Option<After>
    where
        K: Clone,
    {
        match self {
            KeyList::Few(few) => {
                let is_left = |hash: u32| from.is_none_or(|After(after)| hash > after);
                copies.extend(few.iter().filter(|(hash, _)| is_left(*hash)).map(|(_, key)| key.clone()));
                None
            }
            KeyList::Many(tree, _) => {
                let start = from.map_or(Bound::Unbounded, |After(after)| Bound::Excluded(after));
                for (&hash, alike) in tree.range((start, Bound::Unbounded)) {
                    copies.extend(alike.iter().cloned());
                    if copies.len() >= most {
                        return Some(After(hash));
                    }
                }
                None
            }
        }
    }
}
