//! This library with each lock: transactions, and single calls in their place. Between two single calls others see a
//! transfer that is half done.

use super::{Bank, Contender, opened};
use crate::{
    entries::Integers,
    systems::{Map, Mutex, Optimistic, RwLock},
};
use sharded::{Policy, builder::BuildField, evict::Unbounded, lock, observe, transaction};

/// A transaction of two rows for a transfer, and one of one row for a deposit.
struct Transactions<P: Policy>(Map<Integers, P>);

/// Two calls for a transfer and one for a deposit.
struct Calls<P: Policy>(Map<Integers, P>);

pub(super) fn contenders() -> Vec<Contender> {
    vec![
        Contender::new("mutex", "sharded, Mutex", |accounts| Box::new(Transactions::<Mutex>(filled(accounts)))),
        Contender::new("rwlock", "sharded, RwLock", |accounts| Box::new(Transactions::<RwLock>(filled(accounts)))),
        Contender::new("optimistic", "sharded, Optimistic", |accounts| {
            Box::new(Transactions::<Optimistic>(filled(accounts)))
        }),
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

impl<P> Bank for Transactions<P>
where
    P: Policy<Eviction = Unbounded>,
    P::Lock: lock::Serves<u64, u64>,
    Map<Integers, P>: Sync,
{
    #[inline]
    fn transfer(&self, from: u64, to: u64) -> bool {
        let transferred = transaction((self.0.row(&from), self.0.row(&to)), |(from, to)| {
            let left = from.get().and_then(|balance| balance.checked_sub(1)).ok_or(())?;
            let sum = to.get().ok_or(())? + 1;
            from.insert(left);
            to.insert(sum);
            Ok::<_, ()>(())
        });
        transferred.is_ok()
    }

    #[inline]
    fn deposit(&self, to: u64) -> bool {
        transaction(self.0.row(&to), |to| to.update(|balance| *balance += 1).ok_or(())).is_ok()
    }

    #[inline]
    fn balance(&self, account: u64) -> Option<u64> {
        observe(self.0.row(&account), |account| account.get().copied())
    }

    #[inline]
    fn set(&self, account: u64, balance: u64) {
        let stored = transaction(self.0.row(&account), |account| {
            account.insert(balance);
            Ok::<_, ()>(())
        });
        stored.unwrap_or_else(|_| unreachable!("the map is not bounded"));
    }

    fn total(&self) -> u64 {
        self.0.values().iter().sum()
    }
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

    #[inline]
    fn balance(&self, account: u64) -> Option<u64> {
        self.0.get(&account)
    }

    #[inline]
    fn set(&self, account: u64, balance: u64) {
        self.0.insert(account, balance);
    }

    fn total(&self) -> u64 {
        self.0.values().iter().sum()
    }
}
