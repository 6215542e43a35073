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
use crate::names;
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::Type;

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
    let Ends { first, last } = Ends::of(map);
    let open = quote_spanned!(first=> <#written);
    match policy::hasher(map, store) {
        None => quote_spanned!(last=> #open as #krate::Declared>::Field<#policy>),
        Some(hasher) => quote_spanned!(last=> #open as #krate::Declared>::FieldWith<#policy, #hasher>),
    }
}

/// `&self.visits`, standing where the declared type does: if that is no map, the compiler says so there.
fn reference(map: &MapField) -> TokenStream {
    let Ends { first, last } = Ends::of(map);
    let mut name = map.ident.clone();
    name.set_span(last);
    let this = quote_spanned!(names::generated(first)=> self);
    let and = quote_spanned!(first=> &);
    quote!(#and #this.#name)
}

/// `&<…>`, as [`map_type`].
fn map_reference(map: &MapField, store: &Store) -> TokenStream {
    let and = quote_spanned!(Ends::of(map).first=> &);
    let map_type = map_type(map, store);
    quote!(#and #map_type)
}

/// The places where a map's declared type begins and ends. Code that begins and ends there is underlined as if it were the type.
struct Ends {
    first: Span,
    last: Span,
}

impl Ends {
    fn of(map: &MapField) -> Self {
        let mut spans = map.field.ty.to_token_stream().into_iter().map(|token| token.span());
        let first = spans.next().unwrap_or_else(Span::call_site);
        if is_visibly_a_map(map) {
            Self { first, last: spans.last().unwrap_or(first) }
        } else {
            // The compiler may find at every use of the field that it is no map. It says the same thing in the same place
            // only once, so all uses get one place: the first token, as some are one token long, and known as generated,
            // as some are mixed with generated ones.
            let first = names::generated(first);
            Self { first, last: first }
        }
    }
}

fn is_visibly_a_map(map: &MapField) -> bool {
    match &map.field.ty {
        Type::Path(path) => {
            path.path.segments.last().is_some_and(|last| last.ident == "HashMap" || last.ident == "HashSet")
        }
        _ => false,
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
