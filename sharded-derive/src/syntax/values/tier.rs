//! `tier = Redis`, `schema = 2`

use super::value::{Kind, NO_CONSTANTS_AT_ALL, Parsed, Value};
use crate::suggest;
use proc_macro2::Ident;

const REDIS: &str = "Redis";

/// The one kind of server that there is. The user's own token is kept, so that editors lead from it to the type.
pub(crate) fn parse(value: &Value) -> Parsed<Ident> {
    Err(match &value.kind {
        Kind::Word(word) if word == REDIS => return Ok(word.clone()),
        Kind::Word(word) if word.to_string().eq_ignore_ascii_case("valkey") => {
            "Valkey speaks the protocol of Redis: write `tier = Redis`".to_owned()
        }
        Kind::Word(word) if suggest::nearest(&word.to_string(), [REDIS]).is_some() => {
            format!("unknown tier `{word}`, did you mean `{REDIS}`?")
        }
        Kind::Text(text) if text.value().trim() == REDIS => value.unquoted("a name", text),
        _ => "`tier` is `Redis`, which also stands for Valkey: `tier = Redis`".to_owned(),
    })
}

/// The version of the values.
pub(crate) fn schema(value: &Value) -> Parsed<u32> {
    Err(match &value.kind {
        Kind::Number(number) => match number.base10_parse() {
            Ok(schema) => return Ok(schema),
            Err(_) => format!("`schema` is at most {}", u32::MAX),
        },
        Kind::Text(text) if text.value().trim().parse::<u32>().is_ok() => value.unquoted("a number", text),
        Kind::Word(_) | Kind::Path(_) => format!("`schema` is a literal number, {NO_CONSTANTS_AT_ALL}"),
        Kind::Text(_) | Kind::Other => match value.without_suffix() {
            Some(number) => format!("`schema` is a number without a suffix: `schema = {number}`"),
            None => "`schema` is the number of the version: `schema = 2`".to_owned(),
        },
    })
}
