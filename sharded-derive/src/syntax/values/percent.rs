//! `ttl_jitter = "10%"`

use super::value::{Kind, Parsed, Value};

/// A share of the ttl in percent, from 1 to 99.
pub(crate) fn jitter(value: &Value) -> Parsed<u8> {
    let (name, form, undone) = (value.option.name, value.option.form(), value.option.undone());
    Err(match &value.kind {
        Kind::Number(number) => {
            format!("`{name} = {number}` has no unit: for percent write `{name} = \"{number}%\"`")
        }
        Kind::Text(text) => match percent(&text.value()) {
            Some(percent @ 1..=99) => return Ok(percent),
            Some(_) => format!("`{name}` is from 1% to 99% of the ttl: write a share in that range, or `{undone}`"),
            None => format!("`{}` is not a percentage: write a whole number of percent, `{form}`", text.value().trim()),
        },
        Kind::Path(_) | Kind::Word(_) | Kind::Other => {
            format!("`{name}` is a share of the ttl in quotes, `{form}`, or `none`")
        }
    })
}

/// Reads "10%". A number that does not fit in a byte becomes 255, which is wrong like all above 99.
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
