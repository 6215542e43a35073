//! The nesting depth of `MessagePack`.

/// Whether arrays and maps are nested more than `most` deep in this sequence of values.
///
/// It does not recurse, so a value may have any depth. In other bytes than `MessagePack` it finds no more levels than
/// bytes.
pub(super) fn exceeds(bytes: &[u8], most: usize) -> bool {
    // Each level takes at least a byte.
    if bytes.len() <= most {
        return false;
    }
    let mut nesting = Nesting::new(most);
    nesting.pass(bytes);
    nesting.is_exceeded
}

/// The nesting depth of values that come in pieces.
pub(super) struct Nesting {
    most: usize,
    is_exceeded: bool,
    /// The remaining items of each open array and map.
    open: Vec<u64>,
    /// The marker of the current value, and the remaining bytes of its length.
    marker: u8,
    length_left: u8,
    /// Its length, as far as it has been read.
    length: u64,
    /// The remaining bytes of its content.
    content: u64,
}

impl Nesting {
    pub(super) fn new(most: usize) -> Self {
        Nesting { most, is_exceeded: false, open: Vec::new(), marker: 0, length_left: 0, length: 0, content: 0 }
    }

    /// Whether arrays and maps were nested too deeply. Later bytes are ignored.
    pub(super) fn is_exceeded(&self) -> bool {
        self.is_exceeded
    }

    /// Reads the next bytes.
    pub(super) fn pass(&mut self, mut bytes: &[u8]) {
        while !self.is_exceeded
            && let Some((&byte, rest)) = bytes.split_first()
        {
            if self.content > 0 {
                let passed = bytes.len().min(usize::try_from(self.content).unwrap_or(usize::MAX));
                self.content -= passed as u64;
                bytes = &bytes[passed..];
                continue;
            }
            bytes = rest;
            if self.length_left > 0 {
                self.length = self.length << 8 | u64::from(byte);
                self.length_left -= 1;
            } else {
                (self.marker, self.length, self.length_left) = (byte, 0, length_of_length(byte));
            }
            if self.length_left == 0 {
                self.begin();
            }
        }
    }

    /// Handles a value whose marker and length are complete.
    fn begin(&mut self) {
        let items = match self.marker {
            marker @ 0x80..=0x8f => Some(2 * u64::from(marker & 0xf)),
            marker @ 0x90..=0x9f => Some(u64::from(marker & 0xf)),
            0xdc | 0xdd => Some(self.length),
            0xde | 0xdf => Some(2 * self.length),
            _ => None,
        };
        if let Some(items) = items {
            if self.open.len() == self.most {
                self.is_exceeded = true;
                return;
            }
            self.open.push(items);
        } else {
            self.content = content(self.marker, self.length);
            if let Some(left) = self.open.last_mut() {
                *left -= 1;
            }
        }
        // An array or map that is complete is an item of the one around it.
        while self.open.pop_if(|left| *left == 0).is_some() {
            if let Some(left) = self.open.last_mut() {
                *left -= 1;
            }
        }
    }
}

/// The bytes of the length that follows a marker.
fn length_of_length(marker: u8) -> u8 {
    match marker {
        0xc4 | 0xc7 | 0xd9 => 1,
        0xc5 | 0xc8 | 0xda | 0xdc | 0xde => 2,
        0xc6 | 0xc9 | 0xdb | 0xdd | 0xdf => 4,
        _ => 0,
    }
}

/// The bytes after the marker and the length of a value that is no array and no map.
fn content(marker: u8, length: u64) -> u64 {
    match marker {
        0xa0..=0xbf => u64::from(marker & 0x1f),
        // Strings, and bytes.
        0xc4..=0xc6 | 0xd9..=0xdb => length,
        // Extensions, which have a type.
        0xc7..=0xc9 => 1 + length,
        0xd4..=0xd8 => 1 + (1 << (marker - 0xd4)),
        // Numbers.
        0xcc | 0xd0 => 1,
        0xcd | 0xd1 => 2,
        0xca | 0xce | 0xd2 => 4,
        0xcb | 0xcf | 0xd3 => 8,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::{Nesting, exceeds};
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
        // In pieces of any length.
        for piece in [1, 3, 7] {
            let exceeds = |most| {
                let mut nesting = Nesting::new(most);
                value.chunks(piece).for_each(|bytes| nesting.pass(bytes));
                nesting.is_exceeded()
            };
            assert!(!exceeds(depth) && (depth == 0 || exceeds(depth - 1)));
        }
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
