//! `capacity = 1_000_000`, `capacity = "256MiB"`, `capacity = none`

use super::value::{Kind, Value};
use crate::diag::Diagnostics;
use crate::suggest;
use proc_macro2::Literal;

const NOTHING: &str = "a map of this capacity could hold nothing: give the number of entries, or leave the option out";

/// How much at most.
pub(crate) enum Capacity {
    /// Undoes an inherited one.
    None,
    /// So many entries, or what they weigh together.
    Most(Most),
}

/// The most that a map holds.
pub(crate) struct Most {
    pub(crate) number: u64,
    /// For the expansion: the user's own where it was a number, with its underscores.
    pub(crate) literal: Literal,
    /// As it was written, where it was in bytes.
    pub(crate) bytes: Option<String>,
}

/// What a number of bytes can be in.
const UNITS: [(&str, u64); 9] = [
    ("B", 1),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
];

pub(super) fn parse(_: &str, value: &Value, diag: &mut Diagnostics) -> Option<Capacity> {
    match &value.kind {
        Kind::Number(number) => match number.base10_parse::<u64>() {
            Ok(0) => diag.error(value, NOTHING),
            Ok(n) => return Some(Capacity::Most(Most { number: n, literal: number.token(), bytes: None })),
            Err(_) => diag.error(value, "this capacity is more than a machine can count: it is at most 2^64 - 1"),
        },
        Kind::Word(word) if word == "none" => return Some(Capacity::None),
        Kind::Word(word) if word == "never" || word == "None" || word == "unbounded" => {
            diag.error(value, "a map without a capacity is written `capacity = none`");
        }
        Kind::Text(text) if text.value().trim().replace('_', "").parse::<u64>().is_ok() => {
            diag.error(value, format!("`capacity` is a number without quotes: `capacity = {}`", text.value().trim()));
        }
        Kind::Text(text) => match bytes(&text.value()) {
            Some(Ok(0)) => diag.error(value, NOTHING),
            Some(Ok(n)) => {
                let bytes = Some(text.value().trim().to_owned());
                return Some(Capacity::Most(Most { number: n, literal: Literal::u64_unsuffixed(n), bytes }));
            }
            Some(Err(())) => {
                let units = suggest::list(UNITS.iter().map(|(unit, _)| unit), "or");
                diag.error(
                    value,
                    format!(
                        "`{}` is no number of bytes: write a whole number and its unit, one of {units}",
                        text.value().trim()
                    ),
                );
            }
            None => diag.error(value, NUMBER),
        },
        Kind::Word(_) | Kind::Path(_) => diag.error(
            value,
            "`capacity` is a literal number, as the macro can't look into a constant; the builder can override it",
        ),
        Kind::Other if value.is_negative() => diag.error(value, NOTHING),
        Kind::Other => diag.error(value, NUMBER),
    }
    None
}

const NUMBER: &str = "`capacity` is a number of entries: `capacity = 10_000`";

/// A number of bytes such as "256MiB"; `None` where it does not begin with a number.
fn bytes(text: &str) -> Option<Result<u64, ()>> {
    let text = text.trim();
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit() && c != '_')?);
    if number.is_empty() {
        return None;
    }
    let size = UNITS.iter().find(|(name, _)| *name == unit.trim()).map(|(_, size)| *size);
    let number = number.replace('_', "").parse::<u64>().ok();
    Some(number.zip(size).and_then(|(number, size)| number.checked_mul(size)).ok_or(()))
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn numbers_of_bytes() {
        assert_eq!(bytes("256MiB"), Some(Ok(256 << 20)));
        assert_eq!(bytes(" 1_000 kB "), Some(Ok(1_000_000)));
        assert_eq!(bytes("7B"), Some(Ok(7)));
        for size in ["512k", "1.5GiB", "3tb", "99999999999999999999TiB", "20_000_000TiB", "5m 3s"] {
            assert_eq!(bytes(size), Some(Err(())), "{size}");
        }
        for nothing in ["64", "", "many", "MiB"] {
            assert_eq!(bytes(nothing), None, "{nothing}");
        }
    }
}
