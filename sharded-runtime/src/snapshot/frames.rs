//! A stream of bytes in frames with checksums. No byte of a frame is used before its checksum is verified.
//!
//! | part | bytes |
//! |---|---|
//! | head | as given |
//! | frame | its length (4, little-endian), as many bytes as that, a checksum (4) |
//! | last frame | one of length zero |
//!
//! A frame has at most 64 KiB, so a damaged length costs no more memory than that. Each checksum (CRC-32) covers all
//! bytes before it, except the other checksums, so it also detects missing, repeated and reordered frames.

use super::error::RestoreError;
use crc32fast::Hasher;
use std::io::{self, Read, Write};

/// The most bytes of a frame.
const MOST: usize = 1 << 16;

/// Writes frames.
pub(super) struct FrameWriter<'a> {
    writer: &'a mut dyn Write,
    frame: Vec<u8>,
    checksum: Hasher,
}

impl<'a> FrameWriter<'a> {
    pub(super) fn new(writer: &'a mut dyn Write, head: &[u8]) -> io::Result<Self> {
        writer.write_all(head)?;
        let mut checksum = Hasher::new();
        checksum.update(head);
        Ok(FrameWriter { writer, frame: Vec::with_capacity(MOST), checksum })
    }

    pub(super) fn write(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(MOST - self.frame.len()));
            self.frame.extend_from_slice(now);
            bytes = later;
            if self.frame.len() == MOST {
                self.end_frame()?;
            }
        }
        Ok(())
    }

    /// Writes the last bytes and the end.
    pub(super) fn finish(mut self) -> io::Result<()> {
        if !self.frame.is_empty() {
            self.end_frame()?;
        }
        self.end_frame()?;
        self.writer.flush()
    }

    #[allow(clippy::cast_possible_truncation, reason = "64 KiB at most")]
    fn end_frame(&mut self) -> io::Result<()> {
        let length = (self.frame.len() as u32).to_le_bytes();
        self.checksum.update(&length);
        self.checksum.update(&self.frame);
        self.writer.write_all(&length)?;
        // Saves a call.
        let checksum = self.checksum.clone().finalize();
        self.frame.extend_from_slice(&checksum.to_le_bytes());
        self.writer.write_all(&self.frame)?;
        self.frame.clear();
        Ok(())
    }
}

/// Reads frames.
pub(super) struct FrameReader<'a> {
    reader: &'a mut dyn Read,
    frame: Vec<u8>,
    /// The bytes of the frame that have been read.
    read: usize,
    /// The position of the frame.
    at: u64,
    checksum: Hasher,
}

impl<'a> FrameReader<'a> {
    /// Reads the head, which the caller checks.
    pub(super) fn new<const HEAD: usize>(reader: &'a mut dyn Read) -> Result<(Self, [u8; HEAD]), RestoreError> {
        let mut head = [0; HEAD];
        read_exact(reader, &mut head)?;
        let mut checksum = Hasher::new();
        checksum.update(&head);
        Ok((FrameReader { reader, frame: Vec::new(), read: 0, at: HEAD as u64, checksum }, head))
    }

    pub(super) fn byte(&mut self) -> Result<u8, RestoreError> {
        if self.read == self.frame.len() && !self.next_frame()? {
            return Err(self.damaged());
        }
        let byte = self.frame[self.read];
        self.read += 1;
        Ok(byte)
    }

    /// Passes the next bytes to `take`, piece by piece, so that a wrong length allocates no memory.
    pub(super) fn bytes(&mut self, mut length: u64, mut take: impl FnMut(&[u8])) -> Result<(), RestoreError> {
        while length > 0 {
            if self.read == self.frame.len() && !self.next_frame()? {
                return Err(self.damaged());
            }
            let rest = &self.frame[self.read..];
            let now = usize::try_from(length).map_or(rest.len(), |length| length.min(rest.len()));
            take(&rest[..now]);
            self.read += now;
            length -= now as u64;
        }
        Ok(())
    }

    /// Checks that the stream and its source end here.
    pub(super) fn finish(mut self) -> Result<(), RestoreError> {
        if self.read < self.frame.len() || self.next_frame()? {
            return Err(self.damaged());
        }
        self.at += 8;
        match read_exact(self.reader, &mut [0]) {
            Err(RestoreError::Truncated) => Ok(()),
            Ok(()) => Err(self.damaged()),
            Err(error) => Err(error),
        }
    }

    /// The error for damaged bytes.
    pub(super) fn damaged(&self) -> RestoreError {
        RestoreError::Damaged { at: self.at }
    }

    /// Reads a frame and verifies its checksum. `false` at the end.
    fn next_frame(&mut self) -> Result<bool, RestoreError> {
        if !self.frame.is_empty() {
            self.at += self.frame.len() as u64 + 8;
            self.frame.clear();
        }
        self.read = 0;
        let mut length = [0; 4];
        read_exact(self.reader, &mut length)?;
        self.checksum.update(&length);
        let length = u32::from_le_bytes(length) as usize;
        if length > MOST {
            return Err(self.damaged());
        }
        self.frame.resize(length + 4, 0);
        read_exact(self.reader, &mut self.frame)?;
        let (bytes, checksum) = self.frame.split_at(length);
        self.checksum.update(bytes);
        if checksum != self.checksum.clone().finalize().to_le_bytes() {
            return Err(self.damaged());
        }
        self.frame.truncate(length);
        Ok(length > 0)
    }
}

fn read_exact(reader: &mut dyn Read, bytes: &mut [u8]) -> Result<(), RestoreError> {
    reader.read_exact(bytes).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => RestoreError::Truncated,
        _ => RestoreError::Io(error),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frames of these writes.
    fn written(parts: &[&[u8]]) -> Vec<u8> {
        let mut file = Vec::new();
        let mut frames = FrameWriter::new(&mut file, b"head").unwrap();
        for part in parts {
            frames.write(part).unwrap();
        }
        frames.finish().unwrap();
        file
    }

    fn read(mut file: &[u8], length: usize) -> Result<Vec<u8>, RestoreError> {
        let (mut frames, head) = FrameReader::new(&mut file)?;
        assert_eq!(&head, b"head");
        let mut bytes = Vec::new();
        frames.bytes(length as u64, |piece| bytes.extend_from_slice(piece))?;
        frames.finish()?;
        Ok(bytes)
    }

    #[test]
    fn frames_of_any_length_are_read_as_written() {
        let bytes: Vec<u8> = (0..3 * MOST).map(|at| u8::try_from(at % 251).unwrap()).collect();
        for length in [0, 1, MOST - 1, MOST, MOST + 1, 2 * MOST, bytes.len()] {
            let (first, second) = bytes[..length].split_at(length / 3);
            let file = written(&[first, second]);
            assert_eq!(file.len(), 4 + length + 8 * (length.div_ceil(MOST) + 1));
            assert_eq!(read(&file, length).unwrap(), &bytes[..length]);
            assert!(matches!(read(&file, length + 1), Err(RestoreError::Damaged { .. })));
            if length > 0 {
                assert!(matches!(read(&file, length - 1), Err(RestoreError::Damaged { .. })));
            }
        }
    }

    #[test]
    fn lost_doubled_and_swapped_frames_are_detected() {
        let bytes: Vec<u8> = (0..3 * MOST).map(|at| u8::try_from(at / MOST).unwrap()).collect();
        let file = written(&[&bytes]);
        let frame = |index: usize| &file[4 + index * (MOST + 8)..][..MOST + 8];
        let (head, end) = (&file[..4], &file[4 + 3 * (MOST + 8)..]);
        for order in [&[0, 2][..], &[0, 1], &[1, 2], &[1, 0, 2], &[0, 1, 1, 2], &[0, 0, 1, 2]] {
            let frames: Vec<_> = order.iter().map(|&index| frame(index)).collect();
            let other = [head, &frames.concat(), end].concat();
            assert!(matches!(read(&other, order.len() * MOST), Err(RestoreError::Damaged { .. })), "{order:?}");
        }
    }

    #[test]
    fn a_length_that_is_too_large_is_refused() {
        let mut file = written(&[b"x"]);
        file[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(matches!(read(&file, 1), Err(RestoreError::Damaged { at: 4 })));
    }
}
