//! `shards = 16`, `shards = auto`

use super::value::{Kind, Value};
use crate::diag::Diagnostics;
use crate::suggest;

/// The most shards that a map can have; the runtime's `MAX_SHARDS`.
const MOST: u64 = 1 << 16;

const NONE: &str = "a map needs at least one shard: write `shards = 1`, or `shards = auto`";

/// How many shards.
#[derive(Clone, Copy)]
pub(crate) enum Shards {
    Auto,
    Fixed(u64),
}

pub(super) fn parse(_: &str, value: &Value, diag: &mut Diagnostics) -> Option<Shards> {
    match &value.kind {
        Kind::Number(number) => match number.base10_parse::<u64>() {
            Ok(n) if n.is_power_of_two() && n <= MOST => return Some(Shards::Fixed(n)),
            Ok(0) => diag.error(value, NONE),
            Ok(n) if n < MOST => {
                let above = n.next_power_of_two();
                let message = format!(
                    "`shards` must be a power of two, and {n} is none: the nearest are {} and {above}",
                    above / 2
                );
                diag.error(value, message);
            }
            _ => diag.error(value, format!("`shards` is at most {MOST}: more would cost memory and gain nothing")),
        },
        Kind::Word(word) if word == "auto" => return Some(Shards::Auto),
        Kind::Text(text) if text.value().trim().parse::<u64>().is_ok() => {
            diag.error(value, format!("`shards` is a number without quotes: `shards = {}`", text.value().trim()));
        }
        Kind::Word(word) if suggest::nearest(&word.to_string(), ["auto"]).is_some() => {
            diag.error(value, format!("`shards` is a number or `auto`: `{word}` is probably `auto`"));
        }
        Kind::Word(_) | Kind::Path(_) => diag.error(
            value,
            "`shards` is a literal number or `auto`, as the macro can't look into a constant; the builder can override it",
        ),
        Kind::Other if value.is_negative() => diag.error(value, NONE),
        Kind::Text(_) | Kind::Other => {
            diag.error(value, "`shards` is a power of two or `auto`: `shards = 16`");
        }
    }
    None
}
