//! `unbounded = "one entry per listed instrument"`

use super::value::{Kind, Parsed, Value};

/// A sentence for those who read the declaration.
pub(crate) fn parse(value: &Value) -> Parsed<String> {
    let form = value.option.form();
    match &value.kind {
        Kind::Text(text) if !text.value().trim().is_empty() => Ok(text.value().trim().to_owned()),
        Kind::Text(_) => Err(format!("the reason is empty: say what keeps this map small, as in `{form}`")),
        _ => Err(format!("the reason is a string: `{form}`")),
    }
}
