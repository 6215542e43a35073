//! A method per map, named after the field.

use super::{doc, map_reference, reference, words};
use crate::model::{MapField, Store};
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

pub(super) fn expand(store: &Store) -> TokenStream {
    let Store { ident, generics, shared_attrs, .. } = store;
    let (parameters, arguments, bounds) = generics.split_for_impl();
    let accessors = store.maps().filter(|map| store.has_function(map).is_none()).map(|map| accessor(map, store));
    quote! {
        #shared_attrs
        impl #parameters #ident #arguments #bounds {
            #(#accessors)*
        }
    }
}

fn accessor(map: &MapField, store: &Store) -> TokenStream {
    let (vis, name, map_type) = (&map.field.vis, &map.ident, map_reference(map, store));
    let (cfg, attrs, deprecated) = (&map.attrs.cfg, &map.attrs.accessor, &map.attrs.deprecated);
    let gap = map.attrs.documented.then(|| quote!(#[doc = ""]));
    let policy = doc(&format!("**Policy:** {}.", words::policy(&map.declared)));
    let itself = reference(map, store);
    // Of the user's place, so that an accessor which nobody calls warns as a field does that nobody reads.
    let function = quote_spanned!(name.span()=> const fn);
    let body = quote_spanned!(name.span()=> { #itself });
    quote! {
        #cfg #attrs #gap #policy #deprecated
        #[must_use]
        #vis #function #name(&self) -> #map_type #body
    }
}
