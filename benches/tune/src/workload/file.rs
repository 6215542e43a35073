//! Reading and writing a workload file. It is used only after all of it was checked.

use super::{FieldWorkload, Workload};
use crate::regular;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::{error::Error, fmt, fs, io, path::Path};

const FORMAT: &str = "sharded-load";
const VERSION: u64 = 1;
/// Larger files are refused. A trace ends at a million keys, so no workload is that large.
const MOST_BYTES: u64 = 256 << 20;

/// Why a workload can't be used.
#[derive(Debug)]
#[non_exhaustive]
pub enum WorkloadError {
    /// The file can't be read or written.
    Io(io::Error),
    /// The file is not a workload file.
    Foreign(String),
    /// The file has a version that this program does not know.
    Version(u64),
    /// The file has changed since it was written.
    Damaged(String),
    /// The workload is impossible.
    Impossible(String),
}

impl fmt::Display for WorkloadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WorkloadError::Io(error) => error.fmt(f),
            WorkloadError::Foreign(why) => write!(f, "not a workload file: {why}"),
            WorkloadError::Version(version) => {
                write!(f, "a workload file of version {version}; this program reads version {VERSION}")
            }
            WorkloadError::Damaged(why) => write!(f, "the workload file is damaged: {why}"),
            WorkloadError::Impossible(why) => write!(f, "the workload can't be: {why}"),
        }
    }
}

impl Error for WorkloadError {}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope<'a> {
    format: String,
    version: u64,
    #[serde(default)]
    checksum: Option<String>,
    #[serde(borrow)]
    body: &'a RawValue,
}

/// The part that is checked first.
#[derive(Deserialize)]
struct Head {
    format: String,
    version: u64,
}

impl Workload {
    /// Reads a workload file.
    ///
    /// # Errors
    ///
    /// [`WorkloadError`], if the path is not that of a regular file, or if the file can't be read, is of another kind
    /// or version, is damaged, or has an impossible workload.
    ///
    /// # Examples
    ///
    /// See [`write`](Workload::write).
    pub fn read(path: &Path) -> Result<Self, WorkloadError> {
        let bytes = regular::read(path, MOST_BYTES).map_err(|error| match error.kind() {
            io::ErrorKind::FileTooLarge => WorkloadError::Foreign(error.to_string()),
            _ => WorkloadError::Io(error),
        })?;
        let text = String::from_utf8(bytes).map_err(|_| WorkloadError::Foreign("it is not UTF-8".to_owned()))?;
        Self::parse(&text)
    }

    /// Reads the text of a workload file.
    ///
    /// # Errors
    ///
    /// As [`read`](Workload::read).
    ///
    /// # Examples
    ///
    /// ```
    /// use sharded_tune::workload::{Workload, WorkloadError};
    ///
    /// assert!(matches!(Workload::parse("{}"), Err(WorkloadError::Foreign(_))));
    /// let later = r#"{"format":"sharded-load","version":2,"body":{}}"#;
    /// assert!(matches!(Workload::parse(later), Err(WorkloadError::Version(2))));
    /// ```
    pub fn parse(text: &str) -> Result<Self, WorkloadError> {
        let foreign = |error: serde_json::Error| WorkloadError::Foreign(error.to_string());
        let head: Head = serde_json::from_str(text).map_err(foreign)?;
        if head.format != FORMAT {
            return Err(WorkloadError::Foreign(format!("its format is `{}`", head.format)));
        }
        if head.version != VERSION {
            return Err(WorkloadError::Version(head.version));
        }
        let damaged = |error: serde_json::Error| WorkloadError::Damaged(error.to_string());
        let envelope: Envelope<'_> = serde_json::from_str(text).map_err(damaged)?;
        let body = envelope.body.get();
        if envelope.checksum.is_some_and(|checksum| checksum != checksum_of(body)) {
            return Err(WorkloadError::Damaged("its checksum is another one".to_owned()));
        }
        let workload: Workload = serde_json::from_str(body).map_err(damaged)?;
        workload.check()?;
        Ok(workload)
    }

    /// The text of a workload file.
    ///
    /// # Examples
    ///
    /// See [`Workload`].
    #[must_use]
    pub fn to_text(&self) -> String {
        let body = serde_json::to_string(self).unwrap_or_default();
        let checksum = checksum_of(&body);
        format!("{{\"format\":\"{FORMAT}\",\"version\":{VERSION},\"checksum\":\"{checksum}\",\"body\":{body}}}\n")
    }

    /// Writes a workload file.
    ///
    /// # Errors
    ///
    /// [`WorkloadError::Io`].
    ///
    /// # Examples
    ///
    /// ```
    /// use sharded_tune::workload::{Workload, Synthetic};
    ///
    /// let workload = Workload { cpus: 8, fields: vec![Synthetic::default().workload()?] };
    /// let path = std::env::temp_dir().join(format!("workload-{}.json", std::process::id()));
    /// workload.write(&path)?;
    /// assert_eq!(Workload::read(&path)?, workload);
    /// # std::fs::remove_file(&path).ok();
    /// # Ok::<(), sharded_tune::workload::WorkloadError>(())
    /// ```
    pub fn write(&self, path: &Path) -> Result<(), WorkloadError> {
        fs::write(path, self.to_text()).map_err(WorkloadError::Io)
    }

    fn check(&self) -> Result<(), WorkloadError> {
        self.fields.iter().try_for_each(FieldWorkload::check)
    }
}

/// The FNV-1a hash, 64 bits.
fn checksum_of(text: &str) -> String {
    let step = |hash: u64, &byte: &u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
    format!("{:016x}", text.as_bytes().iter().fold(0xCBF2_9CE4_8422_2325, step))
}

impl FieldWorkload {
    /// Checks that the workload can be replayed.
    pub(crate) fn check(&self) -> Result<(), WorkloadError> {
        let name = format!("{}.{}", self.store, self.field);
        let must = |holds: bool, what: &str| {
            if holds { Ok(()) } else { Err(WorkloadError::Impossible(format!("`{name}` {what}"))) }
        };
        let declared = &self.declared;
        must(is_name(&self.store) && is_name(&self.field), "is not the name of a struct and of a field")?;
        must((1..=4096).contains(&self.threads), "has no threads, or more than 4096")?;
        must(self.mix.counts().iter().all(|&count| count <= 1 << 56), "has too many operations")?;
        must(self.mix.total() > 0, "has no operations")?;
        must(self.hold_ns <= 1_000_000_000, "has closures that take more than a second")?;
        must(self.miss_ns <= 3_600_000_000_000, "has misses that take more than an hour")?;
        must(self.entries <= 1 << 32, "has more than 2^32 entries")?;
        must(self.value_bytes <= 1 << 24, "has values of more than 16 MiB")?;
        must(declared.shards.is_none_or(|n| n.is_power_of_two() && n <= 1 << 16), "has no such number of shards")?;
        must(declared.capacity != Some(0), "has a capacity of zero")?;
        must(declared.ttl_ms != Some(0) && declared.idle_ms != Some(0), "has a time to live of zero")?;
        let curve = &self.keys.curve;
        let rises = curve.is_sorted_by(|a, b| a.0 < b.0 && a.1 < b.1);
        must(!curve.is_empty() && rises, "has a curve of popularity that does not rise")?;
        must(curve[0].0 > 0 && curve[0].1 > 0, "has a curve of popularity that begins with nothing")?;
        must(self.keys.distinct() <= 1 << 40, "has more than 2^40 keys")?;
        must(self.trace.as_ref().is_none_or(|trace| trace.one_in > 0), "has a trace of one key in none")
    }
}

/// Whether this can be an identifier. Names are searched for in source files and shown in pages.
fn is_name(text: &str) -> bool {
    let name = text.strip_prefix("r#").unwrap_or(text);
    !name.is_empty()
        && name.chars().all(|c| c.is_alphanumeric() || c == '_')
        && !name.starts_with(|c: char| c.is_numeric())
}
