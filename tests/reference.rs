//! The reference page is complete: it has every option, every choice and every error. The errors are taken from
//! `tests/ui`, which has a case for each message.

use sharded::shards::{Auto, ShardCount};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    thread,
};

fn read(path: impl AsRef<Path>) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All files under a folder that end so, read.
fn files(folder: &str, ending: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().ends_with(ending) {
                found.push((path.clone(), read(path)));
            }
        }
    }
    found
}

fn page() -> String {
    read("sharded-runtime/reference.md")
}

/// The messages of the UI cases, each once, without the compiler's number.
fn messages() -> BTreeSet<String> {
    let mut messages = BTreeSet::new();
    for (_, stderr) in files("tests/ui", ".stderr") {
        for line in stderr.lines().filter(|line| line.starts_with("error")) {
            messages.extend(line.split_once(": ").map(|(_, message)| message.to_owned()));
        }
    }
    assert!(messages.len() >= 60, "tests/ui has only {} messages", messages.len());
    messages
}

/// What stands in backticks in the part of a text from `start` to the next of `ends`.
fn quoted(text: &str, start: &str, ends: &[char]) -> Option<BTreeSet<String>> {
    let (_, list) = text.split_once(start)?;
    let list = list.split(ends).next()?;
    Some(list.split('`').skip(1).step_by(2).map(str::to_owned).collect())
}

/// The names that the macro offers where it meets one that it does not know, by what comes before the list.
fn offered(start: &str) -> BTreeSet<String> {
    let lists: Vec<_> = messages().iter().filter_map(|message| quoted(message, start, &[';', '.'])).collect();
    assert!(!lists.is_empty(), "no message in tests/ui says `{start}…`");
    lists.into_iter().flatten().collect()
}

/// The page's sections about options.
fn sections() -> BTreeMap<String, String> {
    let page = page();
    let (_, options) = page.split_once("\n# Options\n").expect("the page has a part about options");
    let options = options.split("\n# ").next().unwrap();
    options
        .split("\n### ")
        .skip(1)
        .map(|section| {
            let (title, text) = section.split_once('\n').unwrap();
            (title.trim_matches('`').to_owned(), text.to_owned())
        })
        .collect()
}

#[test]
fn every_option_has_its_section() {
    let (on_struct, on_field) = (offered("The struct takes"), offered("A field takes"));
    let sections = sections();
    let documented: BTreeSet<_> = sections.keys().cloned().collect();
    assert_eq!(documented, &on_struct | &on_field, "the sections, and the options that the macro knows");
    for (option, text) in sections {
        let (on, value) = (line(&text, "- **On** "), line(&text, "- **Value** "));
        assert_eq!(on.contains("struct"), on_struct.contains(&option), "{option}: {on}");
        assert_eq!(on.contains("field"), on_field.contains(&option), "{option}: {on}");
        assert!(!value.is_empty(), "{option}");
        assert!(text.contains("\n- **Without it** ") || value == "none.", "{option} has a default");
    }
}

fn line<'a>(text: &'a str, start: &str) -> &'a str {
    let line = text.lines().find_map(|line| line.strip_prefix(start));
    line.unwrap_or_else(|| panic!("no line begins with `{start}` in:\n{text}"))
}

#[test]
fn every_choice_of_an_option_is_described() {
    let sections = sections();
    let kinds = ["lock", "eviction", "placement", "clock"].map(|kind| format!("unknown {kind}"));
    for (option, message) in ["lock", "evict", "numa", "clock"].into_iter().zip(kinds) {
        let said = messages().into_iter().find(|said| said.starts_with(&message));
        let said = said.unwrap_or_else(|| panic!("no message in tests/ui begins with `{message}`"));
        for choice in quoted(&said, "There are", &[';']).unwrap() {
            assert!(sections[option].contains(&format!("\n  - `{choice}`: ")), "{option} = {choice}");
        }
    }
    for unit in offered("and its unit, one of") {
        assert!(sections["capacity"].contains(&format!("`{unit}`")), "{unit}");
    }
    for unit in offered("The units are").iter().filter(|unit| unit.len() <= 2) {
        assert!(sections["ttl"].contains(&format!("`{unit}`")), "{unit}");
    }
}

/// There are shorter lists of the options, for those who look no further.
#[test]
fn every_option_is_in_the_tables() {
    let all = &offered("The struct takes") | &offered("A field takes");
    for (path, start) in [("README.md", "| `"), ("sharded-derive/src/lib.rs", "/// | `")] {
        let text = read(path);
        let listed = text.lines().filter_map(|line| line.strip_prefix(start)?.split('`').next());
        assert_eq!(listed.map(str::to_owned).collect::<BTreeSet<_>>(), all, "the table in {path}");
    }
}

/// `auto` is what the tables say, for any number of CPUs.
#[test]
fn auto_is_as_described() {
    let cpus = thread::available_parallelism().map_or(1, usize::from);
    for path in ["README.md", "sharded-runtime/reference.md"] {
        let text = read(path);
        let (_, auto) = text.split_once("`auto`: ").expect("it says what `auto` is");
        let mut numbers = auto.split(|c: char| !c.is_ascii_digit()).filter_map(|number| number.parse::<usize>().ok());
        let [each, least, most] = [(); 3].map(|()| numbers.next().expect("three numbers"));
        assert!(auto.starts_with(&format!("{each} for each CPU, {least} to {most}")), "{path}");
        assert_eq!(Auto::count(), (each * cpus).clamp(least, most).next_power_of_two(), "{path}");
    }
}

/// The rows of the page's tables of errors: message, cure.
fn errors() -> Vec<(String, String)> {
    let page = page();
    let (_, errors) = page.split_once("\n# What does not compile\n").expect("the page has a part about errors");
    let rows = errors.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |")?.split_once(" | "));
    rows.filter(|(message, _)| *message != "message").map(|(a, b)| (a.to_owned(), b.to_owned())).collect()
}

/// Whether a text begins with this pattern, in which `…` stands for anything.
fn begins_with(text: &str, pattern: &str) -> bool {
    let mut pieces = pattern.split('…');
    let Some(mut rest) = pieces.next().and_then(|first| text.strip_prefix(first)) else { return false };
    for piece in pieces {
        let Some(at) = rest.find(piece) else { return false };
        rest = &rest[at + piece.len()..];
    }
    true
}

#[test]
fn patterns() {
    assert!(begins_with("unknown option `tll`, did you", "unknown option `…`"));
    assert!(begins_with("`a` is b, but c", "`…` is …, but"));
    assert!(!begins_with("the unknown option `tll`", "unknown option `…`"));
    assert!(!begins_with("`a` is b", "`…` is …, but"));
}

#[test]
fn every_error_has_its_cure() {
    let errors = errors();
    for message in messages().into_iter().chain(messages_of_the_runtime()) {
        let rows: Vec<_> = errors.iter().filter(|(pattern, _)| begins_with(&message, pattern)).collect();
        assert!(!rows.is_empty(), "sharded-runtime/reference.md has no cure for this error:\n{message}");
        assert!(rows.len() == 1, "more than one row is about this error:\n{message}\n{rows:#?}");
    }
    for (pattern, cure) in errors {
        let said: usize = pattern.split('…').map(|piece| piece.chars().filter(|c| c.is_alphanumeric()).count()).sum();
        assert!(said >= 8, "this is about too many errors: {pattern}");
        assert!(cure.ends_with('.'), "{pattern}: {cure}");
    }
}

/// What `#[diagnostic::on_unimplemented]` has the compiler say, whether a UI case provokes it or not.
fn messages_of_the_runtime() -> Vec<String> {
    let sources = files("sharded-runtime/src", ".rs");
    let lines = sources.iter().flat_map(|(_, source)| source.lines());
    let messages = lines.filter_map(|line| line.trim().strip_prefix("message = \"")?.strip_suffix("\","));
    let messages: Vec<_> = messages.map(str::to_owned).collect();
    assert!(messages.len() >= 10, "{messages:?}");
    messages
}

/// A row about a message that nobody says any more is out of date. The macro may say one that no UI case provokes.
#[test]
fn every_row_is_about_a_message_that_there_is() {
    let messages = messages();
    let sources: String = files("sharded-derive/src", ".rs").into_iter().map(|(_, source)| source).collect();
    for (pattern, _) in errors() {
        let longest = pattern.split('…').max_by_key(|piece| piece.len()).unwrap();
        let is_said = messages.iter().any(|message| begins_with(message, &pattern));
        assert!(is_said || sources.contains(&longest.replace('"', "\\\"")), "nothing says this: {pattern}");
    }
}

/// The table of features has those of the manifest.
#[test]
fn every_feature_is_on_the_page() {
    let manifest = read("sharded-runtime/Cargo.toml");
    let (_, features) = manifest.split_once("\n[features]\n").unwrap();
    let (features, _) = features.split_once("\n[").unwrap();
    let declared: BTreeSet<_> =
        features.lines().filter_map(|line| line.split_once(" = ")).map(|(name, _)| name).collect();
    let page = page();
    let (_, part) = page.split_once("\n# Features\n").unwrap();
    let (part, _) = part.split_once("\n# ").unwrap();
    let rows = part.lines().filter_map(|line| line.strip_prefix("| `"));
    let listed: BTreeSet<_> = rows.filter_map(|row| row.split_once('`')).map(|(name, _)| name).collect();
    assert!(declared.len() >= 5, "{declared:?}");
    assert_eq!(listed, declared);
}
