//! Splits a struct with a `cfg` on a parameter into two: one with the parameter and one without.
//!
//! The macro does not know which `cfg` holds, and a list of arguments can't depend on one: `Cache<K, #[cfg(ids)] I>` is
//! not a type. Therefore the macro writes the declaration twice, each under its `cfg` and with the attribute again. If
//! there is another such parameter, the attribute of the compiled one splits again.

use crate::syntax::options::read::krate;
use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use std::mem;
use syn::{Attribute, DeriveInput, GenericParam, Meta};

/// The two declarations, if the struct has such a parameter.
pub(crate) fn split(attribute: &TokenStream, item: &TokenStream) -> Option<TokenStream> {
    let mut with = syn::parse2::<DeriveInput>(item.clone()).ok()?;
    let (at, condition) = with.generics.params.iter_mut().enumerate().find_map(|(at, parameter)| {
        let condition = take_cfg(attributes(parameter))?;
        Some((at, condition))
    })?;
    let mut without = syn::parse2::<DeriveInput>(item.clone()).ok()?;
    let parameters = mem::take(&mut without.generics.params).into_iter().enumerate();
    without.generics.params = parameters.filter(|(other, _)| *other != at).map(|(_, parameter)| parameter).collect();

    let krate = krate(attribute.clone());
    let again = quote!(#[#krate::sharded(#attribute)]);
    Some(quote! {
        #[cfg(#condition)]
        #again
        #with

        #[cfg(not(#condition))]
        #again
        #without
    })
}

fn attributes(parameter: &mut GenericParam) -> &mut Vec<Attribute> {
    match parameter {
        GenericParam::Type(parameter) => &mut parameter.attrs,
        GenericParam::Const(parameter) => &mut parameter.attrs,
        GenericParam::Lifetime(parameter) => &mut parameter.attrs,
    }
}

/// Removes the first `cfg` and returns its condition.
fn take_cfg(attrs: &mut Vec<Attribute>) -> Option<TokenStream> {
    let at = attrs.iter().position(|attr| attr.path().is_ident("cfg"))?;
    match attrs.remove(at).meta {
        Meta::List(list) => Some(list.tokens),
        other => Some(other.into_token_stream()),
    }
}
