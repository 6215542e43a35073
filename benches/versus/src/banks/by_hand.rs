//! Shards written by hand. A transfer locks the shards of both accounts, the lower one first.

use super::{Bank, opened};
use crate::{
    entries::Integers,
    systems::{Access, ByHand},
};

pub(super) fn new(accounts: u64) -> ByHand<Integers> {
    let bank = ByHand::new();
    for (account, balance) in opened(accounts) {
        (&bank).insert(account, balance);
    }
    bank
}

impl Bank for ByHand<Integers> {
    #[inline]
    fn transfer(&self, from: u64, to: u64) -> bool {
        let transfer = |[from, to]: [Option<&mut u64>; 2]| {
            let (Some(from), Some(to)) = (from, to) else { return false };
            let Some(left) = from.checked_sub(1) else { return false };
            *from = left;
            *to += 1;
            true
        };
        self.with_two(&from, &to, transfer)
    }

    #[inline]
    fn deposit(&self, to: u64) -> bool {
        (&mut &*self).increment(&to)
    }

    #[inline]
    fn balance(&self, account: u64) -> Option<u64> {
        (&mut &*self).get(&account)
    }

    #[inline]
    fn set(&self, account: u64, balance: u64) {
        (&mut &*self).insert(account, balance);
    }

    fn total(&self) -> u64 {
        self.values().sum()
    }
}
