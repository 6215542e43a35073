//! Code that the user could have written by hand: a struct of maps, a type per policy, accessors, a builder, impls.
//!
//! All paths are absolute, and the code has no logic of its own.

mod accessors;
mod builder;
mod description;
mod impls;
mod policy;
mod structure;
mod tokens;
mod types;

use crate::model::Store;
use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;
use tokens::{doc, is_relative};

/// The whole expansion. It does not fail: an option with an error is left out.
pub(crate) fn expand(store: &Store) -> TokenStream {
    let structure = structure::expand(store);
    let module = module(store);
    let policies = store.maps().map(|map| policy::expand(map, store));
    let accessors = accessors::expand(store);
    let builder = builder::expand(store);
    let impls = impls::expand(store);
    quote!(#structure #module #(#policies)* #accessors #builder #impls)
}

/// The generated types, in a module of their own. A glob import has the lowest precedence, so a type that the user
/// declares or imports under the same name hides the generated one and is no error. Neither are those of another store.
fn module(store: &Store) -> TokenStream {
    let Store { vis, ident, module, shared_attrs, .. } = store;
    let docs = doc(&format!("What `#[sharded]` generates for [`{0}`](super::{0}).", ident.unraw()));
    let parent = is_relative(&store.krate).then(|| {
        quote!(
            use super::*;
        )
    });
    let policies = store.maps().map(|map| policy::declaration(map, store));
    let builder = builder::declaration(store);
    quote! {
        #shared_attrs
        #docs
        mod #module {
            #parent
            #(#policies)*
            #builder
        }
        #shared_attrs
        #vis use #module::*;
    }
}
