//! The names of generated items.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use std::collections::BTreeSet;
use syn::ext::IdentExt;

/// The functions of a store besides its accessors, by origin. An accessor of the same name would hide them.
pub(crate) const STORE_FUNCTIONS: [(Origin, &[&str]); 5] = [
    (Origin::Store, &["new", "builder"]),
    (Origin::Trait("Store"), &["visit", "sweep", "clear", "placement", "recorder"]),
    (Origin::Trait("Snapshot"), &["visit_saved", "save", "restore", "load"]),
    (Origin::Trait("Default"), &["default"]),
    (Origin::Trait("Debug"), &["fmt"]),
];

/// The origin of a function: the store's own impl or a trait.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Origin {
    Store,
    Trait(&'static str),
}

/// The methods of a builder besides one per field.
pub(crate) const BUILDER_METHODS: [&str; 6] = ["clock", "shards", "sweep_by_hand", "topology", "checked", "build"];

/// A further one, if there is a tiered field.
pub(crate) const BUILDER_METHOD_OF_TIERS: &str = "redis";

/// The origin of the store's function with this name, if there is one.
pub(crate) fn origin(field: &Ident, has: impl Fn(&str) -> bool) -> Option<Origin> {
    let is_implemented = |origin: &Origin| !matches!(origin, Origin::Trait(name) if !has(name));
    let mut all = STORE_FUNCTIONS.into_iter();
    all.find(|(origin, names)| is_implemented(origin) && is_one_of(field, names)).map(|(origin, _)| origin)
}

/// Whether the name is one of these.
pub(crate) fn is_one_of(field: &Ident, names: &[&str]) -> bool {
    names.contains(&field.unraw().to_string().as_str())
}

/// `requests_by_day` becomes `RequestsByDay`, and `retry_1` becomes `Retry_1`. If an underscore or the case of a letter
/// would be lost, the name stays as it is, with an underscore before it: `_private` becomes `__private`. Therefore two
/// different names never become the same.
pub(crate) fn camel(snake: &str) -> String {
    let words: Option<String> = snake.split('_').map(camel_word).collect();
    words.unwrap_or_else(|| format!("_{snake}"))
}

/// `None` if two different words would become the same.
fn camel_word(word: &str) -> Option<String> {
    if word.chars().any(|letter| letter.to_lowercase().ne([letter])) {
        return None;
    }
    let mut letters = word.chars();
    let first = letters.next()?;
    let is_restorable = || first.to_uppercase().flat_map(char::to_lowercase).eq([first]);
    match first.to_uppercase().next() {
        Some(upper) if upper != first && first.to_uppercase().count() == 1 && is_restorable() => {
            Some(format!("{upper}{}", letters.as_str()))
        }
        _ if first.is_ascii_digit() => Some(format!("_{word}")),
        _ => None,
    }
}

/// The policy of field `visits` of struct `Hello` is `HelloVisits`.
///
/// A field `builder` is an error. Its policy gets another name than the builder, which would cause a second error.
pub(crate) fn policy(store: &Ident, field: &Ident, mentioned: &BTreeSet<String>) -> Ident {
    let field_name = field.unraw().to_string();
    let end = if field_name == "builder" { format!("_{field_name}") } else { camel(&field_name) };
    Ident::new(&unused(format!("{}{end}", store.unraw()), mentioned), generated(field.span()))
}

/// The builder of `Hello` is `HelloBuilder`.
pub(crate) fn builder(store: &Ident, mentioned: &BTreeSet<String>) -> Ident {
    Ident::new(&unused(format!("{}Builder", store.unraw()), mentioned), generated(store.span()))
}

/// The module with the policies and the builder of `Hello` is `__sharded_Hello`.
pub(crate) fn module(store: &Ident) -> Ident {
    Ident::new(&format!("__sharded_{}", store.unraw()), generated(store.span()))
}

/// The builder's type parameter for the skipped field `greeting` is `__Greeting`.
pub(crate) fn parameter(field: &Ident, taken: &BTreeSet<String>) -> Ident {
    let name = format!("__{}", camel(&field.unraw().to_string()));
    Ident::new(&unused(name, taken), generated(field.span()))
}

/// A field of the builder that belongs to no field of the user.
pub(crate) fn builder_field(name: &str, fields: &BTreeSet<String>) -> Ident {
    Ident::new(&unused(name.to_owned(), fields), Span::call_site())
}

/// The name, with as many underscores after it as make it differ from those that are taken.
pub(crate) fn unused(mut name: String, taken: &BTreeSet<String>) -> String {
    while taken.contains(&name) {
        name.push('_');
    }
    name
}

/// Collects the first segments of paths in these tokens: `HashMap` and `std` of `HashMap<std::string::String, u8>`.
pub(crate) fn mentioned(tokens: TokenStream, names: &mut BTreeSet<String>) {
    let mut colons = 0;
    for token in tokens {
        match &token {
            TokenTree::Punct(punct) if punct.as_char() == ':' => {
                colons += 1;
                continue;
            }
            TokenTree::Ident(ident) if colons != 2 => {
                names.insert(ident.unraw().to_string());
            }
            TokenTree::Group(group) => mentioned(group.stream(), names),
            _ => {}
        }
        colons = 0;
    }
}

/// The same name with the same span, marked as generated. Editors still lead from it to the user's code, and lints
/// about unused or unusual names ignore it.
pub(crate) fn marked(ident: &Ident) -> Ident {
    at(ident, generated(ident.span()))
}

/// The same name with this span.
///
/// If the span is marked as generated, the edition of this crate decides what is a keyword. So a name that is a keyword
/// in this edition, but not in the user's, becomes a raw identifier, which is the same name.
pub(crate) fn at(ident: &Ident, span: Span) -> Ident {
    /// The keywords since edition 2021. `syn` refuses all others as names, in every edition.
    const LATER_KEYWORDS: [&str; 1] = ["gen"];
    let name = ident.to_string();
    if LATER_KEYWORDS.contains(&name.as_str()) {
        return Ident::new_raw(&name, span);
    }
    let mut ident = ident.clone();
    ident.set_span(span);
    ident
}

/// A variable or parameter of generated code: `__store`.
///
/// A variable can't have the name of a constant or a static in scope, and the macro does not know those. They don't
/// begin with two underscores.
pub(crate) fn local(name: &str) -> Ident {
    Ident::new(&format!("__{name}"), Span::call_site())
}

/// This span, marked as generated code.
pub(crate) fn generated(span: Span) -> Span {
    span.resolved_at(Span::call_site())
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::format_ident;

    #[test]
    fn camel_case() {
        for (snake, expected) in [
            ("visits", "Visits"),
            ("requests_by_day", "RequestsByDay"),
            ("_private", "__private"),
            ("größe_ä", "GrößeÄ"),
            ("名前", "_名前"),
            ("http2_hits", "Http2Hits"),
            ("retry_1", "Retry_1"),
            ("retry1", "Retry1"),
            ("ǆ_ß", "_ǆ_ß"),
            ("camelCase", "_camelCase"),
            ("__", "___"),
        ] {
            assert_eq!(camel(snake), expected);
        }
    }

    /// The names of the methods of a trait of the runtime.
    fn methods(file: &str, name: &str) -> Vec<String> {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../sharded-runtime/src").join(file);
        let file = syn::parse_file(&std::fs::read_to_string(path).unwrap()).unwrap();
        let of_trait = file.items.into_iter().find_map(|item| match item {
            syn::Item::Trait(item) if item.ident == name => Some(item.items),
            _ => None,
        });
        let methods = of_trait.expect("the trait is there").into_iter().filter_map(|item| match item {
            syn::TraitItem::Fn(method) => Some(method.sig.ident.to_string()),
            _ => None,
        });
        methods.collect()
    }

    #[test]
    fn every_method_of_the_runtimes_traits_is_known() {
        for (file, name) in [("store/store.rs", "Store"), ("snapshot/mod.rs", "Snapshot")] {
            let (_, known) = STORE_FUNCTIONS.into_iter().find(|(origin, _)| *origin == Origin::Trait(name)).unwrap();
            let (mut methods, mut known) = (methods(file, name), known.to_vec());
            methods.sort();
            known.sort_unstable();
            assert_eq!(methods, known, "of `{name}`");
        }
    }

    /// Tries all names of up to five of these letters. Each letter stands for others of its kind.
    #[test]
    fn no_two_names_become_the_same() {
        let letters = ['a', 'b', 'A', 'B', '1', '_', 'ß', '名'];
        let mut names = vec![String::new()];
        let mut seen = std::collections::HashMap::new();
        for _ in 0..5 {
            names = names.iter().flat_map(|name| letters.map(|letter| format!("{name}{letter}"))).collect();
            for name in names.iter().filter(|name| !name.starts_with(|first: char| first.is_ascii_digit())) {
                if let Some(other) = seen.insert(camel(name), name.clone()) {
                    panic!("{name} and {other} both become {}", camel(name));
                }
            }
        }
    }

    #[test]
    fn a_name_that_the_user_mentions_is_not_taken() {
        let mut mentioned = BTreeSet::new();
        super::mentioned(quote::quote!(HashMap<u8, (CacheEntry, [types::CacheBuilder; 2])>), &mut mentioned);
        let (store, entry) = (format_ident!("Cache"), format_ident!("entry"));
        assert_eq!(policy(&store, &entry, &mentioned), "CacheEntry_");
        assert_eq!(builder(&store, &mentioned), "CacheBuilder");
    }

    #[test]
    fn raw_names_lose_their_prefix() {
        let none = BTreeSet::new();
        assert_eq!(policy(&format_ident!("Hello"), &format_ident!("r#type"), &none), "HelloType");
        assert_eq!(parameter(&format_ident!("r#type"), &none), "__Type");
    }
}
