//! `ttl = "5m"`, `idle = "1h 30m"`, `ttl = never`

use super::value::{Kind, Value};
use crate::{diag::Diagnostics, suggest};
use std::time::Duration;

/// Longest first, as they are written.
const UNITS: [(&str, u64); 7] = [
    ("d", 86_400_000_000_000),
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];

/// What else people write for the unit.
const SYNONYMS: [(&str, &[&str]); 7] = [
    ("d", &["day", "days"]),
    ("h", &["hr", "hrs", "hour", "hours"]),
    ("m", &["min", "mins", "minute", "minutes"]),
    ("s", &["sec", "secs", "second", "seconds"]),
    ("ms", &["msec", "msecs", "millis", "milli", "millisecond", "milliseconds"]),
    ("us", &["µs", "μs", "usec", "usecs", "micros", "micro", "microsecond", "microseconds"]),
    ("ns", &["nsec", "nsecs", "nanos", "nano", "nanosecond", "nanoseconds"]),
];

/// A time to live, or none.
pub(crate) enum Time {
    /// Undoes an inherited one.
    Never,
    After(Duration),
}

impl Time {
    pub(crate) fn after(&self) -> Option<Duration> {
        match self {
            Time::Never => None,
            Time::After(time) => Some(*time),
        }
    }
}

pub(super) fn parse(option: &str, value: &Value, diag: &mut Diagnostics) -> Option<Time> {
    let never = || format!("a map without {} {option} is written `{option} = never`", article(option));
    let wrong = match &value.kind {
        Kind::Text(text) => match duration(&text.value()) {
            Ok(time) if time.is_zero() => {
                let why = if option == "refresh_after" {
                    "every call would load anew"
                } else {
                    "every entry would be gone at once"
                };
                format!("with `{option} = {}` {why}; {}", value.tokens, never())
            }
            Ok(time) => return Some(Time::After(time)),
            Err(Wrong::TooLong) => {
                format!("the clock can't count that far, only to 584 years; {}", never())
            }
            Err(wrong) => format!("{wrong}, as in `{option} = \"1h 30m\"`"),
        },
        Kind::Word(word) if word == "never" => return Some(Time::Never),
        Kind::Word(word) if word == "none" || suggest::nearest(&word.to_string(), ["never", "none"]).is_some() => {
            never()
        }
        Kind::Number(number) => {
            format!("`{option} = {number}` has no unit: for seconds write `{option} = \"{number}s\"`")
        }
        Kind::Word(_) | Kind::Path(_) => format!(
            "`{option}` is a string literal such as \"5m\", as the macro can't look into a constant; the builder can override it"
        ),
        Kind::Other if value.is_negative() => Wrong::Negative.to_string(),
        Kind::Other => format!("`{option}` is a time with its unit in quotes, `{option} = \"5m\"`, or `never`"),
    };
    diag.error(value, wrong);
    None
}

fn article(option: &str) -> &'static str {
    if option == "idle" { "an" } else { "a" }
}

/// Why a text is no duration.
#[derive(Debug, PartialEq)]
enum Wrong {
    Empty,
    Negative,
    Fraction,
    NoNumber(String),
    NoUnit(u64),
    UnknownUnit(String),
    Order(&'static str),
    TooLong,
}

impl std::fmt::Display for Wrong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Wrong::Empty => f.write_str("the duration is empty: write numbers with their units"),
            Wrong::Negative => f.write_str("a duration can't be negative: write numbers with their units"),
            Wrong::Fraction => {
                f.write_str("a duration has no fractions: write whole numbers, the rest in a smaller unit")
            }
            Wrong::NoNumber(text) => write!(f, "`{text}` is no duration: write numbers with their units"),
            Wrong::NoUnit(number) => write!(f, "`{number}` has no unit: for seconds write `{number}s`"),
            Wrong::UnknownUnit(unit) => {
                let meant = SYNONYMS.iter().find(|(_, all)| all.contains(&unit.to_lowercase().as_str()));
                let question = meant.map_or_else(|| ".".to_owned(), |(meant, _)| format!(", did you mean `{meant}`?"));
                let units = suggest::list(UNITS.iter().rev().map(|(unit, _)| unit), "and");
                write!(f, "unknown unit `{unit}`{question} The units are {units}")
            }
            Wrong::Order(unit) => write!(f, "`{unit}` comes too late: write the longer units first and each once"),
            Wrong::TooLong => f.write_str("too long"),
        }
    }
}

/// Reads "1h 30m": whole numbers, each with its unit, the longer units first. Spaces are free.
fn duration(text: &str) -> Result<Duration, Wrong> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(Wrong::Empty);
    }
    let mut nanos = 0_u64;
    let mut shortest = u64::MAX;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '_').unwrap_or(rest.len());
        let (number, after) = rest.split_at(digits);
        let number = number.replace('_', "");
        if number.is_empty() {
            return Err(if rest.starts_with('-') { Wrong::Negative } else { Wrong::NoNumber(text.trim().to_owned()) });
        }
        if after.starts_with(['.', ',']) {
            return Err(Wrong::Fraction);
        }
        let number: u64 = number.parse().map_err(|_| Wrong::TooLong)?;

        let after = after.trim_start();
        let letters = after.find(|c: char| !c.is_alphabetic()).unwrap_or(after.len());
        let (unit, after) = after.split_at(letters);
        if unit.is_empty() {
            return Err(Wrong::NoUnit(number));
        }
        let Some(&(unit, size)) = UNITS.iter().find(|(name, _)| *name == unit) else {
            return Err(Wrong::UnknownUnit(unit.to_owned()));
        };
        if size >= shortest {
            return Err(Wrong::Order(unit));
        }
        shortest = size;
        nanos = number.checked_mul(size).and_then(|part| nanos.checked_add(part)).ok_or(Wrong::TooLong)?;
        rest = after.trim_start();
    }
    Ok(Duration::from_nanos(nanos))
}

/// Writes a duration as it is read: "1h 30m".
pub(crate) fn in_words(duration: Duration) -> String {
    let mut rest = duration.as_nanos();
    let mut words = Vec::new();
    for (unit, size) in UNITS {
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
            assert_eq!(duration(text), Ok(Duration::from_nanos(nanos)), "{text}");
        }
    }

    #[test]
    fn refuses() {
        for (text, wrong) in [
            ("", Wrong::Empty),
            ("  ", Wrong::Empty),
            ("-5m", Wrong::Negative),
            ("1.5h", Wrong::Fraction),
            ("1,5h", Wrong::Fraction),
            ("5", Wrong::NoUnit(5)),
            ("1h 30", Wrong::NoUnit(30)),
            ("soon", Wrong::NoNumber("soon".to_owned())),
            ("5m!", Wrong::NoNumber("5m!".to_owned())),
            ("5 min", Wrong::UnknownUnit("min".to_owned())),
            ("5M", Wrong::UnknownUnit("M".to_owned())),
            ("30m 1h", Wrong::Order("h")),
            ("1m 1m", Wrong::Order("m")),
            ("18446744073709551616ns", Wrong::TooLong),
            ("18446744073709551615ns 1d", Wrong::Order("d")),
            ("213504d", Wrong::TooLong),
        ] {
            assert_eq!(duration(text), Err(wrong), "{text}");
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        for nanos in [1, 999, 1_000, 61_000_000_000, 90_061_001_002_003, u64::MAX] {
            let time = Duration::from_nanos(nanos);
            assert_eq!(duration(&in_words(time)), Ok(time));
        }
    }

    #[test]
    fn every_unit_has_its_synonyms() {
        assert!(UNITS.iter().zip(SYNONYMS).all(|((unit, _), (of, _))| *unit == of));
    }
}
