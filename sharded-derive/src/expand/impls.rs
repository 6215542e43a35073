//! `Store`, `Snapshot` where it was asked for, `Debug`, and `Default` where nothing is skipped.

use super::{builder::is_complete, reference, structure};
use crate::model::Store;
use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;

pub(super) fn expand(store: &Store) -> TokenStream {
    let visit = visit(store);
    let snapshot = (store.options.snapshot.is_some() && crate::CAN_SNAPSHOT).then(|| snapshot(store));
    let debug = (!store.derives_debug).then(|| debug(store));
    let default = is_complete(store).then(|| default(store));
    quote!(#visit #snapshot #debug #default)
}

fn visit(store: &Store) -> TokenStream {
    let Store { ident, generics, krate, shared_attrs, .. } = store;
    let (parameters, arguments, bounds) = generics.split_for_impl();
    let visits = store.maps().map(|map| {
        let (cfg, itself) = (&map.attrs.cfg, reference(map, store));
        quote!(#cfg visitor(#itself);)
    });
    quote! {
        #shared_attrs
        impl #parameters #krate::Store for #ident #arguments #bounds {
            fn visit(&self, visitor: &mut dyn ::core::ops::FnMut(&dyn #krate::Field)) {
                #(#visits)*
            }
        }
    }
}

fn snapshot(store: &Store) -> TokenStream {
    let Store { ident, generics, krate, shared_attrs, .. } = store;
    let (parameters, arguments, bounds) = generics.split_for_impl();
    let visits = store.maps().map(|map| {
        let (cfg, itself) = (&map.attrs.cfg, reference(map, store));
        quote!(#cfg visitor(#krate::macro_support::saved(#itself));)
    });
    quote! {
        #shared_attrs
        impl #parameters #krate::snapshot::Snapshot for #ident #arguments #bounds {
            fn visit_saved(&self, visitor: &mut dyn ::core::ops::FnMut(&dyn #krate::snapshot::SavedField)) {
                #(#visits)*
            }
        }
    }
}

/// `DebugStruct`'s methods are called by their paths: a trait of the user's with methods of the same names for every type
/// would come first.
fn debug(store: &Store) -> TokenStream {
    let Store { ident, generics, shared_attrs, .. } = store;
    let (parameters, arguments, bounds) = generics.split_for_impl();
    let title = ident.unraw().to_string();
    let fields = store.maps().map(|map| {
        let (cfg, itself, title) = (&map.attrs.cfg, reference(map, store), map.ident.unraw().to_string());
        quote!(#cfg ::core::fmt::DebugStruct::field(&mut debug, #title, #itself);)
    });
    let finish = if is_complete(store) { quote!(finish) } else { quote!(finish_non_exhaustive) };
    quote! {
        #shared_attrs
        impl #parameters ::core::fmt::Debug for #ident #arguments #bounds {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                let mut debug = f.debug_struct(#title);
                #(#fields)*
                ::core::fmt::DebugStruct::#finish(&mut debug)
            }
        }
    }
}

fn default(store: &Store) -> TokenStream {
    let Store { ident, generics, shared_attrs, .. } = store;
    let (parameters, arguments, bounds) = generics.split_for_impl();
    let itself = structure::itself(store);
    quote! {
        #shared_attrs
        impl #parameters ::core::default::Default for #ident #arguments #bounds {
            fn default() -> #itself {
                Self::new()
            }
        }
    }
}
