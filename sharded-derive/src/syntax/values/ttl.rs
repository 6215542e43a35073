//! `ttl = "5m"`, `ttl = own`, `ttl = self::until`

use super::duration;
use super::value::{Kind, Parsed, Value};
use proc_macro2::TokenStream;
use std::time::Duration;

/// How long entries live.
#[derive(Clone)]
pub(crate) enum Ttl {
    /// All for the same time.
    Same(Duration),
    /// For ever, unless the call that stores an entry gives it a time.
    Own,
    /// For the time that this function returns for an entry.
    Of(TokenStream),
}

impl Ttl {
    /// The time that is the same for all entries.
    pub(crate) fn same(&self) -> Option<Duration> {
        if let Ttl::Same(time) = self { Some(*time) } else { None }
    }

    /// The function that says how long an entry lives.
    pub(crate) fn function(&self) -> Option<&TokenStream> {
        if let Ttl::Of(path) = self { Some(path) } else { None }
    }
}

/// A single word is no function: it is more likely a constant, or `never` or `own` misspelt.
pub(crate) fn parse(value: &Value) -> Parsed<Ttl> {
    match &value.kind {
        Kind::Word(_) if value.is_word("own") => Ok(Ttl::Own),
        Kind::Word(word) if word.to_string().starts_with(char::is_lowercase) => Err(format!(
            "`ttl` is a time such as \"5m\", `never` or `own`, or the path of a function: for one of this module write \
             `ttl = self::{word}`"
        )),
        Kind::Path(path) if path.segments.len() > 1 && !is_constant(path) => Ok(Ttl::Of(value.tokens.clone())),
        // `<Token as Ends>::until`
        Kind::Other if syn::parse2::<syn::TypePath>(value.tokens.clone()).is_ok() => Ok(Ttl::Of(value.tokens.clone())),
        Kind::Other if is_closure(&value.tokens.to_string()) => {
            Err("`ttl` is a time, or the path of a function, not a closure: `ttl = self::until`".to_owned())
        }
        _ => duration::parse(value).map(Ttl::Same),
    }
}

/// Whether a path names a constant, by the case of its letters.
fn is_constant(path: &syn::Path) -> bool {
    path.segments.last().is_some_and(|last| !last.ident.to_string().contains(char::is_lowercase))
}

fn is_closure(text: &str) -> bool {
    text.starts_with('|') || text.starts_with("move |")
}
