//! Transactions of two rows of plain fields: in one shard or two, of one map or two, whose shards may differ in type.

use crate::common::{
    ignore,
    policy::{Never, Of},
    threads::{Dice, must_end, together},
};
use sharded::{
    Policy, ShardedMap,
    builder::BuildField,
    clock::System,
    evict::Unbounded,
    lock::{Lock, Mutex, Optimistic, RwLock, Serves},
    rows::RowMut,
};

type Map<V, L, const SHARDS: usize = 4> = ShardedMap<u64, V, Of<L, Never, Unbounded, System, SHARDS>>;

/// A value of either map.
trait Number: Clone + PartialEq + std::fmt::Debug + Send + Sync + 'static {
    fn of(number: u64) -> Self;
}

impl Number for u64 {
    fn of(number: u64) -> Self {
        number
    }
}

impl Number for String {
    fn of(number: u64) -> Self {
        number.to_string()
    }
}

/// The ways to change a row, by number.
const CHANGES: u64 = 5;

/// Makes a change, and checks what the row had.
fn change<V: Number, P>(number: u64, row: &mut RowMut<'_, u64, V, P>, before: Option<&V>) {
    assert_eq!(row.get(), before);
    match number {
        0 => {}
        1 => row.insert(V::of(10)),
        2 => ignore(row.update(|value| *value = V::of(20))),
        3 => assert_eq!(row.remove(), before.is_some()),
        _ => ignore(row.or_insert_with(|| V::of(40))),
    }
}

/// What a change makes of a value.
fn after<V: Number>(number: u64, before: Option<V>) -> Option<V> {
    match number {
        0 => before,
        1 => Some(V::of(10)),
        2 => before.map(|_| V::of(20)),
        3 => None,
        _ => before.or(Some(V::of(40))),
    }
}

/// All pairs of changes, of keys that are there or not, in one shard or two, with either map first.
fn check<V: Number, W: Number, PV, PW>(one: &ShardedMap<u64, V, PV>, other: &ShardedMap<u64, W, PW>)
where
    PV: Policy<Lock: Serves<u64, V>, Eviction = Unbounded>,
    PW: Policy<Lock: Serves<u64, W>, Eviction = Unbounded>,
{
    for case in 0..CHANGES * CHANGES * 8 * 8 * 2 {
        let (by_one, by_other) = (case % CHANGES, case / CHANGES % CHANGES);
        let (a, b) = (case / CHANGES.pow(2) % 8, case / CHANGES.pow(2) / 8 % 8);
        let is_reversed = case / (CHANGES.pow(2) * 64) == 1;
        // The first four keys are there.
        for key in 0..8 {
            if key < 4 {
                one.insert(key, V::of(key));
                other.insert(100 + key, W::of(key));
            } else {
                one.remove(&key);
                other.remove(&(100 + key));
            }
        }
        let (value, other_value) = ((a < 4).then(|| V::of(a)), (b < 4).then(|| W::of(b)));
        let (key, other_key) = (a, 100 + b);
        let is_made = if is_reversed {
            sharded::transaction((other.row(&other_key), one.row(&key)), |(row_b, row_a)| {
                change(by_one, row_a, value.as_ref());
                Ok::<_, ()>(change(by_other, row_b, other_value.as_ref()))
            })
            .is_ok()
        } else {
            sharded::transaction((one.row(&key), other.row(&other_key)), |(row_a, row_b)| {
                change(by_one, row_a, value.as_ref());
                Ok::<_, ()>(change(by_other, row_b, other_value.as_ref()))
            })
            .is_ok()
        };
        assert!(is_made);
        for key in 0..8 {
            let whole = (key < 4).then(|| V::of(key));
            let other_whole = (key < 4).then(|| W::of(key));
            let expected = if key == a { after(by_one, whole) } else { whole };
            let other_expected = if key == b { after(by_other, other_whole) } else { other_whole };
            assert_eq!(one.with(&key, V::clone), expected, "{by_one} {by_other} {a} {b} {is_reversed}");
            assert_eq!(other.with(&(100 + key), W::clone), other_expected, "{by_one} {by_other} {a} {b} {is_reversed}");
        }
    }
}

fn check_lock<L: Lock + Serves<u64, u64>, M: Lock + Serves<u64, String>>()
where
    Map<u64, L>: BuildField<Of<L, Never, Unbounded, System, 4>>,
    Map<u64, L, 1>: BuildField<Of<L, Never, Unbounded, System, 1>>,
    Map<String, M>: BuildField<Of<M, Never, Unbounded, System, 4>>,
{
    // Of one map, in several shards or in one.
    let map = Map::<u64, L>::new();
    check(&map, &map);
    let map = Map::<u64, L, 1>::new();
    check(&map, &map);
    // Of two maps of one type, and of two types.
    check(&Map::<u64, L>::new(), &Map::<u64, L>::new());
    let (numbers, texts) = (Map::<u64, L>::new(), Map::<String, M>::new());
    check(&numbers, &texts);
    check(&texts, &numbers);
}

#[test]
fn two_rows_of_any_maps_change_together() {
    check_lock::<Mutex, Mutex>();
    check_lock::<RwLock, RwLock>();
    check_lock::<Optimistic, Mutex>();
}

/// Threads name the rows of two maps in either order, and both orders of locks occur.
#[test]
fn two_rows_of_two_types_lock_in_one_order() {
    must_end("transactions of two rows", || {
        let (numbers, texts) = (Map::<u64, Mutex>::new(), Map::<String, RwLock>::new());
        numbers.extend((0..8).map(|key| (key, 100)));
        texts.extend((0..8).map(|key| (key, "100".to_owned())));
        together(4, |thread| {
            let mut dice = Dice::new(thread);
            for _ in 0..2000 {
                let (a, b) = (dice.below(8), dice.below(8));
                let give = |number: &mut RowMut<'_, u64, u64, _>, text: &mut RowMut<'_, u64, String, _>| {
                    let left = number.get().and_then(|number| number.checked_sub(1)).ok_or(())?;
                    let sum = text.get().ok_or(())?.parse::<u64>().unwrap() + 1;
                    number.insert(left);
                    text.insert(sum.to_string());
                    Ok::<_, ()>(())
                };
                ignore(if thread % 2 == 0 {
                    sharded::transaction((numbers.row(&a), texts.row(&b)), |(number, text)| give(number, text)).is_ok()
                } else {
                    sharded::transaction((texts.row(&b), numbers.row(&a)), |(text, number)| give(number, text)).is_ok()
                });
            }
        });
        let of_texts: u64 = texts.values().iter().map(|text| text.parse::<u64>().unwrap()).sum();
        assert_eq!(numbers.values().iter().sum::<u64>() + of_texts, 1600);
        assert_eq!(numbers.values().iter().sum::<u64>(), 0);
    });
}
