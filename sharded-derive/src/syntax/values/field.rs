//! `index_of = sessions`: a field of the struct by its name.

use super::value::{Kind, Parsed, Value};
use proc_macro2::Ident;

pub(crate) fn parse(value: &Value) -> Parsed<Ident> {
    match &value.kind {
        Kind::Word(name) => Ok(name.clone()),
        Kind::Text(text) => Err(value.unquoted("a field", text)),
        Kind::Path(_) | Kind::Number(_) | Kind::Other => {
            let (name, form) = (value.option.name, value.option.form());
            Err(format!("`{name}` is the name of a field of this struct: `{form}`"))
        }
    }
}
