//! The steps from the attribute's tokens to what replaces the item.

use crate::diag::Diagnostics;
use crate::syntax::item::{self, Unsupported};
use crate::{check, conditional, expand, resolve};
use proc_macro2::TokenStream;
use quote::quote;

/// The expansion, with a `compile_error!` for each mistake.
pub(crate) fn pipeline(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let mut diag = Diagnostics::new();
    let expanded = expanded(attribute, item, &mut diag);
    let errors = diag.into_compile_errors();
    quote!(#expanded #errors)
}

/// The expansion alone. Where something is wrong, it has the default.
pub(crate) fn expanded(attribute: TokenStream, item: TokenStream, diag: &mut Diagnostics) -> TokenStream {
    if let Some(declarations) = conditional::split(&attribute, &item) {
        return declarations;
    }
    match item::parse(attribute, item, diag) {
        Ok(item) => {
            let store = resolve::resolve(item, diag);
            check::check(&store, diag);
            expand::expand(&store)
        }
        Err(Unsupported { item }) => item,
    }
}
