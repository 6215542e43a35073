//! The records in the frames of a snapshot: fields by name, and their entries.
//!
//! | record | after its first byte |
//! |---|---|
//! | field (1) | the length of its name, its name, a bit set: entries have a time left (1), a time unused (2) |
//! | entry (2) | its time left, its time unused, the length of the rest, key and value in `MessagePack` |
//! | end of the field (3) | the number of its entries |
//! | end (0) | the number of fields |
//!
//! Numbers are in LEB128, times in nanoseconds. A time left of zero means "as declared", and one means "for ever". Any
//! other is the time plus one.

use super::{
    bounds::Saved,
    entry::{Entry, MORE, Unsaved},
    error::{RestoreError, SaveError},
    frames::{FrameReader, FrameWriter},
};
use crate::clock::Nanos;
use std::io::{Read, Write};

/// It contains a line end, which a conversion of text would change.
const MAGIC: [u8; 8] = *b"\x8bshard\r\n";
const HEAD: usize = MAGIC.len() + 4;

const FIELD: u8 = 1;
const ENTRY: u8 = 2;
const END_OF_FIELD: u8 = 3;
const END: u8 = 0;

const AS_DECLARED: u64 = 0;
const FOR_EVER: u64 = 1;

/// Which times the entries of a field have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Noted {
    pub(crate) left: bool,
    pub(crate) unused: bool,
}

/// The times of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// The remaining time to live. `None` is the declared one.
    pub(crate) left: Option<Nanos>,
    /// The time since its last use.
    pub(crate) unused: Nanos,
}

/// Writes a snapshot.
pub struct FileWriter<'a> {
    frames: FrameWriter<'a>,
    entry: Entry,
    fields: u64,
    entries: u64,
}

impl<'a> FileWriter<'a> {
    pub(crate) fn new(writer: &'a mut dyn Write) -> Result<Self, SaveError> {
        let mut head = [0; HEAD];
        head[..MAGIC.len()].copy_from_slice(&MAGIC);
        head[MAGIC.len()..].copy_from_slice(&super::bounds::FORMAT_VERSION.to_le_bytes());
        Ok(FileWriter { frames: FrameWriter::new(writer, &head)?, entry: Entry::default(), fields: 0, entries: 0 })
    }

    /// Begins a field.
    pub(crate) fn field(&mut self, name: &'static str, noted: Noted) -> Result<FieldWriter<'_, 'a>, SaveError> {
        self.fields += 1;
        self.frames.write(&[FIELD])?;
        self.number(name.len() as u64)?;
        self.frames.write(name.as_bytes())?;
        self.frames.write(&[u8::from(noted.left) | u8::from(noted.unused) << 1])?;
        Ok(FieldWriter { file: self, name, noted, entries: 0 })
    }

    /// Ends the file. Returns the number of its entries.
    pub(crate) fn finish(mut self) -> Result<u64, SaveError> {
        self.frames.write(&[END])?;
        self.number(self.fields)?;
        self.frames.finish()?;
        Ok(self.entries)
    }

    fn number(&mut self, mut number: u64) -> Result<(), SaveError> {
        let mut bytes = [0; 10];
        let mut length = 0;
        loop {
            #[allow(clippy::cast_possible_truncation, reason = "seven bits")]
            let low = (number & 0x7f) as u8;
            number >>= 7;
            bytes[length] = if number == 0 { low } else { low | 0x80 };
            length += 1;
            if number == 0 {
                return Ok(self.frames.write(&bytes[..length])?);
            }
        }
    }
}

/// Writes a field of a snapshot.
pub(crate) struct FieldWriter<'f, 'a> {
    file: &'f mut FileWriter<'a>,
    name: &'static str,
    noted: Noted,
    entries: u64,
}

impl FieldWriter<'_, '_> {
    pub(crate) fn entry<K: Saved + Send, V: Saved + Send>(
        &mut self,
        key: &mut K,
        value: &mut V,
        times: Times,
    ) -> Result<(), SaveError> {
        let field = self.name;
        self.file.entry.write(key, value).map_err(|error| match error {
            Unsaved::TooDeep => SaveError::TooDeep { field },
            Unsaved::Refused(source) => SaveError::Entry { field, source },
        })?;

        self.file.frames.write(&[ENTRY])?;
        if self.noted.left {
            self.file.number(match times.left {
                None => AS_DECLARED,
                Some(Nanos::FOREVER) => FOR_EVER,
                Some(left) => left.get() + 1,
            })?;
        }
        if self.noted.unused {
            self.file.number(times.unused.get())?;
        }
        let length = self.file.entry.bytes().len();
        self.file.number(length as u64)?;
        self.file.frames.write(self.file.entry.bytes())?;
        self.entries += 1;
        Ok(())
    }

    pub(crate) fn finish(self) -> Result<(), SaveError> {
        self.file.frames.write(&[END_OF_FIELD])?;
        self.file.number(self.entries)?;
        self.file.entries += self.entries;
        Ok(())
    }
}

/// Reads a snapshot.
pub struct FileReader<'a> {
    frames: FrameReader<'a>,
    entry: Entry,
    fields: u64,
}

/// The head of a field.
pub struct FieldHead {
    pub(crate) name: String,
    pub(crate) noted: Noted,
}

impl<'a> FileReader<'a> {
    pub(crate) fn new(reader: &'a mut dyn Read) -> Result<Self, RestoreError> {
        let (frames, head) = FrameReader::new::<HEAD>(reader).map_err(|error| match error {
            // Shorter than the head.
            RestoreError::Truncated => RestoreError::NotASnapshot,
            error => error,
        })?;
        let (magic, version) = head.split_at(MAGIC.len());
        if magic != MAGIC {
            return Err(RestoreError::NotASnapshot);
        }
        match version.try_into().map(u32::from_le_bytes) {
            Ok(super::bounds::FORMAT_VERSION) => {}
            Ok(version) if version > super::bounds::FORMAT_VERSION => {
                return Err(RestoreError::NewerVersion { version });
            }
            _ => return Err(RestoreError::Damaged { at: 0 }),
        }
        Ok(FileReader { frames, entry: Entry::default(), fields: 0 })
    }

    /// The next field. The caller must then read or skip its entries.
    pub(crate) fn field(&mut self) -> Result<Option<FieldHead>, RestoreError> {
        match self.frames.byte()? {
            FIELD => self.fields += 1,
            END => {
                return if self.number()? == self.fields { Ok(None) } else { Err(self.frames.damaged()) };
            }
            _ => return Err(self.frames.damaged()),
        }
        let mut name = Vec::new();
        let length = self.number()?;
        self.frames.bytes(length, |piece| name.extend_from_slice(piece))?;
        let name = String::from_utf8(name).map_err(|_| self.frames.damaged())?;
        let noted = match self.frames.byte()? {
            noted @ 0..=3 => Noted { left: noted & 1 != 0, unused: noted & 2 != 0 },
            _ => return Err(self.frames.damaged()),
        };
        Ok(Some(FieldHead { name, noted }))
    }

    /// Reads the entries of a field.
    pub(crate) fn entries<K: Saved + Send, V: Saved + Send>(
        &mut self,
        field: &'static str,
        noted: Noted,
        mut each: impl FnMut(K, V, Times),
    ) -> Result<(), RestoreError> {
        let mut entries = 0;
        while let Some((times, length)) = self.entry(noted, entries)? {
            let bytes = self.entry.bytes();
            bytes.clear();
            self.frames.bytes(length, |piece| bytes.extend_from_slice(piece))?;
            let wrong = |source| RestoreError::Entry { field, number: entries, source };
            let (key, value) = self.entry.read().map_err(|source| wrong(source.into()))?;
            if !self.entry.is_at_end() {
                return Err(wrong(MORE.into()));
            }
            each(key, value, times);
            entries += 1;
        }
        Ok(())
    }

    /// Skips the entries of a field.
    pub(crate) fn skip(&mut self, noted: Noted) -> Result<(), RestoreError> {
        let mut entries = 0;
        while let Some((_, length)) = self.entry(noted, entries)? {
            self.frames.bytes(length, |_| {})?;
            entries += 1;
        }
        Ok(())
    }

    /// Checks that this is the end.
    pub(crate) fn finish(self) -> Result<(), RestoreError> {
        self.frames.finish()
    }

    /// The times and the length of the next entry. `before` entries of the field came before it.
    fn entry(&mut self, noted: Noted, before: u64) -> Result<Option<(Times, u64)>, RestoreError> {
        match self.frames.byte()? {
            ENTRY => {}
            END_OF_FIELD => return if self.number()? == before { Ok(None) } else { Err(self.frames.damaged()) },
            _ => return Err(self.frames.damaged()),
        }
        let left = match if noted.left { self.number()? } else { AS_DECLARED } {
            AS_DECLARED => None,
            FOR_EVER => Some(Nanos::FOREVER),
            more => Some(Nanos::new(more - 1)),
        };
        let unused = if noted.unused { Nanos::new(self.number()?) } else { Nanos::ZERO };
        Ok(Some((Times { left, unused }, self.number()?)))
    }

    fn number(&mut self) -> Result<u64, RestoreError> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.frames.byte()?;
            let bits = u64::from(byte & 0x7f);
            if bits << shift >> shift != bits {
                break;
            }
            number |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(self.frames.damaged())
    }
}
