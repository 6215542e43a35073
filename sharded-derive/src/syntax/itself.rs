//! The struct's own type. After this step nothing that the user wrote contains `Self`.
//!
//! Parts of a declaration are repeated in impls of other types, where `Self` would be another type. Therefore `Self` is
//! replaced here, once, before anything reads the declaration.

use proc_macro2::{Group, Ident, Spacing, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{Attribute, Field, GenericParam, Generics, Meta, parse::Parse};

/// The arguments of the struct's own type: `<K, V, { N }>`.
///
/// The braces say that `N` is a constant: without them the compiler takes it for a type, if there is one of that name.
pub(crate) fn arguments(generics: &Generics) -> TokenStream {
    if generics.params.is_empty() {
        return TokenStream::new();
    }
    let arguments = generics.params.iter().map(|parameter| match parameter {
        GenericParam::Lifetime(parameter) => parameter.lifetime.to_token_stream(),
        GenericParam::Type(parameter) => parameter.ident.to_token_stream(),
        GenericParam::Const(parameter) => {
            let name = &parameter.ident;
            quote!({ #name })
        }
    });
    quote!(<#(#arguments),*>)
}

/// The struct's type, to be written where the user wrote `Self`.
pub(super) struct Itself {
    /// `Cache<K>`
    alone: TokenStream,
    /// `Cache::<K>`, before a `::`: in an expression, `Cache<K>::new` would be a comparison.
    in_path: TokenStream,
}

impl Itself {
    pub(super) fn new(ident: &Ident, generics: &Generics) -> Self {
        let arguments = arguments(generics);
        let colons = (!arguments.is_empty()).then(|| quote!(::));
        Self { alone: quote!(#ident #arguments), in_path: quote!(#ident #colons #arguments) }
    }

    /// Replaces `Self` in the bounds of the struct.
    pub(super) fn replace_in_generics(&self, generics: &mut Generics) {
        let mut bounds = generics.where_clause.take();
        self.replace(generics);
        if let Some(bounds) = &mut bounds {
            self.replace(bounds);
        }
        generics.where_clause = bounds;
    }

    /// Replaces `Self` in a field's type and options. Other attributes belong to other macros.
    pub(super) fn replace_in_field(&self, field: &mut Field) {
        self.replace(&mut field.ty);
        field
            .attrs
            .iter_mut()
            .filter(|attr| attr.path().is_ident("shard"))
            .for_each(|attr| self.replace_in_options(attr));
    }

    fn replace_in_options(&self, attr: &mut Attribute) {
        if let Meta::List(list) = &mut attr.meta {
            list.tokens = self.replaced(list.tokens.clone());
        }
    }

    fn replace<T: Parse + ToTokens>(&self, syntax: &mut T) {
        let tokens = syntax.to_token_stream();
        if contains_self(tokens.clone())
            && let Ok(replaced) = syn::parse2(self.replaced(tokens))
        {
            *syntax = replaced;
        }
    }

    /// These tokens with `Self` replaced by the struct's type, which gets the span of that `Self`.
    pub(super) fn replaced(&self, tokens: TokenStream) -> TokenStream {
        let mut out = TokenStream::new();
        let mut tokens = tokens.into_iter().peekable();
        while let Some(token) = tokens.next() {
            match token {
                TokenTree::Ident(ident) if ident == "Self" => {
                    let is_path = matches!(tokens.peek(), Some(TokenTree::Punct(next)) if next.as_char() == ':' && next.spacing() == Spacing::Joint);
                    let itself = if is_path { &self.in_path } else { &self.alone };
                    out.extend(itself.clone().into_iter().map(|mut token| {
                        token.set_span(token.span().located_at(ident.span()));
                        token
                    }));
                }
                TokenTree::Group(group) => {
                    let mut inner = Group::new(group.delimiter(), self.replaced(group.stream()));
                    inner.set_span(group.span());
                    out.extend([TokenTree::Group(inner)]);
                }
                token => out.extend([token]),
            }
        }
        out
    }
}

fn contains_self(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == "Self",
        TokenTree::Group(group) => contains_self(group.stream()),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    fn replaced(generics: &Generics, tokens: TokenStream) -> String {
        Itself::new(&quote::format_ident!("Cache"), generics).replaced(tokens).to_string()
    }

    #[test]
    fn arguments_tell_constants_from_types() {
        let generics: Generics = parse_quote!(<'a, K: Key, V = u8, const N: usize = 4>);
        assert_eq!(arguments(&generics).to_string(), quote!(<'a, K, V, { N }>).to_string());
    }

    #[test]
    fn the_struct_stands_in_the_place_of_self() {
        let (plain, generic) = (Generics::default(), parse_quote!(<K>));
        for (generics, tokens, expected) in [
            (&plain, quote!(Arc<Self>), quote!(Arc<Cache>)),
            (&plain, quote!(Self::weigh), quote!(Cache::weigh)),
            (&generic, quote!((u8, [Self; 2])), quote!((u8, [Cache<K>; 2]))),
            (&generic, quote!([u8; Self::LENGTH]), quote!([u8; Cache::<K>::LENGTH])),
            (&generic, quote!(where Self: Sized), quote!(where Cache<K>: Sized)),
            (&generic, quote!(<Self as Sized>::A), quote!(<Cache<K> as Sized>::A)),
        ] {
            assert_eq!(replaced(generics, tokens), expected.to_string());
        }
    }
}
