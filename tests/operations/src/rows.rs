//! Transactions and reads of rows of one map or set. Their arrangement depends on their number: one row and two rows go
//! ways of their own.

use crate::{
    calls::Hasher,
    made::{Made, MadeKey},
    ops::{Answer, Key, RowStep},
    subject::{number, replace},
};
use sharded::{
    Policy, TransactionError,
    lock::Serves,
    observe,
    rows::{Row, RowMut, RowRef},
    transaction,
};

/// Makes these steps, one in each row. The answer has what each of them saw.
pub(crate) fn transact<K, V, P, S>(rows: Vec<Row<'_, K, V, P, S>>, steps: &[(Key, RowStep)], ends_well: bool) -> Answer
where
    K: MadeKey,
    V: Made,
    P: Policy<Lock: Serves<K, V>>,
    S: Hasher,
{
    fn is_refused<V>(result: &Result<(), TransactionError<(), V>>) -> bool {
        assert!(!matches!(result, Err(TransactionError::Taken { .. })), "index keys differ between entries");
        matches!(result, Err(TransactionError::Refused { .. }))
    }

    let mut seen = Vec::new();
    let mut change = |rows: &mut [&mut RowMut<'_, K, V, P>]| {
        for (row, &(_, step)) in rows.iter_mut().zip(steps) {
            seen.push(match step {
                RowStep::Read => row.get().map(number),
                RowStep::Put(new) => {
                    row.insert(V::of(new));
                    None
                }
                RowStep::Update(new) => row.update(|old| replace(old, new)),
                RowStep::OrPut(new) => Some(row.or_insert_with(|| V::of(new)).number()),
                RowStep::Remove => {
                    row.remove();
                    None
                }
            });
        }
        if ends_well { Ok(()) } else { Err(()) }
    };
    let is_refused = match rows[..] {
        [row] => is_refused(&transaction(row, |row| change(&mut [row]))),
        [a, b] => is_refused(&transaction((a, b), |(a, b)| change(&mut [a, b]))),
        _ => is_refused(&transaction(rows, |rows| change(&mut rows.iter_mut().collect::<Vec<_>>()))),
    };
    if is_refused { Answer::Refused } else { Answer::Values(seen) }
}

/// Reads all rows at one moment.
pub(crate) fn read<K, V, P, S>(rows: Vec<Row<'_, K, V, P, S>>) -> Answer
where
    K: MadeKey,
    V: Made,
    P: Policy<Lock: Serves<K, V>>,
    S: Hasher,
{
    let read = |row: &RowRef<'_, K, V>| row.get().map(number);
    Answer::Values(match rows[..] {
        [row] => observe(row, |row| vec![read(&row)]),
        [a, b] => observe((a, b), |(a, b)| vec![read(&a), read(&b)]),
        _ => observe(rows, |rows| rows.iter().map(read).collect()),
    })
}
