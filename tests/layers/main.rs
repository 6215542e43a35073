//! The layers of the runtime and of the macro. A file uses only files of its own layer and of lower ones, and no two
//! files use each other, directly or through others.

mod modules;

use modules::{Names, Source, Uses, read, uses};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

/// A crate of the workspace. `ARCHITECTURE.md` shows its layers.
struct Crate {
    /// From the root of the workspace.
    folder: &'static str,
    /// The lowest layer first. A module belongs to the layer that names it, or else its parent.
    layers: &'static [&'static [&'static str]],
    /// The modules that may have `unsafe` code, and all in them.
    unsafe_modules: &'static [&'static str],
}

const RUNTIME: Crate = Crate {
    folder: "sharded-runtime/src",
    layers: &[
        &["bounds", "clock", "contain", "deferred", "hasher", "waker"],
        &["memory"],
        &["observe"],
        // What a policy names.
        &["shard", "engine::evict", "engine::expiry", "engine::list"],
        &["policy"],
        &["engine"],
        // All fields of a store, without their types.
        &["record", "store"],
        &["snapshot"],
        &["error", "field"],
        &["map"],
        &["set"],
        &["index"],
        &["rows"],
        &["declared", "export", "node"],
        &["tier"],
        &["", "macro_support"],
    ],
    unsafe_modules: &["engine::table::raw", "memory", "shard::lock::raw"],
};

const MACRO: Crate = Crate {
    folder: "sharded-derive/src",
    layers: &[
        &["diag", "names", "suggest"],
        &["syntax"],
        &["conditional", "model"],
        &["resolve"],
        &["check"],
        &["expand"],
        &["", "pipeline"],
    ],
    unsafe_modules: &[],
};

impl Crate {
    fn read(&self) -> BTreeMap<Names, Source> {
        let sources = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join(self.folder));
        assert!(sources.len() > 30, "only {} files in {}", sources.len(), self.folder);
        sources
    }

    fn layer(&self, module: &Names) -> usize {
        let names = (1..=module.len()).rev().map(|len| module[..len].join("::"));
        names
            .chain(module.is_empty().then(String::new))
            .find_map(|name| self.layers.iter().position(|layer| layer.contains(&name.as_str())))
            .unwrap_or_else(|| panic!("{}: {} has no layer", self.folder, module.join("::")))
    }
}

/// The uses that break a rule: those of a higher layer, and those in a cycle.
fn broken(krate: &Crate, uses: &Uses) -> BTreeSet<(String, String)> {
    fn reach<'a>(from: &'a Names, uses: &'a Uses, reached: &mut BTreeSet<&'a Names>) {
        if reached.insert(from) {
            uses[from].iter().for_each(|to| reach(to, uses, reached));
        }
    }
    let mut broken = BTreeSet::new();
    for to in uses.keys() {
        let mut reached = BTreeSet::new();
        reach(to, uses, &mut reached);
        for from in uses.keys().filter(|from| uses[*from].contains(to)) {
            if reached.contains(from) || krate.layer(from) < krate.layer(to) {
                broken.insert((from.join("::"), to.join("::")));
            }
        }
    }
    broken
}

/// Whether this is the module or one in it.
fn is_in(module: &str, of: &str) -> bool {
    module.strip_prefix(of).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

fn architecture() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("ARCHITECTURE.md")).unwrap()
}

/// The layers in the picture of a crate, which has the highest first. `a/{b, c}` stands for `a/b, a/c`.
fn shown(krate: &Crate) -> Vec<Vec<String>> {
    let text = architecture();
    let (_, text) = text.split_once(&format!("in `{}/`:\n\n```text\n", krate.folder)).expect("a picture");
    let (picture, _) = text.split_once("\n```").unwrap();
    let names = |line: &str| {
        let mut folder = "";
        let mut names = Vec::new();
        for name in line.split("  ").next().unwrap().split(", ") {
            let (start, name) = name.split_once('{').unwrap_or((folder, name));
            folder = if name.ends_with('}') { "" } else { start };
            let name = format!("{start}{}", name.trim_end_matches('}')).replace('/', "::");
            names.push(if name == "lib" { String::new() } else { name });
        }
        names
    };
    picture.lines().rev().map(names).collect()
}

#[test]
fn the_files_of_the_architecture_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = architecture();
    let named =
        text.split('`').skip(1).step_by(2).filter(|name| name.ends_with('/') || Path::new(name).extension().is_some());
    let missing: Vec<_> = named
        .filter(|name| !["", RUNTIME.folder, MACRO.folder].iter().any(|folder| root.join(folder).join(name).exists()))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

fn check(krate: &Crate) {
    let sources = krate.read();
    let broken: Vec<_> = broken(krate, &uses(&sources)).iter().map(|(from, to)| format!("{from} uses {to}")).collect();
    assert!(broken.is_empty(), "{}: these use a higher layer, or each other:\n{}", krate.folder, broken.join("\n"));

    let shown = shown(krate);
    assert_eq!(shown, krate.layers, "ARCHITECTURE.md shows other layers of {}", krate.folder);

    for (module, _) in sources.iter().filter(|(_, source)| source.has_unsafe) {
        let module = module.join("::");
        let may = krate.unsafe_modules.iter().any(|allowed| is_in(&module, allowed));
        assert!(may, "{}: {module} has unsafe code", krate.folder);
    }
}

#[test]
fn runtime() {
    check(&RUNTIME);
}

#[test]
fn proc_macro() {
    check(&MACRO);
}
