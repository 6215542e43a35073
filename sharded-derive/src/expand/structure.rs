//! The struct, its maps replaced by sharded ones.

use super::map_type;
use crate::model::{Store, StoreField};
use proc_macro2::TokenStream;
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
    quote! {
        #(#attrs)*
        #vis struct #ident #generics #where_clause {
            #(#fields,)*
        }
    }
}
