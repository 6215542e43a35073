//! An option that needs another one is a mistake without it.

use crate::diag::Diagnostics;
use crate::model::{MapField, Store};
use crate::syntax::declaration::{Declaration, Needs};
use crate::syntax::options::table::Options;

/// An option of the struct needs at least one field with the option that it needs.
pub(super) fn check_struct(store: &Store, diag: &mut Diagnostics) {
    check(&store.options, "no field has a", |option| store.maps().any(|map| map.options.declares(option)), diag);
}

/// A field's own option. An inherited one has no effect if the field lacks what it needs.
pub(super) fn check_field(map: &MapField, diag: &mut Diagnostics) {
    check(&map.options, &format!("`{}` has no", map.ident), |option| map.options.declares(option), diag);
}

fn check(options: &Options, lacks: &str, is_met: impl Fn(&str) -> bool, diag: &mut Diagnostics) {
    for (Declaration { name, needs, .. }, given) in options.given() {
        let Some(Needs { option, example, purpose }) = needs else { continue };
        if given.is_meant() && !given.is_inherited && !is_met(option) {
            let message = format!("{purpose}, but {lacks} `{option}`: add `{option} = {example}`, or remove `{name}`");
            diag.error(&given.tokens, message);
        }
    }
}
