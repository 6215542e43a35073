//! `weight = weight_of_page`, `evictable = Session::is_idle`: a function by its path.

use super::value::{Kind, Value};
use crate::diag::Diagnostics;
use proc_macro2::TokenStream;

/// The path, as it was written.
pub(super) fn parse(option: &str, value: &Value, diag: &mut Diagnostics) -> Option<TokenStream> {
    match &value.kind {
        Kind::Word(_) | Kind::Path(_) => return Some(value.tokens.clone()),
        Kind::Text(text) => {
            diag.error(value, format!("`{option}` is a function without quotes: `{option} = {}`", text.value().trim()));
        }
        Kind::Number(_) | Kind::Other => {
            let example = if option == "weight" { "weight_of_page" } else { "is_evictable" };
            diag.error(
                value,
                format!("`{option}` is the path of a function, not a value or a closure: `{option} = {example}`"),
            );
        }
    }
    None
}
