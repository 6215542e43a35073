//! Declarations and their expansions: `snapshots/<name>.rs` and `<name>.expanded.rs`.
//!
//! The expansions are reviewed like code. `BLESS=1 cargo test -p sharded-derive` writes the present ones, and then
//! `git diff` shows what a change of the macro means for its users.

mod thin;

use crate::pipeline::pipeline;
use proc_macro2::TokenStream;
use quote::ToTokens;
use std::{collections::BTreeSet, env, fs, path::PathBuf};
use syn::{File, Item, ItemStruct, Meta};

/// A declaration from the folder and its expansion.
struct Snapshot {
    name: String,
    attribute: TokenStream,
    item: ItemStruct,
    expansion: File,
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("snapshots")
}

/// The names of the files in the folder with this ending, without it.
fn names(ending: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(folder()).expect("the folder is there");
    let files = entries.map(|entry| entry.expect("it can be read").file_name().into_string().expect("it is ASCII"));
    files.filter_map(|file| file.strip_suffix(ending).map(str::to_owned)).collect()
}

fn all() -> Vec<Snapshot> {
    let declared = names(".rs").into_iter().filter(|name| !name.ends_with(".expanded"));
    let all: Vec<Snapshot> = declared.map(snapshot).collect();
    assert!(all.len() >= 9, "only {} declarations in {}", all.len(), folder().display());
    all
}

fn snapshot(name: String) -> Snapshot {
    let text = fs::read_to_string(folder().join(format!("{name}.rs"))).expect("it can be read");
    let file = syn::parse_file(&text).unwrap_or_else(|error| panic!("{name}.rs: {error}"));
    let Ok([Item::Struct(item)]) = <[Item; 1]>::try_from(file.items) else { panic!("{name}.rs holds one struct") };
    of(name, item)
}

/// Expands a declaration.
fn of(name: String, mut item: ItemStruct) -> Snapshot {
    let at = item.attrs.iter().position(|attr| attr.path().is_ident("sharded"));
    let attribute = match item.attrs.remove(at.expect("the struct has the attribute")).meta {
        Meta::List(list) => list.tokens,
        _ => TokenStream::new(),
    };
    let expansion = pipeline(attribute.clone(), item.to_token_stream());
    let expansion = syn::parse2(expansion).unwrap_or_else(|error| panic!("{name}.rs expands to no items: {error}"));
    Snapshot { name, attribute, item, expansion }
}

#[test]
fn expansions_are_as_they_were_reviewed() {
    let mut failures = String::new();
    for Snapshot { name, expansion, .. } in all() {
        let name = format!("{name}.expanded.rs");
        let path = folder().join(&name);
        let now = prettyplease::unparse(&expansion);
        let before = fs::read_to_string(&path).unwrap_or_default();
        if now != before && env::var_os("BLESS").is_some() {
            fs::write(&path, now).expect("it can be written");
        } else if now != before {
            failures.extend(["\n", &name, "\n", &diff(&before, &now)]);
        }
    }
    assert!(
        failures.is_empty(),
        "the macro writes other code than was reviewed (-, before; +, now). Where that is meant, bless it with \
         `BLESS=1 cargo test -p sharded-derive`:\n{failures}"
    );
}

/// `examples/hello_expanded.rs` is `hello.rs` with its expansion written by hand. Only the comments differ.
#[test]
fn the_example_written_by_hand_is_what_the_macro_writes() {
    let items = |name: &str| {
        let path = folder().join("../../examples").join(name);
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        syn::parse_file(&text).unwrap_or_else(|error| panic!("{name}: {error}")).items
    };
    let expand = |item| match item {
        Item::Struct(item) => of("hello".to_owned(), item).expansion.items,
        item => vec![item],
    };
    let text = |items: Vec<Item>| {
        let items = items.into_iter().filter(|item| !matches!(item, Item::Use(_))).collect();
        prettyplease::unparse(&File { shebang: None, frontmatter: None, attrs: Vec::new(), items })
    };
    let written = text(items("hello_expanded.rs"));
    let expected = text(items("hello.rs").into_iter().flat_map(expand).collect());
    assert!(
        written == expected,
        "the macro writes other code than `examples/hello_expanded.rs` has (-, the example; +, the macro):\n{}",
        diff(&written, &expected)
    );
}

#[test]
fn no_expansion_is_left_without_its_declaration() {
    let declared = names(".rs");
    let orphans: Vec<_> = names(".expanded.rs").into_iter().filter(|name| !declared.contains(name)).collect();
    assert!(orphans.is_empty(), "no declaration makes {orphans:?}");
}

#[test]
fn expansions_hold_no_logic_and_name_only_absolute_paths() {
    for Snapshot { name, attribute, item, expansion } in all() {
        let found = thin::offences(&attribute, &item, &expansion);
        assert!(found.is_empty(), "{name}.expanded.rs: {found:#?}");
    }
}

#[test]
fn a_renamed_crate_is_not_called_by_its_own_name() {
    let renamed = snapshot("renamed".to_owned());
    assert!(thin::roots(&snapshot("hello".to_owned()).expansion).contains("sharded"));
    assert_eq!(thin::roots(&renamed.expansion), BTreeSet::from(["core".to_owned(), "framework".to_owned()]));
}

/// The lines that differ, each with three lines of context.
fn diff(before: &str, now: &str) -> String {
    const AROUND: usize = 3;
    let (before, now): (Vec<&str>, Vec<&str>) = (before.lines().collect(), now.lines().collect());
    let lines = edits(&before, &now);
    let is_near =
        |at: usize| lines[at.saturating_sub(AROUND)..lines.len().min(at + AROUND + 1)].iter().any(|l| l.0 != " ");
    let mut out = String::new();
    for (at, (sign, line)) in lines.iter().enumerate() {
        if is_near(at) {
            out.extend(["  ", sign, " ", line, "\n"]);
        } else if at > 0 && is_near(at - 1) {
            out += "    ...\n";
        }
    }
    out
}

/// All lines of both texts. A line that is only in one is marked `-` or `+`. Uses the longest common subsequence.
fn edits<'a>(before: &[&'a str], now: &[&'a str]) -> Vec<(&'static str, &'a str)> {
    let mut common = vec![vec![0_usize; now.len() + 1]; before.len() + 1];
    for i in (0..before.len()).rev() {
        for j in (0..now.len()).rev() {
            common[i][j] =
                if before[i] == now[j] { common[i + 1][j + 1] + 1 } else { common[i + 1][j].max(common[i][j + 1]) };
        }
    }
    let (mut i, mut j, mut edits) = (0, 0, Vec::new());
    while i < before.len() || j < now.len() {
        if i < before.len() && j < now.len() && before[i] == now[j] {
            edits.push((" ", before[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == now.len() || (i < before.len() && common[i + 1][j] >= common[i][j + 1]) {
            edits.push(("-", before[i]));
            i += 1;
        } else {
            edits.push(("+", now[j]));
            j += 1;
        }
    }
    edits
}

#[test]
fn a_diff_shows_what_changed() {
    let before = "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\nk\n";
    assert_eq!(diff(before, before), "");
    let now = "a\nb\nc\nd\ne\nF\ng\nh\ni\nj\nk\nl\n";
    let expected =
        ["    c", "    d", "    e", "  - f", "  + F", "    g", "    h", "    i", "    j", "    k", "  + l", ""];
    assert_eq!(diff(before, now), expected.join("\n"));
}
