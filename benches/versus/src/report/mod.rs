//! Kept results, and what is made from them: one page with tables and plots, and the README's table.

mod colours;
mod html;
mod plots;
mod readme;
#[cfg(test)]
mod tests;

use crate::{
    args::Output,
    machine::{Machine, said_by},
    table::Table,
};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    env,
    error::Error,
    fs,
    path::{Path, PathBuf},
};

/// All kept results, by run.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Report {
    pub(crate) runs: Vec<Run>,
}

/// The results of one start of the program.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Run {
    /// Year, month and day.
    pub(crate) date: String,
    pub(crate) command: String,
    /// The commit of this repository.
    pub(crate) commit: String,
    pub(crate) machine: Machine,
    /// Version of each library, by its name.
    pub(crate) versions: BTreeMap<String, String>,
    pub(crate) tables: Vec<Table>,
}

impl Run {
    /// A run without results.
    pub(crate) fn new(machine: Machine) -> Self {
        let arguments = env::args().skip(1).collect::<Vec<_>>().join(" ");
        Run {
            date: said_by("date", &["-u", "+%F"]).unwrap_or_default(),
            command: format!("cargo run --release -p sharded-versus -- {arguments}"),
            commit: commit().unwrap_or_default(),
            machine,
            versions: versions().unwrap_or_default(),
            tables: Vec::new(),
        }
    }
}

/// The commit, and whether files differ from it, except those that the measurement writes.
fn commit() -> Option<String> {
    let commit = said_by("git", &["describe", "--always"])?;
    let others = [":(top)", ":(top,exclude)benches/versus/reports", ":(top,exclude)README.md"];
    let status = [&["status", "--porcelain", "--untracked-files=no", "--"], &others[..]].concat();
    let is_different = said_by("git", &status).is_some_and(|said| !said.is_empty());
    Some(commit + if is_different { "-dirty" } else { "" })
}

impl Report {
    /// Reads the results of this file.
    pub(crate) fn read(path: &Path) -> Result<Self, Box<dyn Error>> {
        // To open a pipe waits for its other end, and a device may have no end.
        if path.exists() && !path.is_file() {
            return Err(format!("can't read {}: it is not a regular file", path.display()).into());
        }
        let text = fs::read_to_string(path).map_err(|error| format!("can't read {}: {error}", path.display()))?;
        Ok(serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?)
    }

    /// The results of the file that new ones are added to, or none if there is no file.
    pub(crate) fn to_go_on(json: Option<&PathBuf>) -> Result<Self, Box<dyn Error>> {
        match json {
            Some(path) if path.exists() => Self::read(path),
            _ => Ok(Report::default()),
        }
    }

    /// Adds a run. What it measured again replaces what was there.
    pub(crate) fn add(&mut self, run: Run) {
        for earlier in &mut self.runs {
            earlier.tables.retain(|table| run.tables.iter().all(|new| new.about != table.about));
        }
        self.runs.retain(|earlier| !earlier.tables.is_empty());
        self.runs.push(run);
    }

    /// All tables of this work, in the order in which they were measured.
    pub(crate) fn of_work<'a>(&'a self, work: &'a str) -> impl Iterator<Item = &'a Table> {
        self.tables().filter(move |table| table.about.work == work)
    }

    /// The conditions of a measurement, as its plot shows them: what its title says of the entries and the rounds, the
    /// machine, and the date.
    pub(crate) fn conditions(&self, table: &Table) -> String {
        let Some(run) = self.runs.iter().find(|run| run.tables.iter().any(|own| own.about == table.about)) else {
            return String::new();
        };
        let subject = table.title.split_once("thread(s), ").map_or(table.title.as_str(), |(_, subject)| subject);
        let Machine { cores, processor, .. } = &run.machine;
        let processor = processor.trim().replace(" Processor", "");
        format!("{subject}; {cores} cores, {processor}; {}", run.date)
    }

    fn tables(&self) -> impl Iterator<Item = &Table> {
        self.runs.iter().flat_map(|run| &run.tables)
    }

    /// Writes the requested files.
    pub(crate) fn write(&self, output: &Output) -> Result<(), Box<dyn Error>> {
        if let Some(path) = &output.json {
            create(path, serde_json::to_string(self)? + "\n")?;
        }
        if let Some(path) = &output.html {
            create(path, html::of(self))?;
            create(&path.with_extension("svg"), plots::of_readme(self))?;
        }
        if let Some(path) = &output.readme {
            let text = fs::read_to_string(path).map_err(|error| format!("can't read {}: {error}", path.display()))?;
            // The README stands at the root, from where the program is started.
            let plot = output.html.as_ref().ok_or("--readme shows a plot: say --html, too")?.with_extension("svg");
            create(path, readme::with_table(&text, self, &plot.display().to_string())?)?;
        }
        Ok(())
    }
}

fn create(path: &Path, text: String) -> Result<(), String> {
    fs::write(path, text).map_err(|error| format!("can't write {}: {error}", path.display()))
}

/// The versions of the compared libraries in this program.
fn versions() -> Option<BTreeMap<String, String>> {
    let lock = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.lock")).ok()?;
    let names = [
        "cached",
        "dashmap",
        "flurry",
        "foyer-memory",
        "hashbrown",
        "leapfrog",
        "mini-moka",
        "moka",
        "papaya",
        "parking_lot",
        "quick_cache",
        "scc",
        "sharded-runtime",
    ];
    let own = lock.split("[[package]]").find(|package| package.contains("name = \"sharded-versus\""))?;
    let mut versions: BTreeMap<String, String> = BTreeMap::new();
    for package in lock.split("[[package]]") {
        let value = |key: &str| package.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(" = "));
        let (Some(name), Some(version)) = (value("name"), value("version")) else { continue };
        let (name, version) = (name.trim_matches('"'), version.trim_matches('"'));
        // Where the lock has several versions of a package, it says which of them are this one's.
        let is_ours = own.contains(&format!("\"{name}\"")) || own.contains(&format!("\"{name} {version}\""));
        if names.contains(&name) && is_ours {
            let all = versions.entry(name.to_owned()).or_default();
            *all = if all.is_empty() { version.to_owned() } else { format!("{all}, {version}") };
        }
    }
    Some(versions)
}
