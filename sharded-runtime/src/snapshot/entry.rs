//! The key and the value of one entry, in their serialized form.

use super::{
    bounds::Saved,
    nesting::{self, Nesting},
};
use rmp_serde::{
    Deserializer, Serializer,
    config::{DefaultConfig, HumanReadableConfig},
    decode::{self, ReadReader},
};
use std::{
    error::Error,
    io::{self, Cursor, Write},
    panic::resume_unwind,
    thread,
};

/// The most nested arrays and maps of a key or a value. The variant of an enum does not count, unless its type is
/// unknown when it is read. The limit keeps a file from overflowing the stack.
const MOST_NESTED: usize = 1023;
/// The most nested arrays and maps of a key or a value, those for variants of enums included.
const MOST_LEVELS: usize = 4 * (MOST_NESTED + 1);
/// The deepest nesting that is written and read on any stack.
const NESTED_HERE: usize = 64;
/// 64 KiB for each possible level. Unused stack takes no memory.
const STACK: usize = (MOST_NESTED + 1) << 16;

/// The key and the value of an entry in their serialized form.
pub(super) struct Entry {
    reader: Reader,
}

/// Human-readable, for types with two forms such as an IP address. serde buffers types with `flatten`, `tag` or
/// `untagged`, and its buffer always reads the human-readable form.
type Reader = Deserializer<ReadReader<Cursor<Vec<u8>>>, HumanReadableConfig<DefaultConfig>>;

/// Why an entry is not saved.
pub(super) enum Unsaved {
    TooDeep,
    /// By its `Serialize` or its `Deserialize`.
    Refused(Box<dyn Error + Send + Sync>),
}

/// A writer that fails at a depth.
struct UpTo<'a> {
    bytes: &'a mut Vec<u8>,
    nesting: Nesting,
}

impl Write for UpTo<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.nesting.pass(bytes);
        if self.nesting.is_exceeded() {
            // This ends the recursion of the serializer before the stack overflows.
            return Err(io::Error::other("it is nested too deeply"));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Default for Entry {
    fn default() -> Self {
        Entry { reader: Deserializer::new(Cursor::default()).with_human_readable() }
    }
}

impl Entry {
    /// Their bytes.
    pub(super) fn bytes(&mut self) -> &mut Vec<u8> {
        self.reader.get_mut().get_mut()
    }

    /// Serializes a key and a value, and checks that they can be read back. If they are nested deeply, this happens on
    /// a thread with a large stack.
    pub(super) fn write<K: Saved + Send, V: Saved + Send>(
        &mut self,
        key: &mut K,
        value: &mut V,
    ) -> Result<(), Unsaved> {
        match self.write_here(key, value, NESTED_HERE) {
            Err(Unsaved::TooDeep) => {}
            result => return result,
        }
        let write = || self.write_here(key, value, MOST_LEVELS);
        on_large_stack(write).unwrap_or_else(|error| Err(Unsaved::Refused(error.into())))
    }

    fn write_here<K: Saved, V: Saved>(&mut self, key: &mut K, value: &mut V, most: usize) -> Result<(), Unsaved> {
        let bytes = self.bytes();
        bytes.clear();
        let mut writer = UpTo { bytes, nesting: Nesting::new(most) };
        // Struct fields by name, so that a later version of a program may add one with a default.
        let mut serializer = Serializer::new(&mut writer).with_struct_map().with_human_readable();
        let written = key.serialize(&mut serializer).and_then(|()| value.serialize(&mut serializer));
        // A `Serialize` may have ignored the error.
        if writer.nesting.is_exceeded() {
            return Err(Unsaved::TooDeep);
        }
        written.map_err(|error| Unsaved::Refused(error.into()))?;
        match self.look_through::<K, V>() {
            Ok(()) => Ok(()),
            // The depth depends on the type that reads it.
            Err(decode::Error::DepthLimitExceeded) => Err(Unsaved::TooDeep),
            Err(error) => Err(Unsaved::Refused(format!("it can't be read back: {error}").into())),
        }
    }

    /// Checks that they can be read.
    fn look_through<K: Saved, V: Saved>(&mut self) -> Result<(), decode::Error> {
        let reader = self.begin();
        is_readable::<K>(reader)?;
        is_readable::<V>(reader)?;
        if self.is_at_end() { Ok(()) } else { Err(decode::Error::Uncategorized(MORE.to_owned())) }
    }

    /// Deserializes them. If they are nested deeply, this happens on a thread with a large stack.
    pub(super) fn read<K: Saved + Send, V: Saved + Send>(&mut self) -> Result<(K, V), decode::Error> {
        if nesting::exceeds(self.bytes(), NESTED_HERE) { self.read_deep() } else { self.read_here() }
    }

    fn read_deep<K: Saved + Send, V: Saved + Send>(&mut self) -> Result<(K, V), decode::Error> {
        if nesting::exceeds(self.bytes(), MOST_LEVELS) {
            return Err(decode::Error::DepthLimitExceeded);
        }
        on_large_stack(|| self.read_here()).map_err(decode::Error::InvalidDataRead)?
    }

    fn read_here<K: Saved, V: Saved>(&mut self) -> Result<(K, V), decode::Error> {
        let reader = self.begin();
        Ok((K::deserialize(&mut *reader)?, V::deserialize(reader)?))
    }

    /// The reader, before the first byte.
    fn begin(&mut self) -> &mut Reader {
        self.reader.get_mut().set_position(0);
        // The reader fails at the limit, but a `Deserialize` may have ignored that error.
        self.reader.set_max_depth(MOST_NESTED + 1);
        &mut self.reader
    }

    /// Whether the reader is behind the last byte.
    pub(super) fn is_at_end(&self) -> bool {
        let bytes = self.reader.get_ref();
        bytes.position() == bytes.get_ref().len() as u64
    }
}

/// Why an entry with more bytes than its key and its value is refused.
pub(super) const MORE: &str = "there is more than a key and a value";

/// Its own function, so that a large value has one place on the stack.
fn is_readable<T: Saved>(reader: &mut Reader) -> Result<(), decode::Error> {
    match T::deserialize(reader) {
        Ok(_) => Ok(()),
        Err(error) => Err(error),
    }
}

fn on_large_stack<R: Send>(run: impl FnOnce() -> R + Send) -> io::Result<R> {
    thread::scope(|scope| {
        let running = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, run)?;
        Ok(running.join().unwrap_or_else(|panic| resume_unwind(panic)))
    })
}
