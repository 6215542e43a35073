//! `unbounded = "one entry per listed instrument"`

use super::value::{Kind, Value};
use crate::diag::Diagnostics;

pub(super) fn parse(_: &str, value: &Value, diag: &mut Diagnostics) -> Option<String> {
    match &value.kind {
        Kind::Text(text) if !text.value().trim().is_empty() => return Some(text.value().trim().to_owned()),
        Kind::Text(_) => diag.error(
            value,
            "the reason is empty: say what keeps this map small, as in `unbounded = \"one entry per country\"`",
        ),
        _ => diag.error(value, "the reason is a string: `unbounded = \"one entry per country\"`"),
    }
    None
}
