//! A policy to be tried.

use crate::workload::Declared;
use sharded::shards::{self, Auto, ShardCount};
use std::fmt;

/// Declares the choices of one option, named as in an attribute.
macro_rules! choices {
    ($(#[$doc:meta])* $name:ident: $($choice:ident),*) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum $name {
            $(#[doc = concat!("`", stringify!($choice), "`")] $choice),*
        }

        impl $name {
            /// All choices that can be tried.
            pub(crate) const ALL: &[Self] = &[$(Self::$choice),*];

            /// The choice of this name, if it can be tried.
            pub(crate) fn named(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|choice| choice.name() == name)
            }

            /// The name in an attribute.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$choice => stringify!($choice)),* }
            }
        }
    };
}

choices! {
    /// `lock = …`
    Lock: Mutex, RwLock, Optimistic, Rcu
}
choices! {
    /// `evict = …`, if there is a capacity
    Evict: Sieve, Lru, Adaptive, S3Fifo, TinyLfu
}
choices! {
    /// `numa = …`
    Numa: Spread, Local, Off
}

/// A policy to be tried, or the advised one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Candidate {
    /// `lock = …`
    pub lock: Lock,
    /// `shards = …`; `None` is `auto`.
    pub shards: Option<usize>,
    /// `evict = …` and `capacity = …`, in entries; `None` without a capacity.
    pub cache: Option<(Evict, u64)>,
    /// `numa = …`
    pub numa: Numa,
}

impl Candidate {
    /// The declared policy, or the part of it that can't be tried.
    pub(crate) fn declared(declared: &Declared) -> Result<Self, String> {
        let unknown = |option: &str, choice: &str| format!("`{option} = {choice}` is not one that can be tried");
        let cache = match declared.capacity {
            None => None,
            Some(capacity) => {
                Some((Evict::named(&declared.evict).ok_or_else(|| unknown("evict", &declared.evict))?, capacity))
            }
        };
        Ok(Candidate {
            lock: Lock::named(&declared.lock).ok_or_else(|| unknown("lock", &declared.lock))?,
            shards: declared.shards.map(|shards| shards as usize),
            cache,
            numa: Numa::named(&declared.numa).ok_or_else(|| unknown("numa", &declared.numa))?,
        })
    }

    /// The requested number of shards on this machine.
    pub(crate) fn asked_shards(&self) -> usize {
        self.shards.unwrap_or_else(Auto::count)
    }

    /// The shards that such a map has on this machine. If it evicts, there are no more than [`shards::to_evict_well`]
    /// says.
    pub(crate) fn shard_count(&self) -> usize {
        let most = |(_, capacity): (Evict, u64)| shards::to_evict_well(capacity as usize);
        self.cache.map_or(usize::MAX, most).min(self.asked_shards())
    }

    /// The same map, written with the declared number of shards if that results in as many shards, or else with the
    /// number that it has.
    pub(crate) fn written_like(self, declared: &Candidate) -> Self {
        let as_declared = Candidate { shards: declared.shards, ..self };
        if as_declared.shard_count() == self.shard_count() {
            as_declared
        } else {
            Candidate { shards: self.shards.map(|_| self.shard_count()), ..self }
        }
    }

    /// The options that differ from those of another policy, as written in an attribute.
    pub(crate) fn changes(&self, from: &Candidate) -> Vec<(&'static str, String)> {
        let mut changes = Vec::new();
        if self.lock != from.lock {
            changes.push(("lock", self.lock.name().to_owned()));
        }
        if self.shards != from.shards {
            changes.push(("shards", self.shards.map_or_else(|| "auto".to_owned(), |shards| shards.to_string())));
        }
        if let (Some(cache), Some(old)) = (self.cache, from.cache) {
            if cache.1 != old.1 {
                changes.push(("capacity", grouped(cache.1)));
            }
            if cache.0 != old.0 {
                changes.push(("evict", cache.0.name().to_owned()));
            }
        }
        if self.numa != from.numa {
            changes.push(("numa", self.numa.name().to_owned()));
        }
        changes
    }
}

impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "lock = {}, shards = ", self.lock.name())?;
        match self.shards {
            Some(shards) => write!(f, "{shards}")?,
            None => f.write_str("auto")?,
        }
        if let Some((evict, capacity)) = self.cache {
            write!(f, ", capacity = {}, evict = {}", grouped(capacity), evict.name())?;
        }
        if self.numa != Numa::Spread {
            write!(f, ", numa = {}", self.numa.name())?;
        }
        Ok(())
    }
}

/// A number as in source code: `10_000`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('_');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Candidate, Evict, Lock, Numa};

    #[test]
    fn a_number_that_changes_nothing_is_not_changed() {
        let of = |shards, capacity| {
            let cache = Some((Evict::Lru, capacity));
            Candidate { lock: Lock::Mutex, shards, cache, numa: Numa::Spread }
        };
        let declared = of(Some(64), 1_000);
        assert_eq!(declared.shard_count(), 8);
        let same = Candidate { lock: Lock::RwLock, ..of(Some(256), 1_000) }.written_like(&declared);
        assert_eq!(same.changes(&declared), [("lock", "RwLock".to_owned())]);
        let fewer = of(Some(4), 1_000).written_like(&declared);
        assert_eq!(fewer.changes(&declared), [("shards", "4".to_owned())]);
        let more = of(Some(64), 1_000).written_like(&of(Some(2), 1_000));
        assert_eq!(more.changes(&of(Some(2), 1_000)), [("shards", "8".to_owned())]);
    }
}
