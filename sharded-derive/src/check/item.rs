//! Rules about the struct, its attributes and the names of its fields.

use crate::diag::Diagnostics;
use crate::model::{CAN_SNAPSHOT, Store, StoreField};
use crate::names::Origin;
use crate::resolve::{derives, is_named, unsupported};
use quote::ToTokens;
use syn::{Attribute, ext::IdentExt};

pub(super) fn check(store: &Store, diag: &mut Diagnostics) {
    check_lifetimes(store, diag);
    for attr in &store.attrs {
        check_repr(attr, diag);
        check_derives(attr, store, diag);
    }
    check_names(store, diag);
    check_skipped(store, diag);
    check_snapshot(store, CAN_SNAPSHOT, diag);
}

/// The background thread may hold entries longer than the function that built the store runs, so they can't borrow.
fn check_lifetimes(store: &Store, diag: &mut Diagnostics) {
    for parameter in store.generics.lifetimes() {
        let lifetime = &parameter.lifetime;
        diag.error(
            parameter,
            format!(
                "a store owns its entries, so it can't have the lifetime `{lifetime}`: use `String` for `&str`, or an \
                 `Arc`"
            ),
        );
    }
}

/// A layout that was chosen for the written fields does not fit the sharded ones.
fn check_repr(attr: &Attribute, diag: &mut Diagnostics) {
    if is_named(attr, "repr") {
        diag.error(attr, "`#[sharded]` replaces the fields of the struct, so `repr` can't fix their layout: remove it");
    }
}

/// A derive that copies, compares or reads the whole store at one moment can't work: other threads change it meanwhile.
fn check_derives(attr: &Attribute, store: &Store, diag: &mut Diagnostics) {
    let name = &store.ident;
    for path in derives(attr) {
        let Some(derive) = unsupported(&path) else { continue };
        let message = match derive.as_str() {
            "Default" if store.is_complete() => "`#[sharded]` implements `Default` already: remove it here".to_owned(),
            "Default" => {
                let lacks = if store.has_tier() { "connection" } else { "skipped fields" };
                format!("a store can't be `Default` without its {lacks}: build it with `{name}::builder()`")
            }
            "Clone" | "Copy" => {
                format!("a store can't be `{derive}`, since all its users share one: put it into an `Arc<{name}>`")
            }
            _ => format!(
                "a store can't be `{derive}`, since other threads may change it at any time: use what `to_vec()` of its \
                 maps returns"
            ),
        };
        diag.error(&path, message);
    }
}

/// A field can't have the name of a method of the store or of its builder.
fn check_names(store: &Store, diag: &mut Diagnostics) {
    for field in &store.fields {
        let (ident, origin, kind) = match field {
            StoreField::Map(map) => {
                let is_set = map.field.ty.to_token_stream().to_string().contains("HashSet");
                (&map.ident, store.has_function(map), if is_set { "set" } else { "map" })
            }
            StoreField::Skipped(skipped) => (&skipped.ident, None, "value"),
        };
        let name = ident.unraw();
        let method = match origin {
            Some(Origin::Store) => format!("the store has a method `{name}` of its own"),
            Some(Origin::Trait(of)) => format!("the store has a method `{name}`, of the trait `{of}`"),
            None if store.is_builder_method(ident) => {
                format!("the store's builder has a method `{name}` of its own")
            }
            None => continue,
        };
        diag.error(ident, format!("{method}: give this field another name, such as `{name}_{kind}`"));
    }
}

/// A skipped field stays as it was written, so no other option applies to it. The builder needs it under every `cfg`.
fn check_skipped(store: &Store, diag: &mut Diagnostics) {
    for skipped in store.skipped() {
        for (_, given) in skipped.options.given().filter(|(option, _)| option.name != "skip") {
            diag.error(
                &given.tokens,
                "a skipped field is not a map of the store, so it takes no other option: remove this or `skip`",
            );
        }
        for attr in &skipped.cfg {
            let ident = &skipped.ident;
            diag.error(
                attr,
                format!(
                    "a skipped field can't have a `cfg`, since the builder needs its value: let the type of `{ident}` \
                     depend on the `cfg` instead"
                ),
            );
        }
    }
}

/// The runtime can save a store only with its feature `serde`.
pub(crate) fn check_snapshot(store: &Store, can_snapshot: bool, diag: &mut Diagnostics) {
    if store.options.snapshot.is_given() && !can_snapshot {
        diag.error(
            &store.options.snapshot.tokens,
            "`snapshot` needs the feature `serde` of the `sharded` crate: `features = [\"serde\"]` beside its version in \
             Cargo.toml",
        );
    }
}
