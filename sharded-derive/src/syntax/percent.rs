//! `ttl_jitter = "10%"`, `ttl_jitter = none`

use super::value::{Kind, Value};
use crate::diag::Diagnostics;

/// A share of something else, or none.
pub(crate) enum Share {
    /// Undoes an inherited one.
    None,
    /// From 1 to 99.
    Percent(u8),
}

pub(super) fn jitter(option: &str, value: &Value, diag: &mut Diagnostics) -> Option<Share> {
    let wrong = match &value.kind {
        Kind::Word(word) if word == "none" => return Some(Share::None),
        Kind::Word(word) if word == "never" => format!("a map without a `{option}` is written `{option} = none`"),
        Kind::Number(number) => {
            format!("`{option} = {number}` has no unit: for percent write `{option} = \"{number}%\"`")
        }
        Kind::Text(text) => match percent(&text.value()) {
            Some(percent @ 1..=99) => return Some(Share::Percent(percent)),
            Some(_) => format!(
                "a `{option}` is from 1% to 99% of the ttl, of which something has to be left; a map without one is written `{option} = none`"
            ),
            None => {
                format!("`{}` is no share: write a whole number of percent, `{option} = \"10%\"`", text.value().trim())
            }
        },
        Kind::Path(_) | Kind::Word(_) | Kind::Other => {
            format!("`{option}` is a share of the ttl in quotes, `{option} = \"10%\"`, or `none`")
        }
    };
    diag.error(value, wrong);
    None
}

/// Reads "10%"; more than fits is as wrong as more than the whole.
fn percent(text: &str) -> Option<u8> {
    let number = text.trim().strip_suffix('%')?.trim_end();
    let is_number = !number.is_empty() && number.chars().all(|c| c.is_ascii_digit());
    is_number.then(|| number.parse().unwrap_or(u8::MAX))
}

#[cfg(test)]
mod tests {
    use super::percent;

    #[test]
    fn shares() {
        for (text, share) in [("10%", 10), (" 7 % ", 7), ("0%", 0), ("100%", 100), ("1000000%", u8::MAX)] {
            assert_eq!(percent(text), Some(share), "{text}");
        }
        for nothing in ["", "%", "10", "-5%", "2.5%", "ten%", "10%%", "1_0%", "+5%"] {
            assert_eq!(percent(nothing), None, "{nothing}");
        }
    }
}
