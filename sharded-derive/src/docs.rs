//! Tests that the documentation of options agrees with their declarations.
//!
//! The README, the reference page and the docs of the attribute have the same table of options.
//! `BLESS=1 cargo test -p sharded-derive` writes it.

use crate::syntax::declaration::{Declaration, On};
use crate::syntax::options::table::OPTIONS;
use std::{collections::BTreeSet, env, fs, path::PathBuf};

/// The files with the table, and the prefix of its lines there.
const TABLES: [(&str, &str); 3] =
    [("README.md", ""), ("sharded-runtime/reference.md", ""), ("sharded-derive/src/lib.rs", "/// ")];

fn path(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(file)
}

fn read(file: &str) -> String {
    fs::read_to_string(path(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// The lines of the table.
fn table() -> Vec<String> {
    let head = ["| option | on | meaning | values | without it |", "|---|---|---|---|---|"].map(str::to_owned);
    head.into_iter().chain(OPTIONS.iter().map(row)).collect()
}

fn row(option: &Declaration) -> String {
    let on = match option.on {
        On::Both => "struct, field",
        On::Struct => "struct",
        On::Field => "field",
    };
    let values = match option.choices.filter(|_| option.values.is_empty()) {
        Some(choices) => format!("`{}`, or a type of your own by its path", choices.names.join("`, `")),
        None => option.values.to_owned(),
    };
    let cells = [format!("`{}`", option.name), on.to_owned(), option.meaning.to_owned(), values, default(option)];
    format!("| {} |", cells.join(" | ")).replace("  ", " ")
}

/// What the documentation calls the default.
fn default(option: &Declaration) -> String {
    match option.choices.filter(|_| option.default.is_empty()) {
        Some(choices) => format!("`{}`", choices.names[0]),
        None => option.default.to_owned(),
    }
}

#[test]
fn tables_of_options_agree_with_the_declarations() {
    for (file, start) in TABLES {
        let text = read(file);
        let table: Vec<String> = table().iter().map(|line| format!("{start}{line}")).collect();
        let lines: Vec<&str> = text.lines().collect();
        let first = lines.iter().position(|line| *line == table[0]);
        let first = first.unwrap_or_else(|| panic!("{file} has no line `{}`", table[0]));
        let rows = lines[first..].iter().take_while(|line| line.starts_with(&format!("{start}|"))).count();
        let around = (lines[..first].iter(), lines[first + rows..].iter());
        let lines = around.0.copied().chain(table.iter().map(String::as_str)).chain(around.1.copied());
        let now = lines.chain([""]).collect::<Vec<_>>().join("\n");
        if env::var_os("BLESS").is_some() {
            fs::write(path(file), now).expect("it can be written");
        } else {
            let new: Vec<_> = table.iter().filter(|line| !text.contains(line.as_str())).collect();
            assert!(
                now == text,
                "the table of options in {file} differs from `syntax/options/table.rs`; \
                 `BLESS=1 cargo test -p sharded-derive` writes it. These rows are new: {new:#?}"
            );
        }
    }
}

/// The reference page has a section for each option, with the details.
#[test]
fn sections_of_the_reference_agree_with_the_declarations() {
    let page = read("sharded-runtime/reference.md");
    let (_, page) = page.split_once("\n# Options\n").expect("the page has a part about options");
    let page = page.split("\n# ").next().expect("there is a first piece");
    let sections: Vec<(&str, &str)> = page.split("\n### `").skip(1).filter_map(|text| text.split_once("`\n")).collect();
    let titles: Vec<&str> = sections.iter().map(|(title, _)| *title).collect();
    let names: Vec<&str> = OPTIONS.iter().map(|option| option.name).collect();
    assert_eq!(titles, names, "the sections of reference.md, in order");
    for (option, (title, text)) in OPTIONS.iter().zip(sections) {
        let line = |start: &str| text.lines().find_map(|line| line.strip_prefix(start)).unwrap_or_default();
        let on = match option.on {
            On::Both => "the struct or a field.",
            On::Struct => "the struct.",
            On::Field => "a field.",
        };
        assert_eq!(line("- **On** "), on, "reference.md, `{title}`");
        let default = default(option);
        let default = default.split(':').next().unwrap_or_default();
        let written = line("- **Without it** ");
        assert!(written.starts_with(default), "reference.md, `{title}`: `{written}` should begin with `{default}`");
    }
}

#[test]
fn declarations_agree_with_each_other() {
    let names: BTreeSet<_> = OPTIONS.iter().map(|option| option.name).collect();
    assert_eq!(names.len(), OPTIONS.len(), "two options have the same name");
    let mut synonyms = BTreeSet::new();
    for option in OPTIONS {
        for synonym in option.synonyms {
            assert!(!names.contains(synonym), "`{synonym}` of `{}` is an option", option.name);
            assert!(synonyms.insert(synonym), "`{synonym}` of `{}` belongs to another option too", option.name);
            assert_eq!(*synonym, synonym.to_lowercase(), "a synonym of `{}` is compared in lower case", option.name);
        }
        let needed = option.needs.as_ref().map(|needs| needs.option);
        assert!(needed.is_none_or(|needed| names.contains(needed)), "`{}` needs no option", option.name);
    }
}
