//! How rows are accessed: one or two in a short way of their own, others in step.

#![allow(unreachable_pub, reason = "in a public trait that only this crate can implement")]

use super::{
    arrangement::{Arrangement, Lockable},
    error::TransactionError,
    locked, staged, unlocked,
    wanted::{AnyNumber, Storage},
};
use crate::bounds::Token;
use std::panic::Location;

/// The rows of a transaction: a [`Row`](super::Row), or a tuple of up to 12 rows, an array, a slice or a vector of
/// them, or any mixture of these.
///
/// The closure of [`transaction`](fn@super::transaction) gets a `&mut` to the same arrangement of
/// [`RowMut`](super::RowMut), that of [`observe`](fn@super::observe) the same arrangement of [`RowRef`](super::RowRef);
/// for a slice it is a vector. A reference to an array or a vector of rows will do, too.
///
/// It can't be implemented for other types.
///
/// # Examples
///
/// ```
/// # use sharded::sharded;
/// # use std::collections::HashMap;
/// # #[sharded(ttl = "1h")]
/// # struct Bank { accounts: HashMap<u32, i64>, total: HashMap<String, i64> }
/// let bank = Bank::new();
/// let numbers = [1, 2, 3];
/// let accounts = numbers.each_ref().map(|number| bank.accounts().row(number));
/// sharded::transaction((accounts, bank.total().row("all")), |(accounts, total)| {
///     for account in accounts {
///         account.insert(100);
///     }
///     total.insert(300);
///     Ok::<_, ()>(())
/// })
/// .unwrap();
/// let accounts: Vec<_> = numbers.iter().map(|number| bank.accounts().row(number)).collect();
/// let sum: i64 = sharded::observe(&accounts[..], |accounts| accounts.iter().filter_map(|account| account.get()).sum());
/// assert_eq!(Some(sum), bank.total().get("all"));
/// ```
pub trait Rows: Access {}

#[diagnostic::do_not_recommend]
impl<R: Access> Rows for R {}

/// What [`transaction`](fn@super::transaction) and [`observe`](fn@super::observe) do with rows.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a row, nor rows",
    label = "not rows of maps",
    note = "a row is what `map.row(&key)` returns; rows are a tuple of up to 12 of them, an array, a slice or a `Vec`",
    note = "only this library can implement `Rows`"
)]
pub trait Access: Lockable + Sized {
    fn transact<T, E>(
        &self,
        change: impl for<'t> FnOnce(&mut <Self::Arrangement as Arrangement>::Views<'t>) -> Result<T, E>,
        at: &'static Location<'static>,
        _: Token,
    ) -> Result<T, TransactionError<E, <Self::Arrangement as Arrangement>::Values>> {
        staged::transact_any(self, change, at)
    }

    fn observe<T>(
        &self,
        read: impl for<'t> FnOnce(<Self::Arrangement as Arrangement>::Refs<'t>) -> T,
        at: &'static Location<'static>,
        _: Token,
    ) -> T {
        match Self::COUNT {
            Some(1) => observe_any::<Self, [(); 1], T, _>(self, read, at),
            Some(2) => observe_any::<Self, [(); 2], T, _>(self, read, at),
            _ => observe_any::<Self, AnyNumber, T, _>(self, read, at),
        }
    }
}

/// Reads any rows, with the memory for so many: without locks if they can be read so and no writer is in the way.
#[inline]
fn observe_any<R: Lockable, S: Storage, T, C>(rows: &R, mut read: C, at: &'static Location<'static>) -> T
where
    C: for<'t> FnOnce(<R::Arrangement as Arrangement>::Refs<'t>) -> T,
{
    if unlocked::can_copy::<R>() && unlocked::are_few(rows) {
        match unlocked::observe::<R, S, T, C>(rows, read, at) {
            Ok(result) => return result,
            Err(again) => read = again,
        }
    }
    locked::observe::<R, S, T>(rows, read, at)
}
