//! A method per map, named after the field.

use super::description;
use super::tokens::{doc, implementation};
use super::types::{map_reference, reference};
use crate::model::{MapField, Store};
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

pub(super) fn expand(store: &Store) -> TokenStream {
    let accessors = store.maps().filter(|map| store.has_function(map).is_none()).map(|map| accessor(map, store));
    implementation(store, None, &accessors.collect())
}

fn accessor(map: &MapField, store: &Store) -> TokenStream {
    let (vis, name, map_type) = (&map.field.vis, &map.ident, map_reference(map, store));
    let (cfg, attrs, deprecated) = (&map.attrs.cfg, &map.attrs.accessor, &map.attrs.deprecated);
    let gap = map.attrs.documented.then(|| quote!(#[doc = ""]));
    let policy = doc(&format!("**Policy:** {}.", description::policy(&map.options)));
    let itself = reference(map, store);
    // With the span of the field's name, so that the compiler warns about an accessor that is never called as it warns
    // about a field that is never read.
    let function = quote_spanned!(name.span()=> const fn);
    let body = quote_spanned!(name.span()=> { #itself });
    quote! {
        #cfg #attrs #gap #policy #deprecated
        #[must_use]
        #vis #function #name(&self) -> #map_type #body
    }
}
