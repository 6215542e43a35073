//! Deeply nested values: every saved value can be loaded, and a value that could not be loaded is not saved.

use proptest::prelude::*;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sharded::{
    sharded,
    snapshot::{SaveError, Snapshot},
};
use std::{
    collections::{BTreeMap, HashMap},
    thread,
};

/// As deep as arrays, maps and structs may be nested.
const MOST: usize = 1023;

/// What a value is nested in.
#[derive(Clone, Copy, Debug)]
enum Shape {
    Tuple,
    Sequence,
    Map,
    Struct,
    Transparent,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
enum Tree {
    Leaf(u64),
    Tuple(u8, Box<Tree>),
    Sequence(Vec<Tree>),
    Map(BTreeMap<String, Tree>),
    Struct {
        inner: Option<Box<Tree>>,
        after: Vec<u8>,
    },
    /// It takes no level of its own.
    Transparent(Box<Tree>),
}

impl Tree {
    fn of(shapes: &[Shape]) -> Self {
        shapes.iter().rfold(Tree::Leaf(7), |inner, shape| match shape {
            Shape::Tuple => Tree::Tuple(1, Box::new(inner)),
            Shape::Sequence => Tree::Sequence(vec![Tree::Leaf(1), inner, Tree::Leaf(2)]),
            Shape::Map => Tree::Map([("key".to_owned(), inner)].into()),
            Shape::Struct => Tree::Struct { inner: Some(Box::new(inner)), after: Vec::new() },
            Shape::Transparent => Tree::Transparent(Box::new(inner)),
        })
    }
}

/// Read by trying, through what serde keeps of it meanwhile.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Either {
    Leaf(u64),
    Nested(Vec<Either>),
}

#[sharded(snapshot, ttl = "1h", shards = 1)]
struct Trees {
    values: HashMap<u8, Tree>,
    keys: HashMap<Tree, u8>,
    either: HashMap<u8, Either>,
}

/// Where there is room for some thousand calls within each other, in a build without optimizations too.
fn with_a_large_stack(run: impl FnOnce() + Send + 'static) {
    let thread = thread::Builder::new().stack_size(256 << 20).spawn(run).unwrap();
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
}

/// Saves and restores; whether it could be saved.
#[track_caller]
fn restarts(trees: &Trees, field: &'static str) -> bool {
    let mut file = Vec::new();
    match trees.save(&mut file) {
        Ok(_) => {
            let next = Trees::new();
            next.restore(&file[..]).expect("what was saved can be loaded");
            let is_same = next.values().get(&1) == trees.values().get(&1)
                && next.either().get(&1) == trees.either().get(&1)
                && next.keys().keys() == trees.keys().keys();
            assert!(is_same);
            true
        }
        Err(error) => {
            assert!(matches!(error, SaveError::TooDeep { field: named } if named == field), "{error:?}");
            assert!(error.to_string().contains(field));
            assert!(Trees::new().restore(&file[..]).is_err(), "what was written is no snapshot");
            false
        }
    }
}

#[test]
fn the_limit_is_where_it_is_said_to_be() {
    with_a_large_stack(|| {
        for shape in [Shape::Tuple, Shape::Sequence, Shape::Map, Shape::Struct] {
            for depth in [1, 300, 600, MOST - 1, MOST, MOST + 1, 1100, 3000] {
                // A struct has one more for the array in it.
                let tree = Tree::of(&vec![shape; depth - usize::from(matches!(shape, Shape::Struct))]);
                let is_fine = depth <= MOST;

                let trees = Trees::new();
                trees.values().insert(1, tree.clone());
                assert_eq!(restarts(&trees, "values"), is_fine, "{shape:?} {depth}");
                let trees = Trees::new();
                trees.keys().insert(tree, 1);
                assert_eq!(restarts(&trees, "keys"), is_fine, "{shape:?} {depth}");
            }
        }
        for depth in [1, 600, MOST, MOST + 1, 3000] {
            let either = (0..depth).fold(Either::Leaf(1), |inner, _| Either::Nested(vec![inner]));
            let trees = Trees::new();
            trees.either().insert(1, either);
            assert_eq!(restarts(&trees, "either"), depth <= MOST, "{depth}");
        }
    });
}

/// To read a value takes much more of the stack than to write it. Neither a save nor a load uses up that of its thread.
#[test]
fn the_stack_of_a_thread_is_enough() {
    #[derive(Clone, Serialize, Deserialize)]
    enum Plain {
        Leaf(u64),
        Node(Vec<Plain>),
    }
    #[sharded(snapshot, ttl = "1h", shards = 1)]
    struct Store {
        values: HashMap<u8, Plain>,
    }
    let run = || {
        for (depth, is_fine) in [(MOST, true), (MOST + 1, false)] {
            let (store, next) = (Store::new(), Store::new());
            store.values().insert(1, (0..depth).fold(Plain::Leaf(1), |inner, _| Plain::Node(vec![inner])));
            let mut file = Vec::new();
            assert_eq!(store.save(&mut file).is_ok(), is_fine, "{depth}");
            assert_eq!(next.restore(&file[..]).is_ok(), is_fine, "{depth}");
            // Their drop is the type's own, and recurses.
            std::mem::forget((store, next));
        }
    };
    thread::Builder::new().stack_size(2 << 20).spawn(run).unwrap().join().unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_saved_can_be_loaded(
        shapes in prop::collection::vec(
            prop_oneof![
                Just(Shape::Tuple),
                Just(Shape::Sequence),
                Just(Shape::Map),
                Just(Shape::Struct),
                Just(Shape::Transparent),
            ],
            700..1600,
        ),
    ) {
        with_a_large_stack(move || {
            let trees = Trees::new();
            trees.values().insert(1, Tree::of(&shapes));
            // A struct has one more for the array in it.
            let deepest = shapes.iter().fold((0, 0), |(level, deepest), shape| match shape {
                Shape::Transparent => (level, deepest),
                Shape::Struct => (level + 1, deepest.max(level + 2)),
                _ => (level + 1, deepest.max(level + 1)),
            });
            assert_eq!(restarts(&trees, "values"), deepest.1 <= MOST, "{deepest:?}");
        });
    }
}

/// A `Deserialize` that goes on after an error within it takes nothing from the entries after it.
#[test]
fn errors_that_are_passed_over_add_up_to_nothing() {
    /// Refused once it has been read.
    #[derive(Debug)]
    struct Even(u64);
    impl<'de> Deserialize<'de> for Even {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Visitor;
            impl<'de> de::Visitor<'de> for Visitor {
                type Value = Even;
                fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str("an even number")
                }
                fn visit_seq<A: de::SeqAccess<'de>>(self, mut seq: A) -> Result<Even, A::Error> {
                    match seq.next_element()? {
                        Some(number) if number % 2 == 0 => Ok(Even(number)),
                        _ => Err(de::Error::custom("it is odd")),
                    }
                }
            }
            deserializer.deserialize_tuple(1, Visitor)
        }
    }
    /// Zero in place of what is refused.
    #[derive(Clone, Debug, PartialEq)]
    struct Lenient(u64);
    impl Serialize for Lenient {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            (self.0,).serialize(serializer)
        }
    }
    impl<'de> Deserialize<'de> for Lenient {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            Ok(Lenient(Even::deserialize(deserializer).map_or(0, |even| even.0)))
        }
    }
    #[sharded(snapshot, ttl = "1h")]
    struct Numbers {
        numbers: HashMap<u64, Lenient>,
    }
    let numbers = Numbers::new();
    numbers.numbers().extend((0..3000).map(|number| (number, Lenient(number))));
    let mut file = Vec::new();
    numbers.save(&mut file).unwrap();
    let next = Numbers::new();
    assert_eq!(next.restore(&file[..]).unwrap().entries, 3000);
    let is_right =
        |number: u64| next.numbers().get(&number) == Some(Lenient(number * u64::from(number.is_multiple_of(2))));
    assert!((0..3000).all(is_right));
}
