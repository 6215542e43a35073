//! Only does hits, on one thread: callgrind counts their instructions, see `instructions.sh`.

use crate::{args::Args, entries::Entry, script::BATCH, script::Script};
use std::error::Error;

/// Small, for callgrind is slow; how far a hit has to search does not depend on it.
const ENTRIES: u64 = 100_000;

pub(crate) fn run<E: Entry>(args: &Args) -> Result<(), Box<dyn Error>> {
    let contender = super::only_system::<E>(args)?;
    let entries = args.entries_or(ENTRIES);
    let system = (contender.build)();
    system.insert(0..entries);
    let mut script = Script::hits(1, entries).remove(0);
    let wrong: u64 = (0..args.operations / BATCH).map(|_| system.batch(&mut script)).sum();
    match wrong {
        0 => Ok(()),
        wrong => Err(format!("{wrong} wrong answers").into()),
    }
}
