//! `--apply` changes what it was told to, and nothing else.

use proptest::prelude::{Just, Strategy, prop_assert, prop_assert_eq, prop_oneof, proptest};
use sharded_tune::source::{SourceError, apply, edited};

fn changes(list: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
    list.iter().map(|(name, value)| (*name, (*value).to_owned())).collect()
}

fn lock_of_carts(text: &str) -> Result<String, SourceError> {
    edited(text, "Shop", "carts", &changes(&[("lock", "RwLock")]))
}

#[test]
fn a_value_is_replaced_where_it_stands() {
    let text = "\
#![allow(unused)]
//! struct Shop { carts: not this one }

/// Docs with #[sharded] struct Shop { #[shard(lock = Mutex)] carts: u32 }.
#[derive(Clone)]
struct Other { carts: u32 }

macro_rules! stores {
    ($name:ident) => {
        #[sharded(ttl = \"1h\")]
        struct $name { #[shard(lock = Mutex)] carts: HashMap<u64, u32> }
    };
}

mod state {
    const TEXT: &str = r#\"#[sharded] struct Shop { #[shard(lock = Mutex)] carts: u32 }\"#;

    #[ sharded::sharded ( shards = 64 , ttl = \"1h\" ) ] // ünïcödé
    #[allow(dead_code)]
    pub(crate) struct Shop<T: Fn(u32) -> u32, const N: usize> where T: Send {
        /// The lock = Mutex of this one stays.
        #[shard(lock = Mutex)]
        prices: HashMap<u64, (u32, u32)>,
        /* lock = Mutex */
        #[shard(
            capacity = 10_000, // lock = Mutex,
            lock = /* which */ self::Mutex<u32, 4> /* is slow */,
            evict = Lru,
        )]
        #[cfg(unix)]
        pub(super) carts: HashMap<Vec<u64>, fn(u8) -> u32>,
    }
}

#[sharded]
struct Bazaar { #[shard(lock = Mutex)] carts: HashMap<u64, u32> }
";
    let expected = text.replace("self::Mutex<u32, 4> /* is", "RwLock /* is");
    assert_eq!(lock_of_carts(text).expect("it is there"), expected);
}

#[test]
fn an_option_is_added_behind_the_last_one() {
    let text = |options: &str| {
        format!("#[sharded]\nstruct Shop {{\n    #[shard({options})]\n    carts: HashMap<u64, u32>,\n}}\n")
    };
    for (before, after) in [
        ("ttl = \"1h\"", "ttl = \"1h\", lock = RwLock"),
        ("ttl = \"1h\",", "ttl = \"1h\", lock = RwLock,"),
        ("\n        ttl = \"1h\" // why\n    ", "\n        ttl = \"1h\", lock = RwLock // why\n    "),
        ("", "lock = RwLock"),
    ] {
        assert_eq!(lock_of_carts(&text(before)).expect("it is there"), text(after));
    }
}

#[test]
fn a_field_without_an_attribute_is_given_one() {
    let text = "#[sharded(ttl = \"1h\")]\r\nstruct Shop {\r\n\t/// Docs.\r\n\tpub carts: HashMap<u64, u32>,\r\n}\r\n";
    let expected = text.replace("\tpub carts", "\t#[shard(lock = RwLock)]\r\n\tpub carts");
    assert_eq!(lock_of_carts(text).expect("it is there"), expected);

    let text = "#[sharded(ttl = \"1h\")] struct Shop { carts: HashMap<u64, u32> }";
    let expected = text.replace("{ carts", "{ #[shard(lock = RwLock)] carts");
    assert_eq!(lock_of_carts(text).expect("it is there"), expected);
}

#[test]
fn what_comes_before_the_code_stays() {
    let text = "\u{FEFF}#!/usr/bin/env run\n#[sharded]\nstruct Shop {\n    #[shard(lock = Mutex, ttl = \"1h\")]\n    carts: M,\n}\n";
    assert_eq!(lock_of_carts(text).expect("it is there"), text.replace("Mutex", "RwLock"));
}

#[test]
fn a_declaration_in_the_argument_of_a_macro_is_found() {
    let text = "cfg_if! { if #[cfg(unix)] { #[sharded] struct Shop { #[shard(lock = Mutex)] carts: M } } }";
    assert_eq!(lock_of_carts(text).expect("it is there"), text.replace("Mutex", "RwLock"));
}

#[test]
fn what_is_unclear_is_refused() {
    let missing = [
        "",
        "struct Shop { carts: M }",
        "#[sharded] struct Shop { other: M }",
        "#[sharded] enum E {} struct Shop { carts: M }",
    ];
    for text in missing {
        assert!(matches!(lock_of_carts(text), Err(SourceError::Missing(_))), "{text}");
    }
    let one = "#[sharded] struct Shop { #[shard(lock = Mutex)] carts: M }";
    for text in [
        format!("mod a {{ {one} }} mod b {{ {one} }}"),
        "#[sharded] struct Shop { #[shard(lock = Mutex)] #[shard(ttl = \"1h\")] carts: M }".to_owned(),
        "#[sharded] struct Shop { #[cfg_attr(unix, shard(lock = Mutex))] carts: M }".to_owned(),
        "#[sharded] struct Shop { #[cfg(unix)] carts: M, #[cfg(not(unix))] carts: M }".to_owned(),
    ] {
        assert!(matches!(lock_of_carts(&text), Err(SourceError::Unclear(_))), "{text}");
    }
    assert!(matches!(lock_of_carts("#[sharded] struct Shop { carts: M"), Err(SourceError::NotRust(_))));
}

#[test]
fn the_one_file_of_a_folder_that_declares_it_is_changed() {
    let folder = std::env::temp_dir().join(format!("sharded-tune-apply-{}", std::process::id()));
    let (state, other) = (folder.join("src/state.rs"), folder.join("src/other.rs"));
    std::fs::create_dir_all(folder.join("src")).expect("a folder");
    let declared = "#[sharded]\nstruct Shop {\n    #[shard(lock = Mutex)] // kept\n    carts: M,\n}\n";
    std::fs::write(&state, declared).expect("written");
    std::fs::write(&other, "struct Shop;\n").expect("written");
    let told = apply(&folder, "Shop", "carts", &changes(&[("lock", "RwLock")])).expect("applied");
    assert_eq!(told, state);
    assert_eq!(std::fs::read_to_string(&state).expect("read"), declared.replace("Mutex", "RwLock"));
    assert_eq!(std::fs::read_to_string(&other).expect("read"), "struct Shop;\n");
    assert_eq!(std::fs::read_dir(folder.join("src")).expect("read").count(), 2, "nothing is left beside them");

    std::fs::write(&other, declared).expect("written");
    let several = apply(&folder, "Shop", "carts", &changes(&[("lock", "Optimistic")]));
    assert!(matches!(several, Err(SourceError::Several(_, files)) if files.len() == 2));
    assert_eq!(std::fs::read_to_string(&other).expect("read"), declared, "neither has changed");
    std::fs::remove_dir_all(&folder).expect("removed");
}

/// What may stand between two tokens.
fn gap() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(" ".to_owned()),
        Just("\n    ".to_owned()),
        Just("\r\n\t".to_owned()),
        Just(" /* lock = Mutex, #[shard] */ ".to_owned()),
        Just(" // struct Shop { carts }\n".to_owned()),
        "[äß→ ]{1,4}".prop_map(|text| format!(" /* {text} */ ")),
    ]
}

proptest! {
    /// The text is put together from pieces, so it is known where the value is.
    #[test]
    fn all_but_the_value_stays_byte_for_byte(gaps in proptest::collection::vec(gap(), 12), before in 0..3_usize, after in 0..3_usize, docs in any_docs()) {
        let other = |name: &str| format!("{docs}#[shard(lock = Mutex)] {name}: HashMap<u64, Vec<u32>>,");
        let fields = |count: usize, of: &str| (0..count).map(|number| other(&format!("{of}{number}"))).collect::<String>();
        let head = format!(
            "{0}#[sharded({1}ttl = \"1h\")]{2}pub struct Shop{3}{{{4}{5}{docs}#[shard({6}evict = Lru,{7}lock ={8}",
            gaps[0], gaps[1], gaps[2], gaps[3], fields(before, "a"), gaps[4], gaps[5], gaps[6], gaps[7]
        );
        let tail = format!("{0},capacity = 10)]{1}carts: HashMap<u64, u32>,{2}{3}}}{0}", gaps[8], gaps[9], fields(after, "z"), gaps[10]);
        let text = format!("{head}Mutex{tail}");
        let new = edited(&text, "Shop", "carts", &changes(&[("lock", "Optimistic")])).expect("it is there");
        prop_assert_eq!(&new, &format!("{head}Optimistic{tail}"));
        // And back again.
        let back = edited(&new, "Shop", "carts", &changes(&[("lock", "Mutex")])).expect("it is there");
        prop_assert!(back == text);
    }
}

fn any_docs() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        Just("/// carts: Mutex\n".to_owned()),
        Just("#[doc = \"struct Shop {\"] ".to_owned())
    ]
}
