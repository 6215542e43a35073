//! Recorded requests: gzips of little-endian `u64` keys, in the order of the requests.

use flate2::read::MultiGzDecoder;
use std::{
    collections::HashMap,
    error::Error,
    fmt, fs,
    io::{self, Read},
    path::{Path, PathBuf},
};

/// The trace that is in the repository; see `examples/data/README.md`.
const BUILT_IN: &[u8] = include_bytes!("../../../examples/data/cache2k-web12.u64.gz");

/// The end of the names of traces.
const EXTENSION: &str = ".u64.gz";

const KEY: usize = size_of::<u64>();

/// The most bytes of a trace: half a billion requests, which take 2 GiB in [`Trace`].
const MOST_BYTES: u64 = 4 << 30;

/// A sequence of requests.
#[derive(Debug)]
pub(crate) struct Trace {
    pub(crate) name: String,
    /// Whether it was generated.
    pub(crate) synthetic: bool,
    /// The requested keys, numbered in the order of their first request.
    pub(crate) keys: Vec<u32>,
    pub(crate) unique: usize,
}

impl Trace {
    pub(crate) fn new(name: String, synthetic: bool, requests: impl IntoIterator<Item = u64>) -> Self {
        let mut numbers = HashMap::new();
        let mut number = |key| {
            let next = numbers.len() as u32;
            *numbers.entry(key).or_insert(next)
        };
        let keys = requests.into_iter().map(&mut number).collect();
        Trace { name, synthetic, keys, unique: numbers.len() }
    }

    /// A number of per cent of the unique keys, rounded down, but at least one.
    pub(crate) fn capacity(&self, percent: f64) -> usize {
        ((self.unique as f64 * percent / 100.0) as usize).max(1)
    }
}

/// The trace that is in the repository.
pub(crate) fn built_in() -> Result<Trace, TraceError> {
    let failed = |problem| TraceError { path: "the trace in the repository".into(), problem };
    Ok(Trace::new("cache2k-web12".to_owned(), false, read(BUILT_IN, MOST_BYTES).map_err(failed)?))
}

/// All traces of a folder, by name.
pub(crate) fn read_folder(folder: &Path) -> Result<Vec<Trace>, TraceError> {
    let failed = |error| TraceError { path: folder.to_owned(), problem: Problem::Unreadable(error) };
    let mut paths: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        paths.push(entry.map_err(failed)?.path());
    }
    paths.sort();
    let traces = paths.iter().filter_map(|path| {
        let name = path.file_name()?.to_str()?.strip_suffix(EXTENSION)?;
        Some(read_file(path, name))
    });
    let traces = traces.collect::<Result<Vec<_>, _>>()?;
    if traces.is_empty() {
        return Err(TraceError { path: folder.to_owned(), problem: Problem::NoTraces });
    }
    Ok(traces)
}

fn read_file(path: &Path, name: &str) -> Result<Trace, TraceError> {
    let failed = |problem| TraceError { path: path.to_owned(), problem };
    // Opening a pipe waits for its other end, and a device may have no end.
    if !path.is_file() {
        return Err(failed(Problem::NoFile));
    }
    let file = fs::File::open(path).map_err(|error| failed(Problem::Unreadable(error)))?;
    Ok(Trace::new(name.to_owned(), false, read(file, MOST_BYTES).map_err(failed)?))
}

/// Reads a trace of at most this number of bytes after decompression.
fn read(file: impl Read, most: u64) -> Result<Vec<u64>, Problem> {
    let mut bytes = Vec::new();
    MultiGzDecoder::new(file).take(most + 1).read_to_end(&mut bytes).map_err(Problem::Unreadable)?;
    if bytes.len() as u64 > most {
        return Err(Problem::TooLong);
    }
    match bytes.as_chunks::<KEY>() {
        ([], []) => Err(Problem::Empty),
        (keys, []) => Ok(keys.iter().map(|&key| u64::from_le_bytes(key)).collect()),
        _ => Err(Problem::OddLength(bytes.len())),
    }
}

/// A trace can't be read.
#[derive(Debug)]
pub(crate) struct TraceError {
    path: PathBuf,
    problem: Problem,
}

#[derive(Debug)]
enum Problem {
    Unreadable(io::Error),
    NoFile,
    TooLong,
    Empty,
    OddLength(usize),
    NoTraces,
}

impl Error for TraceError {}

impl fmt::Display for TraceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "can't read {}: ", self.path.display())?;
        match &self.problem {
            Problem::Unreadable(error) => write!(f, "{error}"),
            Problem::NoFile => f.write_str("it is not a regular file"),
            Problem::TooLong => write!(f, "it holds more than {} GiB of requests", MOST_BYTES >> 30),
            Problem::Empty => f.write_str("it holds no requests"),
            Problem::OddLength(length) => {
                write!(f, "it holds {length} bytes, which are no whole number of keys of {KEY} bytes")
            }
            Problem::NoTraces => write!(f, "it holds no file whose name ends in {EXTENSION}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use std::io::Write;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn keys_are_read_in_order_and_numbered_by_their_first_request() {
        let requests = [7_u64, u64::MAX, 7, 1];
        let bytes: Vec<u8> = requests.into_iter().flat_map(u64::to_le_bytes).collect();
        let read = read(gzip(&bytes).as_slice(), 32).unwrap();
        assert_eq!(read, requests);
        let trace = Trace::new("some".to_owned(), false, read);
        assert_eq!((trace.keys, trace.unique), (vec![0, 1, 0, 2], 3));
    }

    #[test]
    fn what_is_no_trace_is_refused() {
        let read = |file: &[u8]| read(file, 1 << 20);
        assert!(matches!(read(&gzip(&[])), Err(Problem::Empty)));
        assert!(matches!(read(&gzip(&[0; 12])), Err(Problem::OddLength(12))));
        assert!(matches!(read(&[1, 2, 3]), Err(Problem::Unreadable(_))));
        assert!(read(&gzip(&vec![0; 1 << 20])).is_ok());
        assert!(matches!(read(&gzip(&vec![0; (1 << 20) + 8])), Err(Problem::TooLong)), "few bytes may become many");
    }

    #[test]
    fn what_is_no_file_is_refused() {
        let refused = |path: &str| read_file(Path::new(path), "some").map(|_| ()).expect_err("it is none").problem;
        assert!(matches!(refused("src"), Problem::NoFile));
        #[cfg(unix)]
        assert!(matches!(refused("/dev/zero"), Problem::NoFile));
    }

    #[test]
    fn the_trace_in_the_repository_is_the_one_that_its_readme_describes() {
        let trace = built_in().unwrap();
        assert_eq!((trace.keys.len(), trace.unique), (95_607, 13_756));
        assert_eq!((trace.capacity(1.0), trace.capacity(0.001)), (137, 1));
    }
}
