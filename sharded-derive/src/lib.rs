//! The `#[sharded]` attribute macro of the `sharded` crate, which re-exports and documents it.
//!
//! One declaration passes through four steps, a module each:
//!
//! 1. [`syntax`]: tokens become what was written, option by option. One bad option does not hide the next.
//! 2. [`resolve`]: the struct's defaults and a field's own options become that field's policy, in the terms of [`model`].
//! 3. [`check`]: the rules about what goes together.
//! 4. [`expand`]: the struct, a policy type per map, accessors, builder, trait impls.
//!
//! Mistakes are collected in [`diag`] on the way and never end it: the item is expanded whole, with defaults in place of
//! what is wrong, and every error follows it.

mod check;
mod diag;
mod expand;
mod model;
mod names;
mod resolve;
#[cfg(test)]
mod snapshots;
mod suggest;
mod syntax;
#[cfg(test)]
mod tests;

use diag::Diagnostics;
use proc_macro::TokenStream;
use quote::quote;

/// Declares the concurrency policy of a struct of maps. Documented where the `sharded` crate re-exports it.
#[proc_macro_attribute]
pub fn sharded(attribute: TokenStream, item: TokenStream) -> TokenStream {
    pipeline(attribute.into(), item.into()).into()
}

fn pipeline(attribute: proc_macro2::TokenStream, item: proc_macro2::TokenStream) -> proc_macro2::TokenStream {
    let mut diag = Diagnostics::new();
    let expanded = match syntax::parse(attribute, item, &mut diag) {
        Ok(declaration) => {
            let store = resolve::resolve(declaration, &mut diag);
            check::check(&store, &mut diag);
            expand::expand(&store)
        }
        Err(syntax::Unsupported { item }) => item,
    };
    let errors = diag.into_compile_errors();
    quote!(#expanded #errors)
}
