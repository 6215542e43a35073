use super::{Expires, Expiry, Stamp, sealed};

/// Entries expire a time after they were inserted or replaced: `ttl = "5m"`.
///
/// Changing a value in place does not restart the time; [`touch`](crate::ShardedMap::touch) does. An entry carries eight
/// bytes for it, and eight more lie beside the table.
#[derive(Debug)]
pub enum AfterWrite {}

impl sealed::Sealed for AfterWrite {}
impl Expires for AfterWrite {}
impl Expiry for AfterWrite {
    type Stamp = WriteStamp;
}

/// The deadline of an entry.
#[derive(Debug)]
pub struct WriteStamp {
    deadline: u64,
}

impl Stamp for WriteStamp {
    const EXPIRES: bool = true;
    const TRACKS_ACCESS: bool = false;

    #[inline]
    fn new(_: u64, deadline: u64) -> Self {
        Self { deadline }
    }
    #[inline]
    fn deadline(&self, _: u64) -> u64 {
        self.deadline
    }
    #[inline]
    fn accessed(&self, _: u64) {}
}
