//! `capacity = 1_000_000`, `capacity = "256MiB"`

use super::bytes;
use super::value::{Kind, NO_CONSTANTS, Parsed, Value};
use proc_macro2::Literal;

/// The most that a map holds: entries, or what they weigh.
#[derive(Clone)]
pub(crate) struct Capacity {
    pub(crate) number: u64,
    /// For the expansion: the user's literal if it was a number, with its underscores.
    pub(crate) literal: Literal,
    /// The text, if the capacity is in bytes.
    pub(crate) bytes: Option<String>,
}

const ZERO: &str = "a map of this capacity could hold nothing: give the number of entries, or leave the option out";

/// A number of entries or of bytes.
pub(crate) fn parse(value: &Value) -> Parsed<Capacity> {
    let is_number = |text: &str| text.trim().replace('_', "").parse::<u64>().is_ok();
    Err(match &value.kind {
        Kind::Number(number) => match number.base10_parse::<u64>() {
            Ok(0) => ZERO.to_owned(),
            Ok(n) => return Ok(Capacity { number: n, literal: number.token(), bytes: None }),
            Err(_) => "this capacity is too large: it is at most 2^64 - 1".to_owned(),
        },
        Kind::Text(text) if is_number(&text.value()) => value.unquoted("a number", text),
        Kind::Text(text) => match bytes::read(&text.value()) {
            Some(Ok(0)) => ZERO.to_owned(),
            Some(Ok(n)) => {
                let bytes = Some(text.value().trim().to_owned());
                return Ok(Capacity { number: n, literal: Literal::u64_unsuffixed(n), bytes });
            }
            Some(Err(wrong)) => wrong,
            None => number_of_entries(value),
        },
        Kind::Word(_) | Kind::Path(_) => format!("`capacity` is a literal number, {NO_CONSTANTS}"),
        Kind::Other if value.is_negative() => ZERO.to_owned(),
        Kind::Other => match value.without_suffix() {
            Some(_) if bytes::read(&value.tokens.to_string()).is_some_and(|bytes| bytes.is_ok()) => {
                format!("a number of bytes is written in quotes: `capacity = \"{}\"`", value.tokens)
            }
            Some(number) => format!("`capacity` is a number without a suffix: `capacity = {number}`"),
            None => number_of_entries(value),
        },
    })
}

fn number_of_entries(value: &Value) -> String {
    format!("`capacity` is a number of entries: `{}`", value.option.form())
}
