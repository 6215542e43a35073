//! Lists of numbers in the kernel's format: `0-3,8,10-11`.

/// More than the CPUs or nodes of any kernel. Higher numbers are malformed.
const TOO_HIGH: u32 = 1 << 16;

/// The numbers in a list, ascending, or `None` if it is malformed. Empty text is the empty list.
pub(super) fn parse(text: &str) -> Option<Vec<u32>> {
    let text = text.trim();
    let mut numbers = Vec::new();
    if text.is_empty() {
        return Some(numbers);
    }
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (number(first)?, number(last)?);
        if first > last {
            return None;
        }
        numbers.extend(first..=last);
    }
    numbers.sort_unstable();
    numbers.dedup();
    Some(numbers)
}

fn number(text: &str) -> Option<u32> {
    // `parse` alone would accept "+1".
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|&number| is_number && number < TOO_HIGH)
}

#[cfg(test)]
mod tests {
    use super::parse;

    /// Like the kernel: adjacent numbers become a range.
    fn write(numbers: &[u32]) -> String {
        let runs = numbers.chunk_by(|one, next| one + 1 == *next);
        let parts = runs.map(|run| match *run {
            [one] => one.to_string(),
            [first, .., last] => format!("{first}-{last}"),
            [] => unreachable!(),
        });
        parts.collect::<Vec<_>>().join(",")
    }

    #[test]
    fn every_list_of_small_numbers_is_read_as_it_was_written() {
        for set in 0_u32..1 << 12 {
            let numbers: Vec<u32> = (0..12).filter(|bit| set >> bit & 1 == 1).collect();
            assert_eq!(parse(&write(&numbers)), Some(numbers.clone()), "{numbers:?}");
            assert_eq!(parse(&format!("{}\n", write(&numbers))), Some(numbers));
        }
    }

    #[test]
    fn lists_are_read() {
        assert_eq!(parse("0-3,8,10-11\n"), Some(vec![0, 1, 2, 3, 8, 10, 11]));
        assert_eq!(parse("8,0-1,1"), Some(vec![0, 1, 8]));
        assert_eq!(parse("5-5"), Some(vec![5]));
        assert_eq!(parse("65535"), Some(vec![65_535]));
        assert_eq!(parse(" \n"), Some(vec![]));
    }

    #[test]
    fn text_that_is_no_list_is_refused() {
        for text in [
            ",",
            "0,",
            ",0",
            "0,,1",
            "-",
            "0-",
            "-1",
            "3-1",
            "1-2-3",
            "a",
            "0x1",
            "+1",
            "1 2",
            "0 - 1",
            "1;2",
            "65536",
            "0-4294967295",
            "99999999999",
            "٣",
            "0-3:1/2",
            "\0",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }
}
