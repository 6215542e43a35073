//! The modules of a crate, and which of them each one uses, read from the tokens of its files.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs, mem,
    path::Path,
};

/// A path, name by name. That of a module starts at the crate, so that of `lib.rs` is empty.
pub(crate) type Names = Vec<String>;

/// The modules that each module uses. A module uses the children that it declares. A path that leads through re-exports
/// is a use of the module where it ends, not of those on the way.
pub(crate) type Uses = BTreeMap<Names, BTreeSet<Names>>;

/// One file.
#[derive(Default)]
pub(crate) struct Source {
    pub(crate) has_unsafe: bool,
    children: BTreeSet<String>,
    /// The names that `use` brings in, and what they stand for.
    imports: BTreeMap<String, Names>,
    /// All paths in the file.
    paths: BTreeSet<Names>,
}

/// The files of the crate in this folder, without its tests and models.
pub(crate) fn read(folder: &Path) -> BTreeMap<Names, Source> {
    let mut sources = BTreeMap::new();
    let mut unread = vec![(Names::new(), folder.join("lib.rs"))];
    while let Some((module, file)) = unread.pop() {
        let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let source = Source::new(&text);
        for child in &source.children {
            let module = child_of(&module, child);
            let path = folder.join(module.join("/"));
            let file = Some(path.with_extension("rs")).filter(|file| file.exists());
            unread.push((module, file.unwrap_or_else(|| path.join("mod.rs"))));
        }
        sources.insert(module, source);
    }
    sources
}

fn child_of(module: &Names, child: &str) -> Names {
    module.iter().map(String::as_str).chain([child]).map(str::to_owned).collect()
}

pub(crate) fn uses(sources: &BTreeMap<Names, Source>) -> Uses {
    let uses_of = |(module, source): (&Names, &Source)| {
        let children = source.children.iter().map(|child| child_of(module, child));
        let named = source.paths.iter().filter_map(|path| resolve(module, path, sources));
        (module.clone(), children.chain(named).filter(|used| used != module).collect())
    };
    sources.iter().map(uses_of).collect()
}

/// The module that has what this path in `user` names, if it is one of the crate.
fn resolve(user: &Names, path: &[String], sources: &BTreeMap<Names, Source>) -> Option<Names> {
    let (mut module, start) = match path[0].as_str() {
        "crate" => (Names::new(), 1),
        "super" | "self" => (user.clone(), 0),
        child if sources[user].children.contains(child) => (user.clone(), 0),
        _ => return None,
    };
    for (at, name) in path.iter().enumerate().skip(start) {
        let source = &sources[&module];
        if name == "super" {
            module.pop();
        } else if source.children.contains(name) {
            module.push(name.clone());
        } else if let Some(import) = source.imports.get(name).filter(|_| name != "self") {
            let through = [import.as_slice(), &path[at + 1..]].concat();
            return resolve(&module, &through, sources).or(Some(module));
        } else if name != "self" {
            break;
        }
    }
    Some(module)
}

impl Source {
    fn new(text: &str) -> Self {
        let mut source = Source::default();
        source.read(text.parse().expect("tokens"), false);
        source
    }

    /// `inner` says that these tokens are in a module that is written out in the file, whose parent is the file's
    /// module.
    fn read(&mut self, tokens: TokenStream, inner: bool) {
        let mut tokens = tokens.into_iter().peekable();
        let (mut path, mut colons) = (Names::new(), 0);
        let mut declared = None;
        while let Some(token) = tokens.next() {
            match token {
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                TokenTree::Ident(name) => {
                    if colons != 2 {
                        declared = path.last().is_some_and(|before| before == "mod").then(|| name.to_string());
                        self.add(mem::take(&mut path), inner);
                    }
                    colons = 0;
                    match name.to_string().as_str() {
                        "use" => {
                            let tree = tokens.by_ref().take_while(|token| !is_punct(token, ';'));
                            self.read_use(&tree.collect::<Vec<_>>(), &[], inner);
                        }
                        // What is quoted is code of another crate.
                        "quote" | "quote_spanned" if tokens.next_if(|token| is_punct(token, '!')).is_some() => {
                            tokens.next();
                        }
                        name => {
                            self.has_unsafe |= name == "unsafe";
                            path.push(name.to_owned());
                        }
                    }
                }
                TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket && is_test(&group.stream()) => {
                    // The item ends with its body or with a semicolon.
                    while let Some(token) = tokens.next_if(|token| !is_punct(token, ';')) {
                        if matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace) {
                            break;
                        }
                    }
                }
                TokenTree::Group(group) => {
                    let before = mem::take(&mut path);
                    if before != ["pub"] {
                        self.read(group.stream(), inner || declared.take().is_some());
                    }
                    self.add(before, inner);
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => {
                    self.children.extend(declared.take().filter(|_| is_punct(&token, ';')));
                    self.add(mem::take(&mut path), inner);
                }
            }
        }
        self.add(path, inner);
    }

    /// Reads what stands between `use` and its semicolon.
    fn read_use(&mut self, tree: &[TokenTree], before: &[String], inner: bool) {
        'paths: for tree in tree.split(|token| is_punct(token, ',')).filter(|tree| !tree.is_empty()) {
            let mut path = before.to_vec();
            let mut name = None;
            for token in tree {
                match token {
                    TokenTree::Ident(word) if word == "as" => name = path.last().cloned(),
                    // After `as`.
                    TokenTree::Ident(word) if name.is_some() => name = Some(word.to_string()),
                    // `a::{self}` is `a`.
                    TokenTree::Ident(word) if word == "self" && !path.is_empty() => {}
                    TokenTree::Ident(word) => path.push(word.to_string()),
                    TokenTree::Group(group) => {
                        let tree: Vec<_> = group.stream().into_iter().collect();
                        self.read_use(&tree, &path, inner);
                        continue 'paths;
                    }
                    _ => {}
                }
            }
            let name = name.or_else(|| path.last().cloned());
            let path = from_file(path, inner);
            self.imports.extend(name.filter(|_| !inner).map(|name| (name, path.clone())));
            self.paths.insert(path);
        }
    }

    fn add(&mut self, path: Names, inner: bool) {
        if path.len() > 1 {
            self.paths.insert(from_file(path, inner));
        }
    }
}

/// A path as it would be outside the module in the file.
fn from_file(mut path: Names, inner: bool) -> Names {
    if inner && path.first().is_some_and(|first| first == "super") {
        "self".clone_into(&mut path[0]);
    }
    path
}

fn is_punct(token: &TokenTree, punct: char) -> bool {
    matches!(token, TokenTree::Punct(token) if token.as_char() == punct)
}

/// Whether an attribute leaves its item to tests or to loom's models.
fn is_test(attribute: &TokenStream) -> bool {
    let attribute = attribute.to_string().replace(' ', "");
    ["cfg(test)", "cfg(doctest)"].contains(&attribute.as_str()) || attribute.starts_with("cfg(all(test,")
}

#[test]
fn uses_are_found() {
    let files = [
        ("", "mod a; mod b; pub mod c {} pub use a::{one::One, two as second}; use std::fmt;"),
        ("a", "pub(crate) mod one; mod two; pub(crate) use one::{self as first, inner::{Inner}}; pub use two::*;"),
        ("a::one", "pub struct One; mod inner { use super::One; pub struct Inner; } impl Inner { unsafe fn f() {} }"),
        ("a::two", "#[cfg(test)] mod tests { use crate::b::B; } #[cfg(not(test))] fn f() { super::super::b::f() }"),
        (
            "b",
            "use crate::{One as Other, second,}; fn f() { quote!(crate::b::b()); format!(\"{}\", crate::a::first::f()) }",
        ),
    ];
    let names = |path: &str| path.split("::").filter(|name| !name.is_empty()).map(str::to_owned).collect::<Names>();
    let sources = files.map(|(path, text)| (names(path), Source::new(text))).into();
    let all = uses(&sources);
    let used = |path| all[&names(path)].iter().map(|used| used.join("::")).collect::<Vec<_>>();
    assert_eq!(used(""), ["a", "a::one", "a::two", "b"]);
    assert_eq!(used("a"), ["a::one", "a::two"]);
    assert!(used("a::one").is_empty());
    assert_eq!(used("a::two"), ["b"]);
    assert_eq!(used("b"), ["a::one", "a::two"]);
    let has_unsafe = files.map(|(path, _)| sources[&names(path)].has_unsafe);
    assert_eq!(has_unsafe, [false, false, true, false, false]);
}
