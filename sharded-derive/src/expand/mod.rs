//! The code that the user could have written by hand: a struct of maps, a type per policy, accessors, a builder, impls.
//!
//! All paths are absolute and nothing here has logic of its own.

mod accessors;
mod builder;
mod impls;
mod policy;
mod structure;
mod words;

use crate::model::{MapField, Store, StoreField};
use crate::names;
use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Type, Visibility, ext::IdentExt};

/// The whole expansion, which does not fail: what was wrong has its default.
pub(crate) fn expand(store: &Store) -> TokenStream {
    let structure = structure::expand(store);
    let module = module(store);
    let policies = store.maps().map(|map| policy::expand(map, store));
    let accessors = accessors::expand(store);
    let builder = builder::expand(store);
    let impls = impls::expand(store);
    quote!(#structure #module #(#policies)* #accessors #builder #impls)
}

/// The types that are made for the store, in a module of their own. What a glob brings gives way to what the user declares or imports by
/// name, so a user's type of the same name is no error, nor is one of another store.
fn module(store: &Store) -> TokenStream {
    let Store { vis, ident, module, shared_attrs, .. } = store;
    let docs = doc(&format!("What `#[sharded]` makes for [`{0}`](super::{0}).", ident.unraw()));
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

/// Whether the path of the runtime may begin with a name that is only known where the struct is.
fn is_relative(krate: &TokenStream) -> bool {
    match krate.clone().into_iter().next() {
        Some(TokenTree::Ident(first)) => !["crate", "$crate", "self", "super"].iter().any(|known| first == known),
        _ => false,
    }
}

/// The path of the runtime, standing here.
fn krate_at(store: &Store, at: Span) -> TokenStream {
    let tokens = store.krate.clone().into_iter().map(|mut token| {
        // `$crate` means the crate of the macro that wrote it, wherever it is seen to stand.
        let is_dollar_crate = matches!(&token, TokenTree::Ident(ident) if ident == "$crate");
        token.set_span(if is_dollar_crate { token.span().located_at(at) } else { at });
        token
    });
    tokens.collect()
}

/// The path of the runtime as seen from the module.
fn krate_in_module(store: &Store) -> TokenStream {
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

/// A visibility that is written where the struct is, as it is written in the module.
fn in_module(vis: &Visibility) -> TokenStream {
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

/// The sharded map in place of the written one, found by the compiler from the written type.
fn map_type(map: &MapField, store: &Store) -> TokenStream {
    let (krate, written, policy) = (&store.krate, &map.field.ty, store.policy(map));
    let Ends { first, last } = Ends::of(map);
    let open = quote_spanned!(first=> <#written);
    match policy::hasher(map, store) {
        None => quote_spanned!(last=> #open as #krate::Declared>::Field<#policy>),
        Some(hasher) => quote_spanned!(last=> #open as #krate::Declared>::FieldWith<#policy, #hasher>),
    }
}

/// `&self.visits`, standing where the declared type does: if that is no map, the compiler says so there.
fn reference(map: &MapField, store: &Store) -> TokenStream {
    let Ends { first, last } = Ends::of(map);
    let mut name = map.ident.clone();
    name.set_span(last);
    let this = quote_spanned!(names::generated(first)=> self);
    let and = quote_spanned!(first=> &);
    let inner = is_doubtful_end(map, store).then(|| quote_spanned!(last=> .map));
    quote!(#and #this.#name #inner)
}

/// Whether a map is the last field and may be none, as far as can be seen here.
///
/// The size of a struct depends on its last field. If the compiler finds that this one is no map, it says so at every use of the struct.
/// Inside a type whose own size depends on something else, it says so at the field alone.
fn is_doubtful_end(map: &MapField, store: &Store) -> bool {
    let is_last = matches!(store.fields.last(), Some(StoreField::Map(last)) if last.ident == map.ident);
    is_last && !is_visibly_a_map(map)
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
    use proc_macro2::Group;
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
