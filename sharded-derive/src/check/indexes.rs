//! Rules about indexes of other fields.

use crate::diag::Diagnostics;
use crate::model::{INDEX_OPTIONS, MOST_INDEXES, MapField, Store};
use crate::suggest;
use crate::syntax::options::table::LOCK_FREE;
use proc_macro2::Ident;
use syn::ext::IdentExt;

/// Checks a field with `index_of`.
pub(super) fn check(map: &MapField, store: &Store, diag: &mut Diagnostics) {
    check_key(map, diag);
    check_options(map, diag);
    check_lock(map, diag);
    if let Some(of) = map.options.index_of.value() {
        check_field(map, of, store, diag);
    }
}

/// A map that has more indexes than fit.
pub(super) fn check_number(map: &MapField, store: &Store, diag: &mut Diagnostics) {
    if let Some(index) = store.indexes(map).nth(MOST_INDEXES) {
        diag.error(
            &index.options.index_of.tokens,
            format!("`{}` has more than {MOST_INDEXES} indexes, which is the most", map.ident),
        );
    }
}

fn check_key(map: &MapField, diag: &mut Diagnostics) {
    if map.options.key.is_given() || map.options.has_unknown {
        return;
    }
    let of = map.options.index_of.value().map_or_else(String::new, |of| format!(" of `{of}`"));
    diag.error(
        &map.options.index_of.tokens,
        format!(
            "`{}` is an index{of}, but says not by what: add `key = …`, the path of a `fn(&K, &V) -> I` of the keys and \
             values of that map",
            map.ident
        ),
    );
}

/// What an index takes from its map can't be declared for it.
fn check_options(map: &MapField, diag: &mut Diagnostics) {
    for (option, given) in map.options.given() {
        if given.is_inherited || INDEX_OPTIONS.contains(&option.name) {
            continue;
        }
        let takes = suggest::list(INDEX_OPTIONS, "and");
        diag.error(
            &given.tokens,
            format!(
                "an index has no `{}`, since its entries come and go with those of the indexed map: it takes {takes}",
                option.name
            ),
        );
    }
}

/// A lookup goes on to the map, so it would gain nothing from a read without a lock.
fn check_lock(map: &MapField, diag: &mut Diagnostics) {
    let lock = &map.options.lock;
    if lock.is_inherited {
        return;
    }
    if let Some(name) = LOCK_FREE.into_iter().find(|name| lock.value().is_some_and(|lock| lock.is(name))) {
        diag.error(&lock.tokens, format!("an index can't be `{name}`: choose `lock = Mutex` or `RwLock`"));
    }
}

fn check_field(map: &MapField, of: &Ident, store: &Store, diag: &mut Diagnostics) {
    let is_it = |ident: &Ident| ident.unraw() == of.unraw();
    if store.skipped().any(|skipped| is_it(&skipped.ident)) {
        diag.error(of, format!("`{of}` is skipped, so it is no map of the store: an index is of a map"));
        return;
    }
    match store.maps().find(|other| is_it(&other.ident)) {
        Some(other) if other.ident == map.ident => {
            diag.error(of, format!("an index can't be of itself: name the map whose entries `{of}` finds"));
        }
        Some(other) if other.options.index_of.is_given() => {
            let further = other.options.index_of.value().filter(|further| further.unraw() != map.ident.unraw());
            let cure = further.map_or_else(String::new, |further| format!(": did you mean `index_of = {further}`?"));
            diag.error(of, format!("`{of}` is an index itself, and an index has no indexes{cure}"));
        }
        Some(other) if other.is_tiered() => {
            diag.error(
                of,
                format!("the entries of `{of}` are on a server, where other processes change them too, so it can't have an index"),
            );
        }
        Some(_) => {}
        None => {
            let maps = || store.maps().filter(|map| !map.options.index_of.is_given()).map(|map| map.ident.to_string());
            let all: Vec<String> = maps().collect();
            let near = suggest::nearest(&of.unraw().to_string(), all.iter().map(String::as_str));
            let question = near.map_or_else(String::new, |near| format!(", did you mean `{near}`?"));
            diag.error(of, format!("the struct has no field `{of}`{question}"));
        }
    }
}
