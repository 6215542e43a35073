//! Pieces of code that several parts of the expansion share, and paths from the struct's module and the generated one.

use crate::model::Store;
use crate::names;
use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::Visibility;

/// `impl Store { … }`, or `impl Trait for Store { … }`.
pub(super) fn implementation(store: &Store, of: Option<TokenStream>, body: &TokenStream) -> TokenStream {
    let Store { ident, generics, arguments, shared_attrs, .. } = store;
    let (parameters, _, bounds) = generics.split_for_impl();
    let of = of.map(|of| quote!(#of for));
    quote! {
        #shared_attrs
        impl #parameters #of #ident #arguments #bounds {
            #body
        }
    }
}

/// Whether the path of the runtime may begin with a name that is known only in the struct's module.
pub(super) fn is_relative(krate: &TokenStream) -> bool {
    match krate.clone().into_iter().next() {
        Some(TokenTree::Ident(first)) => !["crate", "$crate", "self", "super"].iter().any(|known| first == known),
        _ => false,
    }
}

/// The path of the runtime with this span.
pub(super) fn krate_at(store: &Store, at: Span) -> TokenStream {
    let tokens = store.krate.clone().into_iter().map(|mut token| match token {
        // `$crate` keeps its hygiene, which says whose crate it means.
        TokenTree::Ident(ident) if ident == "$crate" => {
            let at = ident.span().located_at(at);
            names::at(&ident, at).into()
        }
        TokenTree::Ident(ident) => names::at(&ident, at).into(),
        _ => {
            token.set_span(at);
            token
        }
    });
    tokens.collect()
}

/// The path of the runtime from the generated module.
pub(super) fn krate_in_module(store: &Store) -> TokenStream {
    let krate = &store.krate;
    match krate.clone().into_iter().next() {
        Some(TokenTree::Ident(first)) if first == "super" => quote!(super::#krate),
        Some(TokenTree::Ident(first)) if first == "self" => {
            let rest = krate.clone().into_iter().skip(1);
            quote!(super #(#rest)*)
        }
        _ => krate.clone(),
    }
}

/// A visibility from the struct's module, as it is written in the generated one.
pub(super) fn in_module(vis: &Visibility) -> TokenStream {
    match vis {
        Visibility::Public(_) => vis.to_token_stream(),
        Visibility::Inherited => quote!(pub(super)),
        Visibility::Restricted(restricted) => {
            let path = &restricted.path;
            match path.segments.first().map(|first| first.ident.to_string()).as_deref() {
                Some("self") => quote!(pub(super)),
                Some("super") => quote!(pub(in super::#path)),
                _ => vis.to_token_stream(),
            }
        }
    }
}

/// `#[doc = " …"]`
pub(super) fn doc(text: &str) -> TokenStream {
    let text = format!(" {text}");
    quote!(#[doc = #text])
}
