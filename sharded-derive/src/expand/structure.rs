//! The struct, its maps replaced by sharded ones.

use super::{Ends, is_visibly_a_map, map_type};
use crate::model::{Store, StoreField};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote};

pub(super) fn expand(store: &Store) -> TokenStream {
    let Store { attrs, vis, ident, generics, .. } = store;
    let where_clause = &generics.where_clause;
    let fields = store.fields.iter().map(|field| match field {
        StoreField::Skipped(skipped) => skipped.field.to_token_stream(),
        StoreField::Map(map) => {
            let (cfg, lints, other, name) = (&map.attrs.cfg, &map.attrs.lints, &map.attrs.field, &map.ident);
            let map_type = map_type(map, store);
            // Without the user's `pub`: the accessor has it.
            quote!(#cfg #lints #other #name: #map_type)
        }
    });
    let last = last(store).map(|last| quote!(#last: (),));
    quote! {
        #(#attrs)*
        #vis struct #ident #generics #where_clause {
            #(#fields,)*
            #last
        }
    }
}

/// A field to put behind all others, of type `()`, where the last field may not be a map.
///
/// The size of a struct depends on its last field. If the compiler finds that the last field's type is no map, it says so
/// at every use of the struct; with another field behind it, it says so at the type alone.
pub(super) fn last(store: &Store) -> Option<Ident> {
    match store.fields.last()? {
        StoreField::Map(map) if !is_visibly_a_map(map) => Some(Ident::new("__last", Span::call_site())),
        _ => None,
    }
}

/// `Self` as a return type. Where some field may not be a map, the compiler may say so here once more: then it stands
/// where that field's type does.
pub(super) fn itself(store: &Store) -> Ident {
    let doubtful = store.maps().find(|map| !is_visibly_a_map(map));
    Ident::new("Self", doubtful.map_or_else(Span::call_site, |map| Ends::of(map).first))
}
