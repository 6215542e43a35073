//! The maps of the library, with their rows in every arrangement: tuples, arrays, vectors, slices and mixtures.

use super::{
    common::policy::{Of, Times},
    histories::{
        churn::Churned,
        map::{answer, call_row},
        payload::{Name, Payload, stumble},
        register::{Answer, Call},
    },
    history::{Outcome, Subject},
    transaction::{End, Row, Step},
};
use sharded::{
    Policy, ShardedMap, TransactionError,
    clock::System,
    evict::MakesRoom,
    lock::{Lock, Serves},
    observe,
    rows::{RowMut, RowRef},
    transaction,
};
use std::{
    hash::BuildHasher,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
};

/// A row of any map, inside a transaction.
trait Changed {
    fn call(&mut self, call: Call) -> Answer;
}

impl<Q: ?Sized, V: Payload, P: Policy> Changed for RowMut<'_, Q, V, P> {
    fn call(&mut self, call: Call) -> Answer {
        call_row(self, call)
    }
}

/// A row of any map, inside a view.
trait Seen {
    fn seen(&self) -> Answer;
}

impl<Q: ?Sized, V: Payload> Seen for RowRef<'_, Q, V> {
    fn seen(&self) -> Answer {
        stumble();
        answer(self.get())
    }
}

/// What a transaction does, whatever the arrangement of its rows is.
struct Run<'a> {
    steps: &'a [Step],
    end: End,
    answers: Vec<Answer>,
}

/// The error and the panic of a transaction that is to fail.
#[derive(Debug, PartialEq, Eq)]
struct Planned;

impl Run<'_> {
    /// Makes the steps in these rows, which the closure lends with their numbers.
    fn steps(&mut self, numbers: &[Row], rows: &mut [&mut dyn Changed]) -> Result<(), Planned> {
        for step in self.steps {
            stumble();
            let at = numbers.iter().position(|&row| row == step.row).expect("a step is on one of the rows");
            self.answers.push(rows[at].call(step.call));
        }
        match self.end {
            End::Commit => Ok(()),
            End::Abort => Err(Planned),
            End::Panic => resume_unwind(Box::new(Planned)),
        }
    }

    /// Runs a transaction, which must end as it is to. If it may be refused, that counts as an error.
    fn run<V>(
        steps: &[Step],
        end: End,
        may_be_refused: bool,
        transaction: impl FnOnce(&mut Run<'_>) -> Result<(), TransactionError<Planned, V>>,
    ) -> Outcome {
        let mut run = Run { steps, end, answers: Vec::new() };
        let ended = match catch_unwind(AssertUnwindSafe(|| transaction(&mut run))) {
            Ok(Ok(())) => End::Commit,
            Ok(Err(TransactionError::Failed(Planned))) => End::Abort,
            Ok(Err(TransactionError::Refused { map, .. } | TransactionError::Taken { index: map, .. })) => {
                assert!(may_be_refused && end == End::Commit, "{map} has refused a transaction");
                return Outcome { answers: run.answers, end: End::Abort };
            }
            Err(payload) if payload.is::<Planned>() => End::Panic,
            Err(payload) => resume_unwind(payload),
        };
        assert_eq!(ended, end);
        Outcome { answers: run.answers, end }
    }
}

fn changed<R: Changed>(rows: &mut [R]) -> Vec<&mut dyn Changed> {
    rows.iter_mut().map(|row| row as &mut dyn Changed).collect()
}

/// The key of a row in its map.
fn key<K: Name>(row: Row, maps: usize) -> K {
    K::of(u32::try_from(row / maps).expect("a few rows"))
}

/// One or more maps of one type.
pub(crate) struct Alike<M>(pub(crate) Vec<M>);

/// The arrangements of the rows that are tried in turn.
#[derive(Clone, Copy, Debug)]
enum Arrangement {
    Tuple,
    Array,
    Vector,
    Slice,
    /// A row and a vector of the others, in a tuple.
    Mixture,
}

impl Arrangement {
    /// One that depends on the rows, so that each history has all of them.
    fn of(rows: &[Row]) -> Self {
        use Arrangement::{Array, Mixture, Slice, Tuple, Vector};
        [Tuple, Array, Vector, Slice, Mixture][rows.iter().sum::<usize>() % 5]
    }
}

/// Forgets the values that were given back, whose types differ between arrangements.
fn without_values<V>(error: TransactionError<Planned, V>) -> TransactionError<Planned, ()> {
    match error {
        TransactionError::Failed(planned) => TransactionError::Failed(planned),
        TransactionError::Refused { map, .. } => TransactionError::Refused { map, values: Box::new(()) },
        TransactionError::Taken { index, .. } => TransactionError::Taken { index, values: Box::new(()) },
    }
}

fn array<const N: usize, R>(row: impl Fn(usize) -> R) -> [R; N] {
    std::array::from_fn(row)
}

fn seen(rows: &[&dyn Seen]) -> Vec<Answer> {
    rows.iter().map(|row| row.seen()).collect()
}

fn seen_all<R: Seen>(rows: &[R]) -> Vec<Answer> {
    rows.iter().map(Seen::seen).collect()
}

impl<K, V, L, X, E, const SHARDS: usize, const CAPACITY: usize, S> Subject
    for Alike<ShardedMap<K, V, Of<L, X, E, System, SHARDS, CAPACITY>, S>>
where
    K: Name,
    V: Payload,
    L: Lock + Serves<K, V>,
    X: Times,
    E: MakesRoom,
    S: BuildHasher + Default + Send + Sync + 'static,
    ShardedMap<K, V, Of<L, X, E, System, SHARDS, CAPACITY>, S>: Sync,
{
    fn single(&self, row: Row, call: Call) -> Outcome {
        let maps = self.0.len();
        Outcome::of(vec![self.0[row % maps].call(u32::try_from(row / maps).expect("a few rows"), call)])
    }

    fn transaction(&self, rows: &[Row], steps: &[Step], end: End) -> Outcome {
        let maps = self.0.len();
        let keys: Vec<K> = rows.iter().map(|&row| key(row, maps)).collect();
        let row = |at: usize| self.0[rows[at] % maps].row(&keys[at]);
        let all = || (0..rows.len()).map(row).collect::<Vec<_>>();
        let numbers = rows;
        Run::run(steps, end, false, |run| match Arrangement::of(rows) {
            Arrangement::Tuple => match rows.len() {
                2 => transaction((row(0), row(1)), |(a, b)| run.steps(numbers, &mut [a, b])).map_err(without_values),
                3 => transaction((row(0), row(1), row(2)), |(a, b, c)| run.steps(numbers, &mut [a, b, c]))
                    .map_err(without_values),
                4 => {
                    transaction((row(0), row(1), row(2), row(3)), |(a, b, c, d)| run.steps(numbers, &mut [a, b, c, d]))
                        .map_err(without_values)
                }
                5 => transaction((row(0), row(1), row(2), row(3), row(4)), |(a, b, c, d, e)| {
                    run.steps(numbers, &mut [a, b, c, d, e])
                })
                .map_err(without_values),
                6 => transaction((row(0), row(1), row(2), row(3), row(4), row(5)), |(a, b, c, d, e, f)| {
                    run.steps(numbers, &mut [a, b, c, d, e, f])
                })
                .map_err(without_values),
                count => unreachable!("{count} rows"),
            },
            Arrangement::Array => match rows.len() {
                2 => transaction(array::<2, _>(row), |rows| run.steps(numbers, &mut changed(rows)))
                    .map_err(without_values),
                3 => transaction(array::<3, _>(row), |rows| run.steps(numbers, &mut changed(rows)))
                    .map_err(without_values),
                4 => transaction(array::<4, _>(row), |rows| run.steps(numbers, &mut changed(rows)))
                    .map_err(without_values),
                5 => transaction(array::<5, _>(row), |rows| run.steps(numbers, &mut changed(rows)))
                    .map_err(without_values),
                6 => transaction(array::<6, _>(row), |rows| run.steps(numbers, &mut changed(rows)))
                    .map_err(without_values),
                count => unreachable!("{count} rows"),
            },
            Arrangement::Vector => {
                transaction(all(), |rows| run.steps(numbers, &mut changed(rows))).map_err(without_values)
            }
            Arrangement::Slice => {
                transaction(&all()[..], |rows| run.steps(numbers, &mut changed(rows))).map_err(without_values)
            }
            Arrangement::Mixture => transaction((row(0), all().split_off(1)), |(first, others)| {
                let mut rows: Vec<&mut dyn Changed> = vec![first];
                rows.extend(changed(others));
                run.steps(numbers, &mut rows)
            })
            .map_err(without_values),
        })
    }

    fn view(&self, rows: &[Row]) -> Vec<Answer> {
        let maps = self.0.len();
        let keys: Vec<K> = rows.iter().map(|&row| key(row, maps)).collect();
        let row = |at: usize| self.0[rows[at] % maps].row(&keys[at]);
        let all = || (0..rows.len()).map(row).collect::<Vec<_>>();
        match Arrangement::of(rows) {
            Arrangement::Tuple => match rows.len() {
                2 => observe((row(0), row(1)), |(a, b)| seen(&[&a, &b])),
                3 => observe((row(0), row(1), row(2)), |(a, b, c)| seen(&[&a, &b, &c])),
                4 => observe((row(0), row(1), row(2), row(3)), |(a, b, c, d)| seen(&[&a, &b, &c, &d])),
                5 => observe((row(0), row(1), row(2), row(3), row(4)), |(a, b, c, d, e)| seen(&[&a, &b, &c, &d, &e])),
                6 => observe((row(0), row(1), row(2), row(3), row(4), row(5)), |(a, b, c, d, e, f)| {
                    seen(&[&a, &b, &c, &d, &e, &f])
                }),
                count => unreachable!("{count} rows"),
            },
            Arrangement::Array => match rows.len() {
                2 => observe(array::<2, _>(row), |rows| seen_all(&rows)),
                3 => observe(array::<3, _>(row), |rows| seen_all(&rows)),
                4 => observe(array::<4, _>(row), |rows| seen_all(&rows)),
                5 => observe(array::<5, _>(row), |rows| seen_all(&rows)),
                6 => observe(array::<6, _>(row), |rows| seen_all(&rows)),
                count => unreachable!("{count} rows"),
            },
            Arrangement::Vector => observe(all(), |rows| seen_all(&rows)),
            Arrangement::Slice => observe(&all()[..], |rows| seen_all(&rows)),
            Arrangement::Mixture => observe((row(0), all().split_off(1)), |(first, others)| {
                let mut answers = vec![first.seen()];
                answers.extend(seen_all(&others));
                answers
            }),
        }
    }

    fn churned(&self, number: u32) -> Option<&dyn Churned> {
        Some(&self.0[number as usize % self.0.len()])
    }
}

/// A map that refuses entries. All calls are transactions, and single ones have one row.
pub(crate) struct Refusing<M>(pub(crate) M);

impl<K, V, P, S> Subject for Refusing<ShardedMap<K, V, P, S>>
where
    K: Name,
    V: Payload,
    P: Policy<Lock: Serves<K, V>>,
    S: BuildHasher + Default + 'static,
    ShardedMap<K, V, P, S>: Sync,
{
    fn single(&self, row: Row, call: Call) -> Outcome {
        let key: K = key(row, 1);
        Run::run(&[Step { row, call }], End::Commit, true, |run| {
            transaction(self.0.row(&key), |only| run.steps(&[row], &mut [only]))
        })
    }

    fn transaction(&self, rows: &[Row], steps: &[Step], end: End) -> Outcome {
        let keys: Vec<K> = rows.iter().map(|&row| key(row, 1)).collect();
        let all: Vec<_> = keys.iter().map(|key| self.0.row(key)).collect();
        Run::run(steps, end, true, |run| transaction(all, |all| run.steps(rows, &mut changed(all))))
    }

    fn view(&self, rows: &[Row]) -> Vec<Answer> {
        let keys: Vec<K> = rows.iter().map(|&row| key(row, 1)).collect();
        let all: Vec<_> = keys.iter().map(|key| self.0.row(key)).collect();
        observe(all, |all| seen_all(&all))
    }
}

/// Two maps of different types. A transaction has a vector of rows of each.
pub(crate) struct Pair<M, N>(pub(crate) M, pub(crate) N);

/// The rows of the first map, then those of the second.
fn by_map(rows: &[Row]) -> (Vec<Row>, Vec<Row>) {
    rows.iter().partition(|&&row| row % 2 == 0)
}

impl<K, V, P, S, J, U, R, T> Subject for Pair<ShardedMap<K, V, P, S>, ShardedMap<J, U, R, T>>
where
    K: Name,
    V: Payload,
    P: Policy<Lock: Serves<K, V>>,
    S: BuildHasher + Default + 'static,
    J: Name,
    U: Payload,
    R: Policy<Lock: Serves<J, U>>,
    T: BuildHasher + Default + 'static,
    ShardedMap<K, V, P, S>: Churned + Sync,
    ShardedMap<J, U, R, T>: Churned + Sync,
{
    fn single(&self, row: Row, call: Call) -> Outcome {
        let key = u32::try_from(row / 2).expect("a few rows");
        Outcome::of(vec![if row.is_multiple_of(2) { self.0.call(key, call) } else { self.1.call(key, call) }])
    }

    fn transaction(&self, rows: &[Row], steps: &[Step], end: End) -> Outcome {
        let (first, second) = by_map(rows);
        let keys: Vec<K> = first.iter().map(|&row| key(row, 2)).collect();
        let others: Vec<J> = second.iter().map(|&row| key(row, 2)).collect();
        let numbers = [first, second].concat();
        let rows: Vec<_> = keys.iter().map(|key| self.0.row(key)).collect();
        let others: Vec<_> = others.iter().map(|key| self.1.row(key)).collect();
        Run::run(steps, end, false, |run| match (&rows[..], &others[..]) {
            // The later map first: the order of the locks is not that of the rows.
            (&[row], &[other]) => {
                transaction((other, row), |(other, row)| run.steps(&numbers, &mut [row as &mut dyn Changed, other]))
                    .map_err(without_values)
            }
            (&[row], others) => transaction((row, others), |(row, others)| {
                let mut rows: Vec<&mut dyn Changed> = vec![row];
                rows.extend(changed(others));
                run.steps(&numbers, &mut rows)
            })
            .map_err(without_values),
            (rows, others) => transaction((others, rows), |(others, rows)| {
                let mut rows = changed(rows);
                rows.extend(changed(others));
                run.steps(&numbers, &mut rows)
            })
            .map_err(without_values),
        })
    }

    fn view(&self, rows: &[Row]) -> Vec<Answer> {
        let (first, second) = by_map(rows);
        let keys: Vec<K> = first.iter().map(|&row| key(row, 2)).collect();
        let others: Vec<J> = second.iter().map(|&row| key(row, 2)).collect();
        let first_rows: Vec<_> = keys.iter().map(|key| self.0.row(key)).collect();
        let second_rows: Vec<_> = others.iter().map(|key| self.1.row(key)).collect();
        let answers =
            observe((second_rows, first_rows), |(others, rows)| [seen_all(&rows), seen_all(&others)].concat());
        let numbers = [first, second].concat();
        let answer = |row| answers[numbers.iter().position(|&number| number == row).expect("it was read")];
        rows.iter().map(|&row| answer(row)).collect()
    }

    fn churned(&self, number: u32) -> Option<&dyn Churned> {
        Some(if number.is_multiple_of(2) { &self.0 } else { &self.1 })
    }
}
