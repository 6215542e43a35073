//! The code that the user could have written by hand: a struct of maps, a type per policy, accessors, a builder, impls.
//!
//! All paths are absolute and nothing here has logic of its own.

mod accessors;
mod builder;
mod impls;
mod policy;
mod structure;
mod words;

use crate::model::{MapField, Store};
use proc_macro2::TokenStream;
use quote::{ToTokens, quote};

/// The whole expansion, which does not fail: what was wrong has its default.
pub(crate) fn expand(store: &Store) -> TokenStream {
    let structure = structure::expand(store);
    let policies = store.maps().map(|map| policy::expand(map, store));
    let accessors = accessors::expand(store);
    let builder = builder::expand(store);
    let impls = impls::expand(store);
    quote!(#structure #(#policies)* #accessors #builder #impls)
}

/// The sharded map in place of the written one, found by the compiler from the written type.
fn map_type(map: &MapField, store: &Store) -> TokenStream {
    let (krate, written, policy) = (&store.krate, &map.field.ty, &map.policy);
    match policy::hasher(map, store) {
        None => quote!(<#written as #krate::Declared>::Field<#policy>),
        Some(hasher) => quote!(<#written as #krate::Declared>::FieldWith<#policy, #hasher>),
    }
}

/// `#[doc = " …"]`
fn doc(text: &str) -> TokenStream {
    let text = format!(" {text}");
    quote!(#[doc = #text])
}

/// The same tokens with the struct's type for `Self`, to be written where `Self` is another type.
fn with_self(tokens: impl ToTokens, store: &Store) -> TokenStream {
    let (ident, (_, arguments, _)) = (&store.ident, store.generics.split_for_impl());
    let itself = quote!(#ident #arguments);
    replace_self(tokens.into_token_stream(), &itself)
}

fn replace_self(tokens: TokenStream, itself: &TokenStream) -> TokenStream {
    use proc_macro2::{Group, TokenTree};
    tokens
        .into_iter()
        .flat_map(|token| match token {
            TokenTree::Ident(ident) if ident == "Self" => itself.clone(),
            TokenTree::Group(group) => {
                let mut inner = Group::new(group.delimiter(), replace_self(group.stream(), itself));
                inner.set_span(group.span());
                inner.into_token_stream()
            }
            token => token.into_token_stream(),
        })
        .collect()
}
