//! What rows are made of: one row, or a tuple, an array or a vector of rows.

#![allow(unreachable_pub, reason = "in a public trait that only this crate can implement")]

use super::wanted::Place;
use crate::{
    bounds::Token,
    field::{commit::Phase, plan::Plan, row::End},
    lock::Lent,
};

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
pub trait Rows: Lockable {}

#[diagnostic::do_not_recommend]
impl<R: Lockable> Rows for R {}

/// What a transaction asks of its rows. Only this crate can call it: each method takes something that only this crate
/// has.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a row, nor rows",
    label = "not rows of maps",
    note = "a row is what `map.row(&key)` returns; rows are a tuple of up to 12 of them, an array, a slice or a `Vec`"
)]
pub trait Lockable {
    type Arrangement: Arrangement;
    type States: States<Arrangement = Self::Arrangement>;

    /// How many rows there are, if that is known at compile time.
    const COUNT: Option<usize>;

    /// How many rows there are.
    fn count(&self, token: Token) -> usize;
    /// Where a row is, without its number.
    fn place(&self, row: usize, token: Token) -> Place<'_>;
    /// Locks the shard of a row, for reading or for changing.
    fn lock<const TO_READ: bool, T>(&self, row: usize, lent: &mut Lent<'_>, run: impl FnOnce(&mut Lent<'_>) -> T) -> T;
    /// The rows before they are looked up.
    fn begin(&self, token: Token) -> Self::States;
}

/// The rows while their shards are locked.
pub trait States {
    type Arrangement: Arrangement;

    fn look(&mut self, plan: &mut Plan<'_>, lent: &Lent<'_>);
    fn views<'t>(&'t mut self, lent: &'t Lent<'_>) -> <Self::Arrangement as Arrangement>::Views<'t>;
    fn refs<'t>(&'t mut self, lent: &'t Lent<'_>) -> <Self::Arrangement as Arrangement>::Refs<'t>;
    fn run(&mut self, phase: Phase, plan: &mut Plan<'_>, lent: &mut Lent<'_>);
    fn note_reads(&mut self, lent: &mut Lent<'_>);
    /// What was to be stored, where nothing was changed.
    fn values(&mut self) -> <Self::Arrangement as Arrangement>::Values;
    /// Does a step of the end of all rows, after their shards were unlocked.
    fn finish(&mut self, end: End, plan: &mut Plan<'_>);
}

/// The types that belong to rows. (Apart from them, so that a closure over every lifetime does not ask the rows to live
/// for ever.)
pub trait Arrangement: 'static {
    /// What the closure of a transaction is lent.
    type Views<'t>;
    /// What the closure of a read gets.
    type Refs<'t>;
    /// What a transaction gives back that found no room.
    type Values;
}
