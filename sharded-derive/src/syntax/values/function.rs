//! `weight = weight_of_page`, `evictable = Session::is_idle`: a function by its path.

use super::value::{Kind, Parsed, Value};
use proc_macro2::TokenStream;
use syn::TypePath;

/// The path as it was written.
pub(crate) fn parse(value: &Value) -> Parsed<TokenStream> {
    match &value.kind {
        Kind::Word(_) | Kind::Path(_) => Ok(value.tokens.clone()),
        // `<Page as Weigh>::weigh`
        Kind::Other if syn::parse2::<TypePath>(value.tokens.clone()).is_ok() => Ok(value.tokens.clone()),
        Kind::Text(text) => Err(value.unquoted("a function", text)),
        Kind::Number(_) | Kind::Other => {
            let (name, form) = (value.option.name, value.option.form());
            Err(format!("`{name}` is the path of a function, not a value or a closure: `{form}`"))
        }
    }
}
