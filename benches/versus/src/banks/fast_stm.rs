//! Software transactional memory: a transactional variable for each account, in a map that never changes and so needs
//! no lock.

use super::{Bank, opened};
use crate::systems::Hasher;
use fast_stm::{TVar, abort, atomically, atomically_with_err};
use hashbrown::HashMap;

pub(super) struct FastStm(HashMap<u64, TVar<u64>, Hasher>);

impl FastStm {
    pub(super) fn new(accounts: u64) -> Self {
        FastStm(opened(accounts).map(|(account, balance)| (account, TVar::new(balance))).collect())
    }
}

impl Bank for FastStm {
    #[inline]
    fn transfer(&self, from: u64, to: u64) -> bool {
        let (Some(from), Some(to)) = (self.0.get(&from), self.0.get(&to)) else { return false };
        let transferred = atomically_with_err(|transaction| {
            let Some(left) = from.read(transaction)?.checked_sub(1) else { return abort(()) };
            from.write(transaction, left)?;
            let sum = to.read(transaction)? + 1;
            to.write(transaction, sum)?;
            Ok(())
        });
        transferred.is_ok()
    }

    #[inline]
    fn deposit(&self, to: u64) -> bool {
        let Some(to) = self.0.get(&to) else { return false };
        atomically(|transaction| {
            let sum = to.read(transaction)? + 1;
            to.write(transaction, sum)
        });
        true
    }

    #[inline]
    fn balance(&self, account: u64) -> Option<u64> {
        self.0.get(&account).map(TVar::read_atomic)
    }

    #[inline]
    fn set(&self, account: u64, balance: u64) {
        if let Some(account) = self.0.get(&account) {
            atomically(|transaction| account.write(transaction, balance));
        }
    }

    fn total(&self) -> u64 {
        self.0.values().map(TVar::read_atomic).sum()
    }
}
