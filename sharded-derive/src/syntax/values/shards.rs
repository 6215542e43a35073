//! `shards = 16`

use super::value::{Kind, NO_CONSTANTS, Parsed, Value};

/// The runtime's `MAX_SHARDS`.
const MOST: u64 = 1 << 16;

const NONE: &str = "a map needs at least one shard: write `shards = 1`, or `shards = auto`";

/// A number of shards.
pub(crate) fn parse(value: &Value) -> Parsed<u64> {
    Err(match &value.kind {
        Kind::Number(number) => match number.base10_parse::<u64>() {
            Ok(n) if n.is_power_of_two() && n <= MOST => return Ok(n),
            Ok(0) => NONE.to_owned(),
            Ok(n) if n < MOST => {
                let above = n.next_power_of_two();
                format!("`shards` must be a power of two: the nearest to {n} are {} and {above}", above / 2)
            }
            _ => format!("`shards` is at most {MOST}: more would cost memory and gain nothing"),
        },
        Kind::Text(text) if text.value().trim().parse::<u64>().is_ok() => value.unquoted("a number", text),
        Kind::Word(_) | Kind::Path(_) => format!("`shards` is a literal number or `auto`, {NO_CONSTANTS}"),
        Kind::Other if value.is_negative() => NONE.to_owned(),
        Kind::Other if let Some(number) = value.without_suffix() => {
            format!("`shards` is a number without a suffix: `shards = {number}`")
        }
        Kind::Text(_) | Kind::Other => "`shards` is a power of two or `auto`: `shards = 16`".to_owned(),
    })
}
