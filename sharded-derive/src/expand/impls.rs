//! `Store`, `Snapshot` if it was asked for, `Debug` unless it is derived, and `Default` if nothing is skipped.

use super::structure;
use super::tokens::implementation;
use super::types::reference;
use crate::model::{CAN_SNAPSHOT, MapField, Store};
use crate::names;
use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;

pub(super) fn expand(store: &Store) -> TokenStream {
    let visit = visit(store);
    let snapshot = (store.options.snapshot.is_given() && CAN_SNAPSHOT).then(|| snapshot(store));
    let debug = (!store.derives_debug).then(|| debug(store));
    let default = store.is_complete().then(|| default(store));
    quote!(#visit #snapshot #debug #default)
}

/// A statement for each map, under its `cfg`.
fn for_each_map(store: &Store, statement: impl Fn(&MapField, TokenStream) -> TokenStream) -> TokenStream {
    for_each(store.maps(), store, statement)
}

fn for_each<'a>(
    maps: impl Iterator<Item = &'a MapField>,
    store: &Store,
    statement: impl Fn(&MapField, TokenStream) -> TokenStream,
) -> TokenStream {
    let statements = maps.map(|map| {
        let (cfg, statement) = (&map.attrs.cfg, statement(map, reference(map, store)));
        quote!(#cfg #statement)
    });
    statements.collect()
}

fn visit(store: &Store) -> TokenStream {
    let krate = &store.krate;
    let visitor = names::local("visitor");
    let visits = for_each_map(store, |_, itself| quote!(#visitor(#itself);));
    let body = quote! {
        fn visit(&self, #visitor: &mut dyn ::core::ops::FnMut(&dyn #krate::Field)) {
            #visits
        }
    };
    implementation(store, Some(quote!(#krate::Store)), &body)
}

fn snapshot(store: &Store) -> TokenStream {
    let krate = &store.krate;
    let visitor = names::local("visitor");
    // What is on a server outlives this process, and indexes are made anew from the entries of their maps.
    let saved = store.maps().filter(|map| !map.is_tiered() && store.indexed(map).is_none());
    let visits = for_each(saved, store, |_, itself| quote!(#visitor(#krate::macro_support::saved(#itself));));
    let body = quote! {
        fn visit_saved(&self, #visitor: &mut dyn ::core::ops::FnMut(&dyn #krate::snapshot::SavedField)) {
            #visits
        }
    };
    implementation(store, Some(quote!(#krate::snapshot::Snapshot)), &body)
}

/// `DebugStruct`'s methods are called by their paths: a method of the same name, of a trait that the user implements
/// for every type, would come first.
fn debug(store: &Store) -> TokenStream {
    let title = store.ident.unraw().to_string();
    let [debug, formatter] = ["debug", "formatter"].map(names::local);
    let fields = for_each_map(store, |map, itself| {
        let title = map.ident.unraw().to_string();
        quote!(::core::fmt::DebugStruct::field(&mut #debug, #title, #itself);)
    });
    let finish = if store.skipped().next().is_none() { quote!(finish) } else { quote!(finish_non_exhaustive) };
    let body = quote! {
        fn fmt(&self, #formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
            let mut #debug = #formatter.debug_struct(#title);
            #fields
            ::core::fmt::DebugStruct::#finish(&mut #debug)
        }
    };
    implementation(store, Some(quote!(::core::fmt::Debug)), &body)
}

fn default(store: &Store) -> TokenStream {
    let itself = structure::itself(store);
    let body = quote!(fn default() -> #itself { Self::new() });
    implementation(store, Some(quote!(::core::default::Default)), &body)
}
