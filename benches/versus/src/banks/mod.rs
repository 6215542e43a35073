//! The banks that are compared: maps from an account to its balance, between whose accounts money is transferred.
//!
//! A new one needs a file with an `impl Bank` and a line in the list.

mod by_hand;
mod fast_stm;
mod null;
mod sharded;

use crate::{entries::mixed, random::Uniform, script::BATCH, systems::Role};
use std::hint::black_box;

/// The balance of every account at the start. No account runs out of money in a measurement: a transfer moves one unit.
pub(crate) const BALANCE: u64 = 1 << 40;

/// A bank in which all accounts are open.
pub(crate) trait Bank: Sync {
    /// Moves one unit from an account to another, unless the first one has none or one of them does not exist. Returns
    /// whether it did. The accounts differ.
    fn transfer(&self, from: u64, to: u64) -> bool;
    /// Adds one unit to an account. Returns whether it exists.
    fn deposit(&self, to: u64) -> bool;
    /// Reads the balance of an account, and nothing else at the same moment.
    fn balance(&self, account: u64) -> Option<u64>;
    /// Replaces the balance of an account.
    fn set(&self, account: u64, balance: u64);
    /// The sum of all balances, while nobody changes them.
    fn total(&self) -> u64;
}

/// The accounts of one thread's operations, all equally likely.
#[derive(Clone, Debug)]
pub(crate) struct Orders {
    from: Uniform,
    others: Uniform,
    accounts: u64,
    kind: Kind,
}

/// An operation of a bank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Transfer,
    Deposit,
    Read,
    Store,
}

impl Kind {
    pub(crate) const ALL: [Kind; 4] = [Kind::Transfer, Kind::Deposit, Kind::Read, Kind::Store];

    /// The name in tables.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Transfer => "transfer",
            Kind::Deposit => "deposit",
            Kind::Read => "read",
            Kind::Store => "store",
        }
    }
}

impl Orders {
    /// One for each thread.
    pub(crate) fn for_threads(kind: Kind, threads: usize, accounts: u64) -> Vec<Self> {
        let others = Uniform::for_threads(2 * threads, accounts - 1).skip(threads);
        let orders = Uniform::for_threads(threads, accounts).zip(others);
        orders.map(|(from, others)| Orders { from, others, accounts, kind }).collect()
    }

    /// Two different accounts.
    #[inline]
    fn draw(&mut self) -> (u64, u64) {
        let from = self.from.draw();
        let to = (from + 1 + self.others.draw()) % self.accounts;
        (mixed(from), mixed(to))
    }
}

/// A bank with its type erased.
pub(crate) trait Driver: Sync {
    /// Does the next [`BATCH`] operations. Returns the number of wrong answers.
    fn batch(&self, orders: &mut Orders) -> u64;
    /// See [`Bank::total`].
    fn total(&self) -> u64;
}

impl<B: Bank> Driver for B {
    fn batch(&self, orders: &mut Orders) -> u64 {
        let mut wrong = 0;
        for _ in 0..BATCH {
            let (from, to) = orders.draw();
            let is_right = match orders.kind {
                Kind::Transfer => self.transfer(from, to),
                Kind::Deposit => self.deposit(to),
                Kind::Read => black_box(self.balance(to)).is_some(),
                Kind::Store => {
                    self.set(to, from);
                    true
                }
            };
            wrong += u64::from(!is_right);
        }
        wrong
    }

    fn total(&self) -> u64 {
        Bank::total(self)
    }
}

/// A bank by name.
pub(crate) struct Contender {
    /// For the command line.
    pub(crate) id: &'static str,
    /// For tables.
    pub(crate) name: &'static str,
    pub(crate) role: Role,
    /// Makes one with this number of accounts.
    pub(crate) build: fn(u64) -> Box<dyn Driver>,
}

impl Contender {
    const fn new(id: &'static str, name: &'static str, build: fn(u64) -> Box<dyn Driver>) -> Self {
        Contender { id, name, role: Role::Rival, build }
    }
}

/// All banks.
pub(crate) fn all() -> Vec<Contender> {
    let mut all = vec![
        Contender { role: Role::Floor, ..Contender::new("null", "(nothing)", |_| Box::new(null::Null)) },
        Contender::new("hand", "ordered shard locks by hand", |accounts| Box::new(by_hand::new(accounts))),
        Contender::new("fast-stm", "fast-stm", |accounts| Box::new(fast_stm::FastStm::new(accounts))),
    ];
    all.extend(sharded::contenders());
    all
}

/// The accounts of a new bank and their balances.
fn opened(accounts: u64) -> impl Iterator<Item = (u64, u64)> {
    (0..accounts).map(|account| (mixed(account), BALANCE))
}
