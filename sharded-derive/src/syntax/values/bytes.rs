//! "256MiB": a number of bytes.

use crate::suggest;

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

/// Reads a number of bytes. `None` if the text does not begin with a number.
pub(super) fn read(text: &str) -> Option<Result<u64, String>> {
    let text = text.trim();
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit() && c != '_')?);
    if number.is_empty() {
        return None;
    }
    let size = UNITS.iter().find(|(name, _)| *name == unit.trim()).map(|(_, size)| *size);
    let number = number.replace('_', "").parse::<u64>().ok();
    let bytes = number.zip(size).and_then(|(number, size)| number.checked_mul(size));
    Some(bytes.ok_or_else(|| {
        let units = suggest::list(UNITS.iter().map(|(unit, _)| unit), "or");
        format!("`{text}` is not a number of bytes: write a whole number and its unit, one of {units}")
    }))
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn numbers_of_bytes() {
        assert_eq!(read("256MiB"), Some(Ok(256 << 20)));
        assert_eq!(read(" 1_000 kB "), Some(Ok(1_000_000)));
        assert_eq!(read("7B"), Some(Ok(7)));
        for size in ["512k", "1.5GiB", "3tb", "99999999999999999999TiB", "20_000_000TiB", "5m 3s"] {
            assert!(matches!(read(size), Some(Err(_))), "{size}");
        }
        for nothing in ["64", "", "many", "MiB"] {
            assert_eq!(read(nothing), None, "{nothing}");
        }
    }
}
