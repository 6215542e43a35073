//! The struct, with a sharded map for each written one.

use super::tokens::krate_at;
use super::types::{TypeSpan, is_visibly_a_map, is_wrapped, map_type};
use crate::model::{Store, StoreField};
use crate::resolve::{derives, is_named, unsupported};
use crate::syntax::values::choice::Choice;
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::Attribute;

pub(super) fn expand(store: &Store) -> TokenStream {
    let Store { vis, ident, generics, .. } = store;
    // A `repr` has been reported, and would cause more errors.
    let attrs = store.attrs.iter().filter(|attr| !is_named(attr, "repr")).map(attribute);
    let where_clause = &generics.where_clause;
    let fields = store.fields.iter().map(|field| match field {
        StoreField::Skipped(skipped) => skipped.field.to_token_stream(),
        StoreField::Map(map) => {
            let (cfg, lints, other, name) = (&map.attrs.cfg, &map.attrs.lints, &map.attrs.field, &map.ident);
            let mut map_type = map_type(map, store);
            if is_wrapped(map, store) {
                let TypeSpan { first, last } = TypeSpan::of(map);
                let krate = krate_at(store, first);
                map_type = quote_spanned!(last=> #krate::macro_support::Last<#map_type>);
            }
            // The field is private. The accessor has the user's visibility.
            quote!(#cfg #lints #other #name: #map_type)
        }
    });
    quote! {
        #(#attrs)*
        #vis struct #ident #generics #where_clause {
            #(#fields,)*
        }
    }
}

/// An attribute of the struct, without the derives that have been reported and would cause more errors.
fn attribute(attr: &Attribute) -> TokenStream {
    let derives = derives(attr);
    if derives.iter().all(|path| unsupported(path).is_none()) {
        return attr.to_token_stream();
    }
    let fit = derives.iter().filter(|path| unsupported(path).is_none());
    quote!(#[derive(#(#fit),*)])
}

/// `Self` as a return type, with the span of a type that may be no map or no lock. If it is none, the compiler reports
/// it at this return type too, and so under the type that the user has to change.
pub(super) fn itself(store: &Store) -> Ident {
    let doubtful = store.maps().find_map(|map| match map.options.lock.value() {
        _ if !is_visibly_a_map(map) => Some(TypeSpan::of(map).first),
        Some(Choice::Own(path)) => path.clone().into_iter().next().map(|first| first.span()),
        _ => None,
    });
    Ident::new("Self", doubtful.unwrap_or_else(Span::call_site))
}
