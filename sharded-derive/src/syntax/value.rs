//! A value as the user wrote it, before an option says what it should have been.

use proc_macro2::{Ident, TokenStream};
use quote::ToTokens;
use syn::{Lit, LitInt, LitStr, Path};

/// The value of an option with its tokens, to point at.
pub(crate) struct Value {
    pub(crate) kind: Kind,
    pub(crate) tokens: TokenStream,
}

pub(crate) enum Kind {
    /// `auto`, `Mutex`
    Word(Ident),
    /// `my::Lock`, `::their::Lock<4>`
    Path(Path),
    /// `16`
    Number(LitInt),
    /// `"5m"`
    Text(LitStr),
    /// Anything else.
    Other,
}

impl Value {
    pub(crate) fn new(tokens: TokenStream) -> Self {
        let kind = if let Ok(literal) = syn::parse2::<Lit>(tokens.clone()) {
            match literal {
                Lit::Int(number) if number.suffix().is_empty() && !number.base10_digits().starts_with('-') => {
                    Kind::Number(number)
                }
                Lit::Str(text) => Kind::Text(text),
                _ => Kind::Other,
            }
        } else if let Ok(word) = syn::parse2::<Ident>(tokens.clone()) {
            Kind::Word(word)
        } else if let Ok(path) = syn::parse2::<Path>(tokens.clone()) {
            Kind::Path(path)
        } else {
            Kind::Other
        };
        Self { kind, tokens }
    }

    /// The word, if it is this one.
    pub(crate) fn is_word(&self, word: &str) -> bool {
        matches!(&self.kind, Kind::Word(written) if written == word)
    }

    /// Whether the value begins with a minus sign.
    pub(crate) fn is_negative(&self) -> bool {
        self.tokens.to_string().starts_with('-')
    }
}

impl ToTokens for Value {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.tokens.to_tokens(tokens);
    }
}
