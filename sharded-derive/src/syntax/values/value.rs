//! A value as the user wrote it, before the option's parser reads it.

use crate::syntax::declaration::Declaration;
use proc_macro2::{Ident, TokenStream};
use syn::{Lit, LitInt, LitStr, Path};

/// The reason why a path is refused where a literal is asked for.
pub(super) const NO_CONSTANTS: &str = "as the macro can't read a constant; the builder can override it";

/// The same, of an option that the builder has no method for.
pub(super) const NO_CONSTANTS_AT_ALL: &str = "as the macro can't read a constant";

/// What a parser returns: the value, or what is wrong with it.
pub(crate) type Parsed<T> = Result<T, String>;

/// The value of an option.
pub(crate) struct Value {
    pub(crate) option: &'static Declaration,
    pub(crate) kind: Kind,
    pub(crate) tokens: TokenStream,
}

/// The forms of values.
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
    pub(crate) fn new(option: &'static Declaration, tokens: TokenStream) -> Self {
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
        Self { option, kind, tokens }
    }

    /// What is wrong with the literal itself, for any option: a suffix, or quotes around the word that undoes the
    /// option.
    pub(crate) fn check_form(&self) -> Parsed<()> {
        let Declaration { name, undo, .. } = self.option;
        match &self.kind {
            Kind::Text(text) if !text.suffix().is_empty() => {
                Err(format!("a string has no suffix: `{name} = {:?}`", text.value()))
            }
            Kind::Text(text) if *undo == Some(text.value().trim()) => {
                Err(format!("`{}` is written without quotes: `{}`", text.value().trim(), self.option.undone()))
            }
            _ => Ok(()),
        }
    }

    /// The digits of a whole number with a suffix, such as `1_000` of `1_000u64`.
    pub(super) fn without_suffix(&self) -> Option<String> {
        let number = syn::parse2::<LitInt>(self.tokens.clone()).ok()?;
        let text = number.to_string();
        text.strip_suffix(number.suffix()).filter(|_| !number.suffix().is_empty()).map(str::to_owned)
    }

    /// Whether the value is this word.
    pub(crate) fn is_word(&self, word: &str) -> bool {
        matches!(&self.kind, Kind::Word(written) if written == word)
    }

    /// Whether the value begins with a minus sign.
    pub(super) fn is_negative(&self) -> bool {
        self.tokens.to_string().starts_with('-')
    }

    /// The message about a value that is right but for its quotes.
    pub(super) fn unquoted(&self, what: &str, text: &LitStr) -> String {
        let name = self.option.name;
        format!("`{name}` is {what} without quotes: `{name} = {}`", text.value().trim())
    }
}
