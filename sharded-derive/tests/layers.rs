//! The layers of the macro: a file uses only files of its own layer and of lower ones, and no two files use each other,
//! directly or through others. What a file uses is read from its `use` lines.

use std::collections::{BTreeMap, BTreeSet};
use std::{fs, path::Path};
use syn::{Item, UseTree};

/// The modules of each layer, the lowest first.
const LAYERS: [&[&str]; 7] = [
    &["diag", "names", "suggest"],
    &["syntax"],
    &["model", "conditional"],
    &["resolve"],
    &["check"],
    &["expand"],
    &["pipeline", ""],
];

/// A module's path in the crate. That of `lib.rs` is empty.
type Module = Vec<String>;

/// The modules of the crate without tests, each with the items of its file.
fn modules(folder: &Path, parent: &Module, modules: &mut BTreeMap<Module, Vec<Item>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let mut module = parent.clone();
        if name != "mod" && name != "lib" {
            module.push(name);
        }
        if ["tests", "docs", "snapshots"].iter().any(|test| module == [*test]) {
            continue;
        }
        if path.is_dir() {
            self::modules(&path, &module, modules);
        } else {
            let text = fs::read_to_string(&path).unwrap();
            modules.insert(module, syn::parse_file(&text).unwrap().items);
        }
    }
}

/// The paths of a `use`, each segment by segment.
fn paths(tree: &UseTree, prefix: &Module) -> Vec<Module> {
    let with = |name: &syn::Ident| prefix.iter().cloned().chain([name.to_string()]).collect::<Module>();
    match tree {
        UseTree::Path(path) => paths(&path.tree, &with(&path.ident)),
        UseTree::Name(name) => vec![with(&name.ident)],
        UseTree::Rename(rename) => vec![with(&rename.ident)],
        UseTree::Glob(_) => vec![prefix.clone()],
        UseTree::Group(group) => group.items.iter().flat_map(|tree| paths(tree, prefix)).collect(),
    }
}

/// The module that a path in `user` leads to, if it is one of the crate.
fn target(path: &Module, user: &Module, modules: &BTreeMap<Module, Vec<Item>>) -> Option<Module> {
    let child: Module = user.iter().cloned().chain([path[0].clone()]).collect();
    let (start, rest) = match path[0].as_str() {
        "crate" => (&[][..], &path[1..]),
        "super" => (&user[..user.len() - 1], &path[1..]),
        _ if modules.contains_key(&child) => (&user[..], &path[..]),
        _ => return None,
    };
    let mut module: Module = start.iter().chain(rest).filter(|segment| *segment != "self").cloned().collect();
    while !modules.contains_key(&module) {
        module.pop();
    }
    Some(module)
}

/// What each module uses. It also uses the children that it declares.
fn uses() -> BTreeMap<Module, BTreeSet<Module>> {
    let mut all = BTreeMap::new();
    modules(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &Module::new(), &mut all);
    assert!(all.len() > 30, "only {} modules", all.len());
    let uses = all.iter().map(|(user, items)| {
        let used = items.iter().flat_map(|item| match item {
            Item::Use(item) => paths(&item.tree, &Module::new()),
            Item::Mod(item) if item.content.is_none() => vec![vec![item.ident.to_string()]],
            _ => Vec::new(),
        });
        let used = used.filter_map(|path| target(&path, user, &all));
        (user.clone(), used.filter(|used| used != user).collect())
    });
    uses.collect()
}

#[test]
fn no_two_files_use_each_other() {
    fn visit(module: &Module, path: &[Module], uses: &BTreeMap<Module, BTreeSet<Module>>, done: &mut BTreeSet<Module>) {
        assert!(!path.contains(module), "these files use each other: {path:?}");
        if done.insert(module.clone()) {
            let path = [path, std::slice::from_ref(module)].concat();
            for used in &uses[module] {
                visit(used, &path, uses, done);
            }
        }
    }
    let uses = uses();
    visit(&Module::new(), &[], &uses, &mut BTreeSet::new());
}

#[test]
fn no_file_uses_a_higher_layer() {
    let layer = |module: &Module| {
        let name = module.first().map_or("", String::as_str);
        LAYERS.iter().position(|layer| layer.contains(&name)).unwrap_or_else(|| panic!("`{name}` has no layer"))
    };
    for (user, used) in uses() {
        for used in used {
            assert!(layer(&used) <= layer(&user), "{} uses {}", user.join("::"), used.join("::"));
        }
    }
}
