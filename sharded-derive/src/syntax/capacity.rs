//! `capacity = 1_000_000`, `capacity = none`

use super::value::{Kind, Value};
use crate::diag::Diagnostics;
use proc_macro2::Literal;

const NOTHING: &str = "a map of this capacity could hold nothing: give the number of entries, or leave the option out";

/// How many entries at most.
pub(crate) enum Capacity {
    /// Undoes an inherited one.
    None,
    /// The number and, for the expansion, the literal with the user's own underscores.
    Entries(u64, Literal),
}

pub(super) fn parse(_: &str, value: &Value, diag: &mut Diagnostics) -> Option<Capacity> {
    match &value.kind {
        Kind::Number(number) => match number.base10_parse::<u64>() {
            Ok(0) => diag.error(value, NOTHING),
            Ok(n) => return Some(Capacity::Entries(n, number.token())),
            Err(_) => diag.error(value, "this capacity is more than a machine can count: it is at most 2^64 - 1"),
        },
        Kind::Word(word) if word == "none" => return Some(Capacity::None),
        Kind::Word(word) if word == "never" || word == "None" || word == "unbounded" => {
            diag.error(value, "a map without a capacity is written `capacity = none`");
        }
        Kind::Text(text) if is_size(&text.value()) => diag.error(
            value,
            "`capacity` counts entries, not bytes: divide the bytes by what one entry takes, as in `capacity = 10_000`",
        ),
        Kind::Text(text) if text.value().trim().replace('_', "").parse::<u64>().is_ok() => {
            diag.error(value, format!("`capacity` is a number without quotes: `capacity = {}`", text.value().trim()));
        }
        Kind::Word(_) | Kind::Path(_) => diag.error(
            value,
            "`capacity` is a literal number, as the macro can't look into a constant; the builder can override it",
        ),
        Kind::Other if value.is_negative() => diag.error(value, NOTHING),
        Kind::Text(_) | Kind::Other => diag.error(value, "`capacity` is a number of entries: `capacity = 10_000`"),
    }
    None
}

/// Whether this looks like a number of bytes: "64MiB", "1 GB", "512k".
fn is_size(text: &str) -> bool {
    let unit = text.trim().trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | '_')).trim_start();
    unit.len() < text.trim().len()
        && matches!(unit.to_ascii_lowercase().trim_end_matches('b').trim_end_matches('i'), "" | "k" | "m" | "g" | "t")
        && !unit.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_in_bytes() {
        for size in ["64MiB", "1 GB", "512k", "10B", "1.5GiB", "3tb"] {
            assert!(is_size(size), "{size}");
        }
        for number in ["64", "1_000", "", "many", "MiB", "5m 3s"] {
            assert!(!is_size(number), "{number}");
        }
    }
}
