//! Which entry leaves next under LRU and SIEVE: the queues of these policies as plain lists.

use crate::ops::Key;
use std::{collections::BTreeMap, fmt};

/// The predicted order in which entries are evicted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queue {
    /// Nothing is predicted.
    Unknown,
    /// The least recently used entry leaves.
    Lru,
    /// LRU under a lock that readers share: a read marks its entry, and a marked entry is spared once.
    MarkedLru,
    /// SIEVE.
    Sieve,
}

/// The queue of each shard.
pub(crate) struct Queues<'a> {
    kind: Queue,
    shard_of: Box<dyn Fn(Key) -> usize + 'a>,
    shards: BTreeMap<usize, Shard>,
}

impl fmt::Debug for Queues<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shards.fmt(f)
    }
}

#[derive(Debug, Default)]
struct Shard {
    /// Keys, the newest first, with whether they are marked.
    queue: Vec<(Key, bool)>,
    /// Where SIEVE goes on. `None`: at the oldest.
    hand: Option<Key>,
}

impl<'a> Queues<'a> {
    pub(crate) fn new(kind: Queue, shard_of: Box<dyn Fn(Key) -> usize + 'a>) -> Self {
        Queues { kind, shard_of, shards: BTreeMap::new() }
    }

    fn shard(&mut self, key: Key) -> Option<&mut Shard> {
        (self.kind != Queue::Unknown).then(|| self.shards.entry((self.shard_of)(key)).or_default())
    }

    pub(crate) fn inserted(&mut self, key: Key) {
        if let Some(shard) = self.shard(key) {
            shard.queue.insert(0, (key, false));
        }
    }

    /// A use under a lock that readers may share.
    pub(crate) fn used_shared(&mut self, key: Key) {
        let is_lru = self.kind == Queue::Lru;
        if let Some(shard) = self.shard(key) {
            if is_lru { shard.move_to_front(key) } else { shard.mark(key) }
        }
    }

    /// A use under an exclusive lock.
    pub(crate) fn used(&mut self, key: Key) {
        let is_sieve = self.kind == Queue::Sieve;
        if let Some(shard) = self.shard(key) {
            if is_sieve { shard.mark(key) } else { shard.move_to_front(key) }
        }
    }

    pub(crate) fn removed(&mut self, key: Key) {
        if let Some(shard) = self.shard(key) {
            shard.remove(key);
        }
    }

    pub(crate) fn cleared(&mut self) {
        self.shards.clear();
    }

    /// Removes an evicted key. Returns whether it was the next to leave.
    pub(crate) fn evict(&mut self, key: Key) -> bool {
        let is_sieve = self.kind == Queue::Sieve;
        let Some(shard) = self.shard(key) else { return true };
        let next = if is_sieve { shard.sieve() } else { shard.least_recent() };
        shard.remove(key);
        next == Some(key)
    }
}

impl Shard {
    fn position(&self, key: Key) -> Option<usize> {
        self.queue.iter().position(|&(k, _)| k == key)
    }

    fn move_to_front(&mut self, key: Key) {
        if let Some(at) = self.position(key) {
            let entry = self.queue.remove(at);
            self.queue.insert(0, entry);
        }
    }

    fn mark(&mut self, key: Key) {
        if let Some(at) = self.position(key) {
            self.queue[at].1 = true;
        }
    }

    /// The key that is one newer.
    fn newer(&self, key: Key) -> Option<Key> {
        let at = self.position(key)?;
        at.checked_sub(1).map(|newer| self.queue[newer].0)
    }

    fn remove(&mut self, key: Key) {
        if self.hand == Some(key) {
            self.hand = self.newer(key);
        }
        self.queue.retain(|&(k, _)| k != key);
    }

    fn least_recent(&mut self) -> Option<Key> {
        while let Some(oldest @ (_, true)) = self.queue.last_mut() {
            oldest.1 = false;
            let key = oldest.0;
            self.move_to_front(key);
        }
        self.queue.last().map(|&(key, _)| key)
    }

    fn sieve(&mut self) -> Option<Key> {
        let oldest = self.queue.last()?.0;
        let mut hand = self.hand.unwrap_or(oldest);
        while let Some(at) = self.position(hand)
            && self.queue[at].1
        {
            self.queue[at].1 = false;
            hand = self.newer(hand).unwrap_or(oldest);
        }
        self.hand = Some(hand);
        Some(hand)
    }
}
