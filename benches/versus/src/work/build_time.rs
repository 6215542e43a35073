//! Seconds to build each library and its dependencies from nothing, optimised.
//!
//! Each is built through an empty package that depends on it, with the features and versions that are compared here.
//! The builds run one after the other, so the figures include the machine's noise.

use super::Work;
use crate::{
    args::Args,
    stats::Sorted,
    table::{About, Cell, Row, Table},
    turns,
};
use std::{
    env,
    error::Error,
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

/// The names for `--systems`, and in `Cargo.toml`.
const LIBRARIES: [(&str, &str); 14] = [
    ("sharded", "sharded"),
    ("hand", "hashbrown"),
    ("dashmap", "dashmap"),
    ("dashmap-7", "dashmap-7"),
    ("scc", "scc"),
    ("papaya", "papaya"),
    ("flurry", "flurry"),
    ("leapfrog", "leapfrog"),
    ("moka", "moka"),
    ("quick_cache", "quick_cache"),
    ("mini-moka", "mini-moka"),
    ("foyer", "foyer-memory"),
    ("cached", "cached"),
    ("null", ""),
];

pub(super) fn run(args: &Args, print: &mut dyn FnMut(Table)) -> Result<(), Box<dyn Error>> {
    let asked = |id: &str| args.systems.is_empty() || args.systems.iter().any(|name| name == id);
    let libraries: Vec<_> = LIBRARIES.into_iter().filter(|(id, _)| asked(id)).collect();
    let repeats = args.repeats_or(1);
    let bar = turns::progress(libraries.len() * repeats, "build-time");
    let folder = Scratch(env::temp_dir().join(format!("sharded-versus-build-{}", std::process::id())));
    let mut rows = Vec::new();
    for (id, library) in libraries {
        let mut seconds = Vec::new();
        let mut crates = 0;
        for _ in 0..repeats {
            let (taken, built) = from_nothing(&folder.0, library)?;
            seconds.push(taken);
            crates = built;
            bar.inc(1);
        }
        let name = if library.is_empty() { "(an empty crate)" } else { library };
        let seconds = Sorted::new(seconds);
        #[allow(clippy::cast_precision_loss, reason = "a few")]
        let cells = vec![Cell::median(&seconds, 1), Cell::range(seconds.range(), 1), Cell::of(crates as f64, 0)];
        rows.push(Row::new(id, name, cells));
    }
    bar.finish_and_clear();
    print(Table {
        title: format!("build time from nothing, optimised, medians of {repeats} run(s)"),
        about: About { work: Work::BuildTime.name().into(), subject: String::new(), threads: 1, entries: 0 },
        columns: ["seconds", "range", "crates"].map(str::to_owned).to_vec(),
        rows,
        notes: Vec::new(),
    });
    Ok(())
}

/// A folder that is removed when it is dropped.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        // What is left behind lies among what is temporary.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Seconds, and how many crates were compiled.
fn from_nothing(folder: &Path, library: &str) -> Result<(f64, usize), Box<dyn Error>> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifest = fs::read_to_string(here.join("Cargo.toml"))?;
    let line = manifest.lines().find(|line| line.split_once(" = ").is_some_and(|(name, _)| name == library));
    let line = line.unwrap_or_default().replace("../..", &here.join("../..").display().to_string());
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder.join("src"))?;
    fs::write(
        folder.join("Cargo.toml"),
        format!("[package]\nname = \"built\"\nedition = \"2024\"\n[workspace]\n[dependencies]\n{line}\n"),
    )?;
    fs::write(folder.join("src/lib.rs"), "")?;
    fs::copy(here.join("../../Cargo.lock"), folder.join("Cargo.lock"))?;
    // Rustup's would be that of a package's own toolchain file, in a package's folder.
    let rustc = Path::new(env!("CARGO")).with_file_name(format!("rustc{}", env::consts::EXE_SUFFIX));
    let cargo = |arguments: &[&str]| -> Result<String, Box<dyn Error>> {
        let output = Command::new(env!("CARGO"))
            .args(arguments)
            .current_dir(folder)
            .env("RUSTC", &rustc)
            .env("CARGO_TARGET_DIR", folder.join("target"))
            .output()?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() { Ok(said) } else { Err(format!("{library}: {said}").into()) }
    };
    cargo(&["fetch"])?;
    let began = Instant::now();
    let said = cargo(&["build", "--release", "--offline"])?;
    Ok((began.elapsed().as_secs_f64(), said.lines().filter(|line| line.trim_start().starts_with("Compiling")).count()))
}
