//! The command line, and the ways in which the program ends.

use lexopt::{Arg, Parser, ValueExt as _};
use std::{
    env,
    error::Error,
    fmt::Display,
    fs::{self, File},
    io::{self, Write as _},
    ops::RangeInclusive,
    path::{Path, PathBuf},
    process::ExitCode,
    str::FromStr,
    thread,
};

pub(crate) const HELP: &str = "\
Replays a day of a web shop's requests against a sharded store, in some seconds, and says what happened.

Usage: cargo run --release --example quickstart -- [OPTIONS]

Options:
  --trace FILE   Replay these requests: a gzip of little-endian u64 keys
                 [default: examples/data/cache2k-web12.u64.gz, which is built in]
  --threads N    Serve from N threads, 1 to 256 [default: one per CPU, at least 2]
  --seconds N    Let the day take N seconds, 1 to 60 [default: 6]
  --html FILE    Write the report as a page with plots to FILE [default: quickstart.html in the target directory]
  -h, --help     Print this

Ends with status 0, with 1 if a file can't be read or written, and with 2 if the options are wrong.
";

const THREADS: RangeInclusive<usize> = 1..=256;
const SECONDS: RangeInclusive<u32> = 1..=60;

#[derive(Debug)]
pub(crate) enum Command {
    Help,
    Run(Options),
}

#[derive(Debug)]
pub(crate) struct Options {
    /// `None` is the trace that is built in.
    pub(crate) trace: Option<PathBuf>,
    pub(crate) threads: usize,
    /// How long the day takes.
    pub(crate) seconds: u32,
    pub(crate) html: PathBuf,
}

impl Command {
    /// What the command line asks for.
    pub(crate) fn parse() -> Result<Self, lexopt::Error> {
        let cpus = thread::available_parallelism().map_or(1, usize::from);
        let mut options =
            Options { trace: None, threads: cpus.clamp(2, *THREADS.end()), seconds: 6, html: default_html() };
        let mut arguments = Parser::from_env();
        while let Some(argument) = arguments.next()? {
            match argument {
                Arg::Long("trace") => options.trace = Some(arguments.value()?.into()),
                Arg::Long("html") => options.html = arguments.value()?.into(),
                Arg::Long("threads") => options.threads = within(&mut arguments, "--threads", &THREADS)?,
                Arg::Long("seconds") => options.seconds = within(&mut arguments, "--seconds", &SECONDS)?,
                Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help),
                other => return Err(other.unexpected()),
            }
        }
        Ok(Command::Run(options))
    }
}

/// The number that is given to an option.
fn within<T>(arguments: &mut Parser, name: &str, range: &RangeInclusive<T>) -> Result<T, lexopt::Error>
where
    T: FromStr + PartialOrd + Display,
{
    let text = arguments.value()?.string()?;
    text.parse()
        .ok()
        .filter(|number| range.contains(number))
        .ok_or_else(|| format!("{name} takes a number from {} to {}, not {text}", range.start(), range.end()).into())
}

/// `quickstart.html` in the target directory, where cargo put this program: `<target>/<profile>/examples/quickstart`.
fn default_html() -> PathBuf {
    let program = env::current_exe().unwrap_or_default();
    let folder = match program.parent() {
        Some(examples) if examples.ends_with("examples") => examples.ancestors().nth(2).unwrap_or(examples),
        _ => Path::new(""),
    };
    // Shorter to read where it lies below the current directory.
    let here = env::current_dir().unwrap_or_default();
    folder.strip_prefix(here).unwrap_or(folder).join("quickstart.html")
}

impl Options {
    /// The file for the page, made before anything else is done, so that one that can't be written is known at once.
    pub(crate) fn create_html(&self) -> Result<File, String> {
        if let Some(folder) = self.html.parent() {
            fs::create_dir_all(folder).map_err(|error| self.html_error(&error))?;
        }
        File::create(&self.html).map_err(|error| self.html_error(&error))
    }

    pub(crate) fn html_error(&self, error: &io::Error) -> String {
        format!("can't write {}: {error}", self.html.display())
    }
}

/// Writes to standard output. Whoever reads it may stop reading, as `head` does; that is no error.
pub(crate) fn print(text: &str) -> Result<(), Box<dyn Error>> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(format!("can't write the report: {error}").into())
        }
        _ => Ok(()),
    }
}

/// Ends the program.
pub(crate) fn exit(result: Result<(), Box<dyn Error>>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

/// Ends the program that was asked for something that there is not.
pub(crate) fn refuse(mistake: &lexopt::Error) -> ExitCode {
    complain(&format!("{mistake}\nSee --help for the options."));
    ExitCode::from(2)
}

fn complain(message: &str) {
    // Where nobody listens, there is nobody to tell.
    let _ = writeln!(io::stderr(), "quickstart: {message}");
}
