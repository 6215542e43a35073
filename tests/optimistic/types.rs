//! Keys and values of types that have padding, few valid bit patterns, no size, or a strict alignment.

use super::{
    Map,
    common::{
        ignore,
        policy::{Never, Of, Times, Ttl},
        threads::{Dice, together},
    },
    steps,
};
use sharded::{
    builder::BuildField,
    clock::System,
    evict::{Lru, MakesRoom, Unbounded},
    lock::Optimistic,
};
use std::{
    fmt::Debug,
    hash::Hash,
    num::{NonZero, NonZeroU8},
};

/// A type of which there are some samples, `LEN` different ones.
trait Sample: Copy + Debug + PartialEq + Send + Sync + 'static {
    const LEN: u64;
    fn of(number: u64) -> Self;
    /// Whether the reference is to a valid value at a fitting address; for those of which the compiler assumes it, by
    /// looking at it.
    fn is_valid(&self) -> bool {
        (&raw const *self).is_aligned() && (0..Self::LEN).any(|number| Self::of(number) == *self)
    }
}

fn byte(number: u64) -> u8 {
    u8::try_from(number % 256).expect("a byte")
}

macro_rules! samples {
    ($($type:ty: $len:literal, |$number:ident| $of:expr;)*) => {$(
        impl Sample for $type {
            const LEN: u64 = $len;
            fn of($number: u64) -> Self {
                $of
            }
        }
    )*};
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Plain {
    A,
    B,
    C,
}

/// Its tag shares words with what it holds, and some variants leave bytes that are never written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Holding {
    Nothing,
    Byte(u8),
    Words(u64, u32),
    Char(char, bool),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(align(16))]
struct Align16(u64);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(align(64))]
struct Align64(u8);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(align(32))]
struct NoSize;

samples! {
    (): 1, |number| ignore(number);
    NoSize: 1, |number| { ignore(number); NoSize };
    u8: 256, |number| byte(number);
    u16: 100, |number| u16::from(byte(number)) * 0x101;
    u64: 100, |number| number.wrapping_sub(1);
    u128: 100, |number| u128::from(number) << 64 | u128::from(!number);
    [u8; 3]: 100, |number| [byte(number), byte(number + 1), byte(number + 2)];
    [u16; 5]: 100, |number| [u16::from(byte(number)); 5];
    (u8, u64): 100, |number| (byte(number), number * 3);
    (u64, u8, u32): 100, |number| (number, byte(number), 7);
    bool: 2, |number| number % 2 == 1;
    [bool; 9]: 2, |number| [number % 2 == 1; 9];
    NonZeroU8: 255, |number| NonZero::new(byte(number % 255) + 1).expect("not zero");
    NonZero<u64>: 100, |number| NonZero::new((number + 1) << 40).expect("not zero");
    Option<NonZero<u32>>: 100, |number| NonZero::new(u32::from(byte(number)));
    Option<(u8, u64)>: 100, |number| (number > 0).then_some((byte(number), number));
    char: 5, |number| ['\0', '\u{D7FF}', '\u{E000}', 'x', char::MAX][usize::try_from(number % 5).expect("an index")];
    Plain: 3, |number| [Plain::A, Plain::B, Plain::C][usize::try_from(number % 3).expect("an index")];
    Holding: 100, |number| match number {
        0 => Holding::Nothing,
        1 | 2 => Holding::Char('\u{10FFFF}', number == 1),
        _ if number.is_multiple_of(2) => Holding::Byte(byte(number)),
        _ => Holding::Words(number, u32::MAX),
    };
    &'static str: 4, |number| ["", "one", "another", "and one more"][usize::try_from(number % 4).expect("an index")];
    Align16: 100, |number| Align16(number);
    Align64: 100, |number| Align64(byte(number));
}

/// One thread writes, two read; the keys have several homes and the table grows and shrinks.
fn check<K: Sample + Eq + Hash, V: Sample, X: Times, E: MakesRoom, const CAPACITY: usize>()
where
    Map<K, V, X, E, 2, CAPACITY>: BuildField<Of<Optimistic, X, E, System, 2, CAPACITY>> + Sync,
{
    let map: Map<K, V, X, E, 2, CAPACITY> = Map::new();
    let keys = K::LEN.min(100);
    map.extend((0..keys).map(|key| (K::of(key), V::of(key % V::LEN))));
    together(3, |thread| {
        let mut dice = Dice::new(thread);
        for step in 0..steps() / 4 {
            let (key, value) = (K::of(dice.below(keys)), V::of(dice.below(V::LEN)));
            if thread > 0 {
                if let Some(found) = map.get(&key) {
                    assert!(found.is_valid(), "{found:?}");
                }
                if let Some(found) = map.get_many(&[key])[0] {
                    assert!(found.is_valid(), "{found:?}");
                }
                // The address of a copy is as good as that of the entry.
                map.with(&key, |found| assert!(found.is_valid(), "{found:?}"));
                continue;
            }
            match step % 8 {
                0 => ignore(map.remove(&key)),
                1 => ignore(map.with_mut(&key, |old| *old = value)),
                2 => ignore(map.upsert(key, || value, |old| *old = value)),
                _ => ignore(map.insert(key, value)),
            }
            if step % 100 == 99 {
                map.for_each(|key, value| assert!(key.is_valid() && value.is_valid(), "{key:?}: {value:?}"));
                map.retain(|key, value| {
                    assert!(key.is_valid() && value.is_valid(), "{key:?}: {value:?}");
                    step % 200 == 99
                });
            }
        }
    });
    // Alone at last, it is a map as any other.
    map.clear();
    for key in 0..keys {
        assert_eq!(map.insert(K::of(key), V::of(key % V::LEN)), None);
    }
    for key in (0..keys).filter(|_| CAPACITY == 0) {
        assert_eq!(map.get(&K::of(key)), Some(V::of(key % V::LEN)), "{:?}", K::of(key));
    }
    for (key, value) in map.drain() {
        assert!(key.is_valid() && value.is_valid(), "{key:?}: {value:?}");
    }
}

fn under_all<K: Sample + Eq + Hash, V: Sample>() {
    check::<K, V, Never, Unbounded, 0>();
    check::<K, V, Ttl<3_600_000>, Lru, 50>();
}

#[test]
fn values_with_few_valid_patterns() {
    under_all::<u64, bool>();
    under_all::<u64, [bool; 9]>();
    under_all::<u64, char>();
    under_all::<u64, NonZeroU8>();
    under_all::<u64, NonZero<u64>>();
    under_all::<u64, Option<NonZero<u32>>>();
    under_all::<u64, Plain>();
    under_all::<u64, Holding>();
    under_all::<u64, &'static str>();
}

#[test]
fn values_of_odd_sizes() {
    under_all::<u64, ()>();
    under_all::<u64, NoSize>();
    under_all::<u64, u8>();
    under_all::<u64, [u8; 3]>();
    under_all::<u8, [u16; 5]>();
    under_all::<u64, (u8, u64)>();
    under_all::<u16, (u64, u8, u32)>();
    under_all::<u64, Option<(u8, u64)>>();
    under_all::<u64, Align64>();
    under_all::<u8, u128>();
}

#[test]
fn keys_of_odd_types() {
    under_all::<(), u64>();
    under_all::<NoSize, ()>();
    under_all::<u8, ()>();
    under_all::<bool, u8>();
    under_all::<[u8; 3], [u8; 3]>();
    under_all::<(u8, u64), (u8, u64)>();
    under_all::<char, char>();
    under_all::<NonZero<u64>, NonZeroU8>();
    under_all::<Plain, u64>();
    under_all::<Holding, Holding>();
    under_all::<Option<(u8, u64)>, u8>();
    under_all::<&'static str, u64>();
    under_all::<u128, u8>();
    under_all::<Align16, u64>();
    under_all::<Align16, Align64>();
    under_all::<Align64, [u8; 3]>();
}
