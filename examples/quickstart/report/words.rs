//! Figures as text for people.

use std::time::Duration;

/// `95,607`
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `2.13 million`, or `95,607`.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rate is not negative, nor that large")]
pub(crate) fn rate(per_second: f64) -> String {
    if per_second < 1e6 { count(per_second.round() as u64) } else { format!("{:.2} million", per_second / 1e6) }
}

/// `68.9 %`
pub(crate) fn percent(ratio: Option<f64>) -> String {
    ratio.map_or_else(|| "–".to_owned(), |ratio| format!("{:.1} %", ratio * 100.0))
}

/// A time to three digits in the unit that suits it: `870 ns`, `1.25 µs`, `500 ms`, `6 s`, `30 min`, `2 h`.
pub(crate) fn time(time: Duration) -> String {
    if time.subsec_nanos() == 0 && time.as_secs() > 0 {
        let seconds = time.as_secs();
        let (figure, unit) = match seconds {
            _ if seconds.is_multiple_of(3600) => (seconds / 3600, "h"),
            _ if seconds.is_multiple_of(60) => (seconds / 60, "min"),
            _ => (seconds, "s"),
        };
        return format!("{figure} {unit}");
    }
    let nanos = time.as_secs_f64() * 1e9;
    let (figure, unit) = match nanos {
        ..1e3 => (nanos, "ns"),
        ..1e6 => (nanos / 1e3, "µs"),
        ..1e9 => (nanos / 1e6, "ms"),
        _ => (nanos / 1e9, "s"),
    };
    match figure {
        _ if unit == "ns" => format!("{figure:.0} ns"),
        ..10.0 => format!("{figure:.2} {unit}"),
        ..100.0 => format!("{figure:.1} {unit}"),
        _ => format!("{figure:.0} {unit}"),
    }
}

/// The same for nanoseconds.
pub(crate) fn nanos(nanos: u64) -> String {
    time(Duration::from_nanos(nanos))
}

/// A power of ten, in nanoseconds, without digits that say nothing: `100 ns`, `1 µs`.
pub(crate) fn power_of_ten(power: u32) -> String {
    let (figure, unit) = (10_u32.pow(power % 3), ["ns", "µs", "ms", "s"].get(power as usize / 3).unwrap_or(&"ks"));
    format!("{figure} {unit}")
}

/// `1 entry`, `2 entries`: a count with its noun.
pub(crate) fn of(number: usize, one: &str, many: &str) -> String {
    format!("{} {}", count(number as u64), if number == 1 { one } else { many })
}
