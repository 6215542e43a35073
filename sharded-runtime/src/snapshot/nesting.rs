//! The nesting depth of `MessagePack`.

/// Whether arrays and maps are nested more than `most` deep in this sequence of values.
///
/// It does not recurse, so a value may have any depth. In other bytes than `MessagePack` it finds no more levels than
/// bytes.
pub(super) fn exceeds(mut bytes: &[u8], most: usize) -> bool {
    // Each level takes at least a byte.
    if bytes.len() <= most {
        return false;
    }
    // The remaining items of each open array and map.
    let mut open: Vec<u64> = Vec::new();
    while let Some((&marker, rest)) = bytes.split_first() {
        let (passed, items) = match marker {
            0x80..=0x8f => (0, Some(2 * u64::from(marker & 0xf))),
            0x90..=0x9f => (0, Some(u64::from(marker & 0xf))),
            0xdc => (2, Some(number(rest, 2))),
            0xdd => (4, Some(number(rest, 4))),
            0xde => (2, Some(2 * number(rest, 2))),
            0xdf => (4, Some(2 * number(rest, 4))),
            marker => (length(marker, rest), None),
        };
        bytes = usize::try_from(passed).ok().and_then(|passed| rest.get(passed..)).unwrap_or_default();
        if let Some(items) = items {
            if open.len() == most {
                return true;
            }
            open.push(items);
        } else if let Some(left) = open.last_mut() {
            *left -= 1;
        }
        // A complete array or map is an item of the one around it.
        while open.pop_if(|left| *left == 0).is_some() {
            if let Some(left) = open.last_mut() {
                *left -= 1;
            }
        }
    }
    false
}

/// The bytes after the marker of a scalar value.
fn length(marker: u8, rest: &[u8]) -> u64 {
    match marker {
        // Strings, and bytes.
        0xa0..=0xbf => u64::from(marker & 0x1f),
        0xc4 | 0xd9 => 1 + number(rest, 1),
        0xc5 | 0xda => 2 + number(rest, 2),
        0xc6 | 0xdb => 4 + number(rest, 4),
        // Extensions, which have a type byte.
        0xc7 => 2 + number(rest, 1),
        0xc8 => 3 + number(rest, 2),
        0xc9 => 5 + number(rest, 4),
        0xd4..=0xd8 => 1 + (1 << (marker - 0xd4)),
        // Numbers.
        0xcc | 0xd0 => 1,
        0xcd | 0xd1 => 2,
        0xca | 0xce | 0xd2 => 4,
        0xcb | 0xcf | 0xd3 => 8,
        _ => 0,
    }
}

/// The big-endian number in the first `length` bytes.
fn number(bytes: &[u8], length: usize) -> u64 {
    bytes.iter().take(length).fold(0, |number, &byte| number << 8 | u64::from(byte))
}

#[cfg(test)]
mod tests {
    use super::exceeds;
    use rmp_serde::to_vec;
    use serde::Serialize;
    use std::{collections::BTreeMap, iter};

    fn bytes(value: impl Serialize) -> Vec<u8> {
        to_vec(&value).unwrap()
    }

    /// Values without arrays and maps in them, of every marker that there is.
    fn leaves() -> Vec<Vec<u8>> {
        let sized = |marker: u8, length: &[u8], content: usize| [&[marker], length, &vec![0x91; content]].concat();
        let mut leaves = vec![
            bytes(()),
            bytes(true),
            bytes(1.5_f32),
            bytes(1.5_f64),
            bytes(i128::MIN),
            sized(0xc7, &[40], 1 + 40),
            sized(0xc8, &[1, 40], 1 + 296),
            sized(0xc9, &[0, 1, 0, 40], 1 + 65_576),
            sized(0xc5, &[1, 40], 296),
            sized(0xc6, &[0, 1, 0, 40], 65_576),
        ];
        leaves.extend((0..=4).map(|power| sized(0xd4 + power, &[], 1 + (1 << power))));
        leaves.extend([0, 1, 31, 32, 255, 256, 65_535, 65_536].map(|length| bytes("x".repeat(length))));
        leaves.extend((0..64).flat_map(|shift| [bytes(1_u64 << shift), bytes(-1_i64 << shift)]));
        leaves
    }

    /// An array around this, with others after it.
    fn array(inner: &[u8], after: usize) -> Vec<u8> {
        let head = bytes(vec![(); 1 + after]);
        let head = &head[..head.len() - 1 - after];
        [head, inner, &vec![0xc0; after]].concat()
    }

    /// A map around this, with others after it.
    fn map(inner: &[u8], after: usize) -> Vec<u8> {
        let head = bytes((0..=after).map(|key| (key, true)).collect::<BTreeMap<_, _>>());
        let head = &head[..head.len() - bytes_of_keys(after)];
        [head, &[0xc0], inner, &vec![0xc0; 2 * after]].concat()
    }

    fn bytes_of_keys(last: usize) -> usize {
        (0..=last).map(|key| bytes(key).len() + 1).sum()
    }

    #[track_caller]
    fn is_nested(value: &[u8], depth: usize) {
        assert!(!exceeds(value, depth), "at most {depth}");
        assert!(depth == 0 || exceeds(value, depth - 1), "at least {depth}");
    }

    #[test]
    fn values_of_every_kind_are_passed_over() {
        for leaf in leaves() {
            is_nested(&leaf, 0);
            for after in [0, 1, 14, 15, 16] {
                is_nested(&array(&leaf, after), 1);
                is_nested(&map(&leaf, after), 1);
                is_nested(&array(&map(&array(&leaf, after), after), after), 3);
            }
        }
        is_nested(&array(&map(&bytes(1), 70_000), 70_000), 2);
    }

    #[test]
    fn what_comes_after_is_looked_at() {
        let deep = iter::successors(Some(bytes(())), |inner| Some(array(inner, 1))).nth(100).unwrap();
        is_nested(&deep, 100);
        for leaf in leaves() {
            is_nested(&[&leaf[..], &deep].concat(), 100);
            is_nested(&[&map(&leaf, 20)[..], &deep, &leaf].concat(), 100);
        }
        // Empty ones, which are complete at once.
        let empty = [bytes(Vec::<u8>::new()), bytes(BTreeMap::<u8, u8>::new())].concat();
        is_nested(&empty, 1);
        is_nested(&[&[0x93], &empty[..], &deep].concat(), 101);
    }

    #[test]
    fn bytes_that_end_early_are_no_deeper_than_they_are() {
        for marker in 0..=255 {
            for length in 0..6 {
                let bytes = [&[0x91, marker][..], &vec![0xff; length]].concat();
                exceeds(&bytes, 0);
                assert!(!exceeds(&bytes, 2));
            }
        }
        assert!(exceeds(&vec![0x91; 1_000_000], 999_999));
        assert!(!exceeds(&vec![0x91; 1_000_000], 1_000_000));
    }
}
