//! The type of a map and a reference to it, with the span of the declared type, where the compiler reports errors.

use super::{policy, tokens::krate_at};
use crate::model::{MapField, Store, StoreField};
use crate::names;
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::Type;

/// The type of the sharded map, or of the index. The compiler finds it from the written type.
pub(super) fn map_type(map: &MapField, store: &Store) -> TokenStream {
    let (krate, written, policy) = (&store.krate, &map.field.ty, store.policy(map));
    let TypeSpan { first, last } = TypeSpan::of(map);
    if let Some((of, _)) = store.indexed(map) {
        let (of, krate) = (map_type(of, store), krate_at(store, first));
        let hasher = policy::hasher(map, store);
        let hasher = hasher.unwrap_or_else(|| quote_spanned!(last=> <#written as #krate::Declared>::Hasher));
        return quote_spanned!(last=> #krate::macro_support::IndexOf<#written, #of, #policy, #hasher>);
    }
    let open = quote_spanned!(first=> <#written);
    if map.is_tiered() {
        return match policy::hasher(map, store) {
            None => quote_spanned!(last=> #open as #krate::tier::Tiered>::Map<#policy>),
            Some(hasher) => quote_spanned!(last=> #open as #krate::tier::Tiered>::MapWith<#policy, #hasher>),
        };
    }
    match policy::hasher(map, store) {
        None => quote_spanned!(last=> #open as #krate::Declared>::Field<#policy>),
        Some(hasher) => quote_spanned!(last=> #open as #krate::Declared>::FieldWith<#policy, #hasher>),
    }
}

/// `&self.visits` with the span of the declared type. If that is not a map, the compiler reports it there.
pub(super) fn reference(map: &MapField, store: &Store) -> TokenStream {
    let TypeSpan { first, last } = TypeSpan::of(map);
    let name = names::at(&map.ident, last);
    let this = quote_spanned!(names::generated(first)=> self);
    let and = quote_spanned!(first=> &);
    let inner = is_wrapped(map, store).then(|| quote_spanned!(last=> .map));
    quote!(#and #this.#name #inner)
}

/// Whether the field is the last one and its type may be no map, or no index.
///
/// Whether a struct is sized depends on its last field. If the compiler finds that this one is not a map, it reports
/// that at every use of the struct. So such a field is wrapped in a type with another last field, and the compiler
/// reports it once.
pub(super) fn is_wrapped(map: &MapField, store: &Store) -> bool {
    let is_last = matches!(store.fields.last(), Some(StoreField::Map(last)) if last.ident == map.ident);
    is_last && !is_visibly_a_map(map)
}

/// `&<…>`, as [`map_type`].
pub(super) fn map_reference(map: &MapField, store: &Store) -> TokenStream {
    let and = quote_spanned!(TypeSpan::of(map).first=> &);
    let map_type = map_type(map, store);
    quote!(#and #map_type)
}

/// The spans of the first and the last token of a map's declared type. The compiler underlines code with these spans as
/// if it were the type.
pub(super) struct TypeSpan {
    pub(super) first: Span,
    pub(super) last: Span,
}

impl TypeSpan {
    pub(super) fn of(map: &MapField) -> Self {
        let mut spans = map.field.ty.to_token_stream().into_iter().map(|token| token.span());
        let first = spans.next().unwrap_or_else(Span::call_site);
        if is_visibly_a_map(map) {
            Self { first, last: spans.last().unwrap_or(first) }
        } else {
            // If the type is not a map, the compiler reports it at every use of the field, but only once per span. So
            // all uses get one span: that of the first token, since some uses are one token long, and marked as
            // generated, since some uses contain generated tokens.
            let first = names::generated(first);
            Self { first, last: first }
        }
    }
}

/// An index may not be one, even if its type is a map: its values may be wrong.
pub(super) fn is_visibly_a_map(map: &MapField) -> bool {
    if map.options.index_of.is_given() {
        return false;
    }
    let Type::Path(path) = &map.field.ty else { return false };
    path.path.segments.last().is_some_and(|last| last.ident == "HashMap" || last.ident == "HashSet")
}
