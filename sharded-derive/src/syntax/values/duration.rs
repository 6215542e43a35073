//! `ttl = "5m"`, `idle = "1h 30m"`

use super::value::{Kind, NO_CONSTANTS, NO_CONSTANTS_AT_ALL, Parsed, Value};
use crate::suggest;
use std::time::Duration;

/// Each unit, its nanoseconds, and what else people write for it. The longest unit comes first, as in a duration.
const UNITS: [(&str, u64, &[&str]); 7] = [
    ("d", 86_400_000_000_000, &["day", "days"]),
    ("h", 3_600_000_000_000, &["hr", "hrs", "hour", "hours"]),
    ("m", 60_000_000_000, &["min", "mins", "minute", "minutes"]),
    ("s", 1_000_000_000, &["sec", "secs", "second", "seconds"]),
    ("ms", 1_000_000, &["msec", "msecs", "millis", "milli", "millisecond", "milliseconds"]),
    ("us", 1_000, &["µs", "μs", "usec", "usecs", "micros", "micro", "microsecond", "microseconds"]),
    ("ns", 1, &["nsec", "nsecs", "nanos", "nano", "nanosecond", "nanoseconds"]),
];

/// A time longer than zero.
pub(crate) fn parse(value: &Value) -> Parsed<Duration> {
    let name = value.option.name;
    let or = |none: String| value.option.undo.map(|_| none).unwrap_or_default();
    Err(match &value.kind {
        Kind::Text(text) => match read(&text.value()) {
            Ok(time) if time.is_zero() => {
                let none = or(format!(", or `{}` for none", value.option.undone()));
                format!("`{name}` must be longer than zero: write a longer time{none}")
            }
            Ok(time) => return Ok(time),
            Err(wrong) => format!("{wrong}, as in `{name} = \"1h 30m\"`"),
        },
        Kind::Number(number) => format!("`{name} = {number}` has no unit: for seconds write `{name} = \"{number}s\"`"),
        Kind::Word(_) | Kind::Path(_) => {
            let why = if value.option.undo.is_some() { NO_CONSTANTS } else { NO_CONSTANTS_AT_ALL };
            format!("`{name}` is a string literal such as \"5m\", {why}")
        }
        Kind::Other if value.is_negative() => NEGATIVE.to_owned(),
        Kind::Other => {
            let none = or(", or `never`".to_owned());
            format!("`{name}` is a time with its unit in quotes, `{name} = \"5m\"`{none}")
        }
    })
}

const NEGATIVE: &str = "a duration can't be negative: write numbers with their units";
const TOO_LONG: &str = "a duration is at most 584 years: write `never`, or a shorter one";

/// Reads "1h 30m": whole numbers, each with its unit, the longer units first. Spaces are optional.
fn read(text: &str) -> Parsed<Duration> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err("the duration is empty: write numbers with their units".to_owned());
    }
    let mut nanos = 0_u64;
    let mut shortest = u64::MAX;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '_').unwrap_or(rest.len());
        let (number, after) = rest.split_at(digits);
        let number = number.replace('_', "");
        if number.is_empty() && rest.starts_with('-') {
            return Err(NEGATIVE.to_owned());
        }
        if number.is_empty() {
            return Err(format!("`{}` is not a duration: write numbers with their units", text.trim()));
        }
        if after.starts_with(['.', ',']) {
            return Err("a duration has no fractions: write whole numbers, the rest in a smaller unit".to_owned());
        }
        let number: u64 = number.parse().map_err(|_| TOO_LONG.to_owned())?;

        let after = after.trim_start();
        let letters = after.find(|c: char| !c.is_alphabetic()).unwrap_or(after.len());
        let (unit, after) = after.split_at(letters);
        if unit.is_empty() {
            return Err(format!("`{number}` has no unit: for seconds write `{number}s`"));
        }
        let Some(&(unit, size, _)) = UNITS.iter().find(|(name, ..)| *name == unit) else { return Err(unknown(unit)) };
        if size >= shortest {
            return Err(format!("`{unit}` comes too late: write the longer units first and each once"));
        }
        shortest = size;
        nanos = number.checked_mul(size).and_then(|part| nanos.checked_add(part)).ok_or_else(|| TOO_LONG.to_owned())?;
        rest = after.trim_start();
    }
    Ok(Duration::from_nanos(nanos))
}

fn unknown(unit: &str) -> String {
    let meant = UNITS.iter().find(|(.., all)| all.contains(&unit.to_lowercase().as_str()));
    let question = meant.map_or_else(|| ".".to_owned(), |(meant, ..)| format!(", did you mean `{meant}`?"));
    let units = suggest::list(UNITS.iter().rev().map(|(unit, ..)| unit), "and");
    format!("unknown unit `{unit}`{question} The units are {units}")
}

/// Writes a duration as it is read: "1h 30m".
pub(crate) fn duration_text(duration: Duration) -> String {
    let mut rest = duration.as_nanos();
    let mut words = Vec::new();
    for (unit, size, _) in UNITS {
        let count = rest / u128::from(size);
        rest %= u128::from(size);
        if count > 0 {
            words.push(format!("{count}{unit}"));
        }
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads() {
        for (text, nanos) in [
            ("5m", 300_000_000_000),
            ("1h 30m", 5_400_000_000_000),
            ("1h30m", 5_400_000_000_000),
            (" 250 ms ", 250_000_000),
            ("1_000us", 1_000_000),
            ("7ns", 7),
            ("2d 1s", 172_801_000_000_000),
            ("0s", 0),
            ("18446744073709551615ns", u64::MAX),
        ] {
            assert_eq!(read(text), Ok(Duration::from_nanos(nanos)), "{text}");
        }
    }

    #[test]
    fn refuses() {
        for (text, wrong) in [
            ("", "the duration is empty"),
            ("  ", "the duration is empty"),
            ("-5m", NEGATIVE),
            ("1.5h", "a duration has no fractions"),
            ("1,5h", "a duration has no fractions"),
            ("5", "`5` has no unit"),
            ("1h 30", "`30` has no unit"),
            ("soon", "`soon` is not a duration"),
            ("5m!", "`5m!` is not a duration"),
            ("5 min", "unknown unit `min`, did you mean `m`?"),
            ("5M", "unknown unit `M`."),
            ("30m 1h", "`h` comes too late"),
            ("1m 1m", "`m` comes too late"),
            ("18446744073709551616ns", TOO_LONG),
            ("18446744073709551615ns 1d", "`d` comes too late"),
            ("213504d", TOO_LONG),
        ] {
            let message = read(text).unwrap_err();
            assert!(message.starts_with(wrong), "{text}: {message}");
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        for nanos in [1, 999, 1_000, 61_000_000_000, 90_061_001_002_003, u64::MAX] {
            let time = Duration::from_nanos(nanos);
            assert_eq!(read(&duration_text(time)), Ok(time));
        }
    }
}
