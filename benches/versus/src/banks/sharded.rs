//! This library with each lock: single calls, after each of which others see a transfer that is half done.

use super::{Bank, Contender, opened};
use crate::{
    entries::Integers,
    systems::{Map, Mutex, Optimistic, RwLock},
};
use sharded::{Policy, builder::BuildField, evict::Unbounded, lock};

/// Two calls for a transfer and one for a deposit.
struct Calls<P: Policy>(Map<Integers, P>);

pub(super) fn contenders() -> Vec<Contender> {
    vec![
        Contender::new("mutex-calls", "sharded, Mutex, single calls", |accounts| {
            Box::new(Calls::<Mutex>(filled(accounts)))
        }),
        Contender::new("rwlock-calls", "sharded, RwLock, single calls", |accounts| {
            Box::new(Calls::<RwLock>(filled(accounts)))
        }),
        Contender::new("optimistic-calls", "sharded, Optimistic, single calls", |accounts| {
            Box::new(Calls::<Optimistic>(filled(accounts)))
        }),
    ]
}

fn filled<P>(accounts: u64) -> Map<Integers, P>
where
    P: Policy<Eviction = Unbounded>,
    P::Lock: lock::Serves<u64, u64>,
    Map<Integers, P>: BuildField<P>,
{
    let map = Map::<Integers, P>::new();
    for (account, balance) in opened(accounts) {
        map.insert(account, balance);
    }
    map
}

impl<P> Bank for Calls<P>
where
    P: Policy<Eviction = Unbounded>,
    P::Lock: lock::Serves<u64, u64>,
    Map<Integers, P>: Sync,
{
    #[inline]
    fn transfer(&self, from: u64, to: u64) -> bool {
        let take = |balance: &mut u64| {
            let left = balance.checked_sub(1);
            *balance = left.unwrap_or(0);
            left.is_some()
        };
        self.0.with_mut(&from, take) == Some(true) && self.deposit(to)
    }

    #[inline]
    fn deposit(&self, to: u64) -> bool {
        self.0.with_mut(&to, |balance| *balance += 1).is_some()
    }

    fn total(&self) -> u64 {
        self.0.values().iter().sum()
    }
}
