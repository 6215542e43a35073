//! Transactions and reads of rows in two shards, through every interleaving of their locks: on whole maps, as they are
//! shipped. Models of transactions with planted faults show that each fault is found.
//!
//! loom knows the locks and the sequence numbers. It does not know the entries, which are read and written at one
//! moment between two of its steps. So that it knows their order, copies of entries that may race have fences in a
//! model (`engine/table/raw/words.rs`).

use super::{
    arrangement::{Arrangement, Copies, Lockable, States, Views},
    locking::{locate, lock_each},
    staged::{Ending, commit_staged},
    wanted::{AnyNumber, Shared, enter},
};
use crate::{
    Policy, ShardedMap,
    bounds::Token,
    builder::BuildField,
    clock::{Readings, System},
    evict::Unbounded,
    expiry::Never,
    field::row_copy::Step,
    lock::{Lent, Lock, Mutex, Optimistic, RwLock, Serves},
    observe,
    shards::Fixed,
    transaction,
};
use loom::{model::Builder, sync::Arc, thread};
use std::{
    env,
    hash::{BuildHasherDefault, DefaultHasher},
    marker::PhantomData,
    panic::Location,
    process::Command,
};

/// The policy of a map of two shards under this lock.
struct TwoShards<L>(PhantomData<L>);
impl<L: Lock> Policy for TwoShards<L> {
    type Shards = Fixed<2>;
    type Lock = L;
    type Expiry = Never;
    type Eviction = Unbounded;
    type Placement = crate::placement::Off;
    type Clock = System;
    const NAME: &'static str = "accounts";
}

type Accounts<L> = ShardedMap<u64, u64, TwoShards<L>, BuildHasherDefault<DefaultHasher>>;

/// Two accounts in two shards, with this much money in all.
struct Bank<L: Lock> {
    map: Accounts<L>,
    accounts: [u64; 2],
}

const MONEY: u64 = 10;

/// What a transaction does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// It locks its second shard anew when it commits: in between that is not locked.
    UnlockedShard,
    /// It unlocks all shards before it commits, and locks them again.
    EarlyUnlock,
    /// It locks shards in the order of its rows.
    Unordered,
}

/// As [`staged::transact`](super::staged::transact), with a fault.
fn transact_with<R: Lockable>(rows: &R, fault: Fault, change: impl for<'t> FnOnce(&mut Views<'t, R>)) {
    let mut places = locate::<R, AnyNumber>(rows);
    if fault == Fault::Unordered {
        places.sort_unstable_by_key(|place| place.row);
    }
    let (places, at) = (&places[..], Location::caller());
    let [mut shared, mut again] = [0, 1].map(|_| Shared::<AnyNumber>::new(places.len()));
    let mut ending = Ending { states: rows.begin(Token), plan: shared.plan(places) };
    let inside = enter(places, at);
    let stage = |ending: &mut Ending<'_, R::States>, lent: &mut Lent<'_>| {
        let Ending { states, plan } = ending;
        states.look(plan, lent);
        change(&mut states.views(lent));
    };
    let plan = again.plan(places);
    Lent::scope(|lent| {
        if fault == Fault::UnlockedShard {
            let (first, second) = places.split_at(1);
            return lock_each::<false, _>(rows, first, lent, |lent| {
                lock_each::<false, _>(rows, second, lent, |lent| stage(&mut ending, lent));
                ending.plan = plan;
                lock_each::<false, _>(rows, second, lent, |lent| commit(&mut ending, lent, at));
            });
        }
        if fault == Fault::EarlyUnlock {
            lock_each::<false, _>(rows, places, lent, |lent| stage(&mut ending, lent));
            ending.plan = plan;
            return lock_each::<false, _>(rows, places, lent, |lent| commit(&mut ending, lent, at));
        }
        lock_each::<false, _>(rows, places, lent, |lent| {
            stage(&mut ending, lent);
            ending.plan = plan;
            commit(&mut ending, lent, at);
        });
    });
    drop(inside);
}

fn commit<R: States>(ending: &mut Ending<'_, R>, lent: &mut Lent<'_>, at: &Location<'_>) {
    assert!(commit_staged::<R, ()>(ending, lent, at).is_ok(), "nothing is refused");
}

/// As [`observe`], without a look at the sequence numbers after the copies. `None` if a writer is in the way.
fn observe_unchecked<R: Lockable, T>(
    rows: &R,
    read: impl for<'t> FnOnce(<R::Arrangement as Arrangement>::Refs<'t>) -> T,
) -> Option<T> {
    let mut copies = rows.copies(Token);
    if !copies.attempt(Step::Begin) || !copies.attempt(Step::Copy) {
        return None;
    }
    copies.look_at_clocks(&mut Readings::default());
    Some(read(copies.refs()))
}

impl<L: Lock + Serves<u64, u64>> Bank<L> {
    fn new() -> Self
    where
        Accounts<L>: BuildField<TwoShards<L>>,
    {
        let map = Accounts::<L>::new();
        let accounts = [0, 1].map(|shard| (0..).find(|key| map.shard_of(key) == shard).expect("each has keys"));
        for account in accounts {
            map.insert(account, MONEY / 2);
        }
        Bank { map, accounts }
    }

    /// Moves a unit from an account to the other one.
    fn transfer(&self, from: usize) -> bool {
        let rows = (self.map.row(&self.accounts[from]), self.map.row(&self.accounts[1 - from]));
        let moved = transaction(rows, |(from, to)| {
            from.update(|money| *money -= 1);
            to.update(|money| *money += 1);
            Ok::<_, ()>(())
        });
        moved.is_ok()
    }

    /// The same by the way of any number of rows.
    fn transfer_staged(&self, from: usize) -> bool {
        let rows = vec![self.map.row(&self.accounts[1 - from]), self.map.row(&self.accounts[from])];
        let moved = transaction(rows, |rows| {
            rows[1].update(|money| *money -= 1);
            rows[0].update(|money| *money += 1);
            Ok::<_, ()>(())
        });
        moved.is_ok()
    }

    /// The same with a fault.
    fn transfer_with(&self, fault: Fault, from: usize) -> bool {
        let rows = vec![self.map.row(&self.accounts[1 - from]), self.map.row(&self.accounts[from])];
        transact_with(&rows, fault, |rows| {
            rows[1].update(|money| *money -= 1);
            rows[0].update(|money| *money += 1);
        });
        true
    }

    /// Adds a unit to an account and takes it away again, by single calls.
    fn lend(&self, account: usize) -> bool {
        let account = &self.accounts[account];
        self.map.with_mut(account, |money| *money += 1).is_some()
            && self.map.with_mut(account, |money| *money -= 1).is_some()
    }

    fn sum(&self) -> u64 {
        let rows = self.accounts.each_ref().map(|account| self.map.row(account));
        observe(rows, |rows| rows.iter().filter_map(|row| row.get()).sum())
    }

    fn count(&self, account: usize) -> u64 {
        self.map.with(&self.accounts[account], |money| *money).unwrap_or(0)
    }

    /// Looks at one account and then at the other one, while the first account transfers a unit to the second one. The
    /// transfer may come between the two looks. Whether they do not contradict each other.
    fn look(&self, first: usize) -> bool {
        let seen = [self.count(first), self.count(1 - first)];
        let after = if first == 0 { [4, 6] } else { [6, 4] };
        seen == [5, 5] || seen == after || seen == [5, after[1]]
    }
}

/// What a thread does. It returns whether what it has seen is right: a panic in the middle would be one in the drops of
/// loom, too.
type Run<L> = fn(&Bank<L>) -> bool;

/// Runs each of these in a thread.
fn check<L: Lock + Serves<u64, u64>, const N: usize>(run: [Run<L>; N])
where
    Bank<L>: Send + Sync,
    Accounts<L>: BuildField<TwoShards<L>>,
{
    let mut builder = Builder::new();
    builder.preemption_bound = Some(2);
    builder.max_branches = 10_000;
    builder.check(move || {
        let bank = Arc::new(Bank::<L>::new());
        let threads = run.map(|run| {
            let bank = Arc::clone(&bank);
            // The report of a deadlock takes more stack than there is otherwise.
            thread::Builder::new().stack_size(1 << 16).spawn(move || run(&bank)).expect("a thread of a model")
        });
        let are_right = threads.map(|thread| thread.join().expect("no panic"));
        assert!(are_right == [true; N], "a mixture of two moments is seen");
        assert!(bank.sum() == MONEY, "an update is lost");
    });
}

/// Threads that wait for each other in a circle would be a deadlock, which loom reports.
#[test]
fn transfers_in_both_directions() {
    check::<Mutex, 2>([|bank| bank.transfer(0), |bank| bank.transfer(1)]);
    check::<Mutex, 2>([|bank| bank.transfer(0), |bank| bank.transfer_staged(1)]);
    check::<RwLock, 2>([|bank| bank.transfer_staged(0), |bank| bank.transfer(1)]);
    check::<Optimistic, 2>([|bank| bank.transfer(0), |bank| bank.transfer_staged(1)]);
}

/// Single calls wait for transactions, and transactions for them.
#[test]
fn transfers_beside_single_calls() {
    check::<Mutex, 2>([|bank| bank.transfer_staged(0), |bank| bank.lend(1)]);
    check::<RwLock, 2>([|bank| bank.transfer(0), |bank| bank.lend(0)]);
    check::<Optimistic, 2>([|bank| bank.transfer_staged(0), |bank| bank.lend(1)]);
}

#[test]
fn reads_of_both_are_of_one_moment() {
    check::<Mutex, 2>([|bank| bank.transfer(0), |bank| bank.sum() == MONEY]);
    check::<RwLock, 2>([|bank| bank.transfer_staged(0), |bank| bank.sum() == MONEY]);
    check::<Optimistic, 2>([|bank| bank.transfer(0), |bank| bank.sum() == MONEY]);
    check::<Optimistic, 2>([|bank| bank.transfer_staged(1), |bank| bank.sum() == MONEY]);
}

/// A thread that sees one change of a transaction sees the others.
#[test]
fn single_calls_see_all_or_nothing() {
    check::<Mutex, 2>([|bank| bank.transfer(0), |bank| bank.look(0)]);
    check::<RwLock, 2>([|bank| bank.transfer_staged(0), |bank| bank.look(1)]);
    check::<Optimistic, 2>([|bank| bank.transfer(0), |bank| bank.look(1)]);
    check::<Optimistic, 2>([|bank| bank.transfer_staged(0), |bank| bank.look(0)]);
}

/// The models can fail, here and below.
#[test]
#[should_panic(expected = "an update is lost")]
fn a_shard_that_is_not_locked_is_found() {
    check::<Mutex, 2>([|bank| bank.transfer_with(Fault::UnlockedShard, 0), |bank| bank.lend(1)]);
}

#[test]
#[should_panic(expected = "an update is lost")]
fn an_early_unlock_is_found() {
    check::<Mutex, 2>([|bank| bank.transfer_with(Fault::EarlyUnlock, 0), |bank| bank.lend(1)]);
}

/// loom reports the deadlock by a panic in the middle of a transaction, which aborts the process. So it is another one.
#[test]
fn locks_out_of_order_are_found() {
    const CHILD: &str = "WITH_LOCKS_OUT_OF_ORDER";
    if env::var_os(CHILD).is_some() {
        return check::<Mutex, 2>([
            |bank| bank.transfer_with(Fault::Unordered, 0),
            |bank| bank.transfer_with(Fault::Unordered, 1),
        ]);
    }
    let mut child = Command::new(env::current_exe().expect("the path of this program"));
    child.args(["rows::models::locks_out_of_order_are_found", "--exact", "--nocapture"]).env(CHILD, "1");
    let output = child.output().expect("the program runs");
    let report = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && report.contains("deadlock"), "{report}");
}

#[test]
#[should_panic(expected = "a mixture")]
fn two_single_calls_are_not_of_one_moment() {
    check::<Mutex, 2>([|bank| bank.transfer(0), |bank| bank.count(0) + bank.count(1) == MONEY]);
}

#[test]
#[should_panic(expected = "a mixture")]
fn copies_that_are_not_checked_are_not_of_one_moment() {
    check::<Optimistic, 2>([
        |bank| bank.transfer(0),
        |bank| {
            let rows = bank.accounts.each_ref().map(|account| bank.map.row(account));
            let sum = observe_unchecked(&rows, |rows| rows.iter().filter_map(|row| row.get()).sum::<u64>());
            sum.is_none_or(|sum| sum == MONEY)
        },
    ]);
}
