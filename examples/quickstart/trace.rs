//! Reading the recorded requests: a gzip of little-endian `u64` keys.

use crate::regular;
use flate2::read::MultiGzDecoder;
use rand::{RngExt, SeedableRng, rngs::SmallRng};
use std::{
    collections::HashSet,
    error::Error,
    fmt,
    io::{self, Read},
    path::{Path, PathBuf},
};

/// The trace that is replayed where no other is named; see `examples/data/README.md`.
const BUILT_IN: &[u8] = include_bytes!("../data/cache2k-web12.u64.gz");
const BUILT_IN_SOURCE: &str =
    "product pages of a shop, December 2013 (\"web12\", © headissue GmbH, Jens Wilke, CC BY 4.0)";

const KEY: usize = size_of::<u64>();
/// The longest trace that is taken; a small file can unfold to any size.
const MAX_REQUESTS: usize = 5_000_000;
/// The longest file: that many requests take less when they are compressed.
const MAX_BYTES: u64 = 64 << 20;

/// A visitor asks for a page.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request {
    pub(crate) visitor: u64,
    pub(crate) page: u64,
}

/// What is replayed.
#[derive(Debug)]
pub(crate) struct Trace {
    /// Where it comes from.
    pub(crate) source: String,
    pub(crate) requests: Vec<Request>,
    pub(crate) unique_pages: usize,
}

impl Trace {
    /// The trace of a file, or the one that is built in.
    pub(crate) fn open(path: Option<&Path>) -> Result<Trace, TraceError> {
        let Some(path) = path else {
            return read(BUILT_IN)
                .map(|pages| Trace::new(BUILT_IN_SOURCE.to_owned(), &pages))
                .map_err(|problem| TraceError { path: PathBuf::from("the built-in trace"), problem });
        };
        let failed = |problem| TraceError { path: path.to_owned(), problem };
        let bytes = regular::read(path, MAX_BYTES).map_err(|error| failed(Problem::Unreadable(error)))?;
        let pages = read(&bytes).map_err(failed)?;
        Ok(Trace::new(path.display().to_string(), &pages))
    }

    fn new(source: String, pages: &[u64]) -> Self {
        let unique_pages = pages.iter().collect::<HashSet<_>>().len();
        Trace { source, requests: visits(pages), unique_pages }
    }
}

fn read(file: &[u8]) -> Result<Vec<u64>, Problem> {
    if !file.starts_with(&[0x1f, 0x8b]) {
        return Err(Problem::NotGzip);
    }
    let mut bytes = Vec::new();
    let limit = (MAX_REQUESTS * KEY) as u64;
    MultiGzDecoder::new(file).take(limit + 1).read_to_end(&mut bytes).map_err(Problem::Damaged)?;
    if bytes.is_empty() {
        return Err(Problem::Empty);
    }
    if bytes.len() as u64 > limit {
        return Err(Problem::TooLong);
    }
    let (keys, rest) = bytes.as_chunks::<KEY>();
    if !rest.is_empty() {
        return Err(Problem::OddLength(bytes.len()));
    }
    Ok(keys.iter().map(|&key| u64::from_le_bytes(key)).collect())
}

/// Who asks for these pages. The trace does not say, so visitors are made up: 64 are about at any moment, each request
/// is of one of them at random, and one in eight is the first of somebody new in the place of somebody who left.
fn visits(pages: &[u64]) -> Vec<Request> {
    let mut about: [u64; 64] = std::array::from_fn(|visitor| visitor as u64);
    let mut newcomers = 64..;
    // With a fixed seed, the same visitors come in every run.
    let mut random = SmallRng::seed_from_u64(1);
    let visit = |&page| {
        let visitor = &mut about[random.random_range(0..64)];
        if random.random_ratio(1, 8) {
            *visitor = newcomers.next().unwrap_or_default();
        }
        Request { visitor: *visitor, page }
    };
    pages.iter().map(visit).collect()
}

/// A trace can't be replayed.
#[derive(Debug)]
pub(crate) struct TraceError {
    path: PathBuf,
    problem: Problem,
}

#[derive(Debug)]
enum Problem {
    Unreadable(io::Error),
    NotGzip,
    Damaged(io::Error),
    Empty,
    OddLength(usize),
    TooLong,
}

impl Error for TraceError {}

impl fmt::Display for TraceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "can't replay {}: ", self.path.display())?;
        match &self.problem {
            Problem::Unreadable(error) => write!(f, "{error}"),
            Problem::NotGzip => f.write_str("it is not a gzip file"),
            Problem::Damaged(error) => write!(f, "its gzip data is damaged: {error}"),
            Problem::Empty => f.write_str("it holds no requests"),
            Problem::OddLength(length) => {
                write!(f, "it holds {length} bytes, which are no whole number of keys of {KEY} bytes")
            }
            Problem::TooLong => write!(f, "it holds more than {MAX_REQUESTS} requests"),
        }
    }
}
