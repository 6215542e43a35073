//! A node without memory left.

use super::{
    Fault, Outcome, ensure,
    placement::{census_by_home, is_at_home, nodes_with_cpus},
};
use crate::{
    init::describe,
    kernel::{self, Census, Mapping, Source},
    machine::{self, Machine},
    subject::{Declared, Store, says_at_home},
};
use std::{
    io::{self, Read, Write},
    panic::{self, AssertUnwindSafe},
    process::{Child, Command, ExitCode, Stdio},
};

/// Takes all memory of the node, by asking until what comes is from elsewhere.
fn fill(node: usize) -> Result<(Vec<Mapping>, Census), Fault> {
    const PIECE: usize = 1 << 20;
    // The kernel frees a little when it notices that a node runs out, so one piece from elsewhere is not the end.
    const ENOUGH: usize = 8;
    let (mut taken, mut elsewhere, mut total) = (Vec::new(), 0, Census::default());
    while elsewhere < ENOUGH {
        let piece = Mapping::new(PIECE)?;
        piece.want_huge_pages(false)?;
        piece.take(Source::Rather(node))?;
        piece.populate()?;
        let census = piece.census()?;
        if census.on(node) == 0 {
            elsewhere += 1;
        } else {
            total.merge(&census);
            taken.push(piece);
        }
    }
    Ok((taken, total))
}

/// With one node full, a store is built none the less: what has no room at home is elsewhere, which the store says, and
/// all the rest at home.
pub(super) fn full_node(machine: &Machine) -> Outcome {
    let node = machine.with_cpus().last().ok_or("no node has processors")?.number;
    let (filling, filled) = fill(node)?;
    let free = machine::node_memory(node, "MemFree")? >> 10;

    let store = Store::filled(Declared::Spread);
    let mut displaced = 0;
    let mut pages = 0;
    for (home, census) in census_by_home(&store, &store.homes())? {
        ensure!(census.nowhere == 0, "of the shards of node {home}: {census}");
        pages += census.pages();
        if home == node {
            displaced = census.off(home);
        } else {
            ensure!(census.off(home) == 0, "of the shards of node {home}, which has room: {census}");
        }
    }
    ensure!(displaced > 0, "node {node} was not full: {free} KiB free after {filled}");
    ensure!(says_at_home(&store).is_err(), "the store says that all is at home");
    for shard in store.placement().fields().iter().flat_map(sharded::placement::FieldPlacement::shards) {
        let is_of_full = shard.node().is_some_and(|home| home.get() as usize == node);
        ensure!(is_of_full || shard.per_cent() == Some(100.0), "{shard:?}");
    }
    let missing = store.keys().count() - store.read_all();
    ensure!(missing == 0, "{missing} entries are missing");

    // With room again, what is built now is at home.
    drop((store, filling));
    is_at_home(&Store::filled(Declared::Spread), &nodes_with_cpus(machine))?;
    Ok(format!("{displaced} of {pages} pages elsewhere, node {node} with {free} KiB free"))
}

/// With one node full, a strict store refuses what has no room at home, and what it has is whole and at home; with room
/// again it goes on.
pub(super) fn strict_store(machine: &Machine) -> Outcome {
    const STEP: u64 = 1000;
    let node = machine.with_cpus().last().ok_or("no node has processors")?.number;
    // As long as there is room, there is nothing to refuse.
    let mut store = Store::build(Declared::StrictSpread);
    store.put(0..STEP);
    is_at_home(&store, &nodes_with_cpus(machine))?;

    let (filling, _) = fill(node)?;
    let quiet = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let mut end = STEP;
    let refused = loop {
        let begin = end;
        end += STEP;
        // What is there of this step is not counted on: it ends in the middle.
        match panic::catch_unwind(AssertUnwindSafe(|| store.add(begin..end))) {
            Ok(()) => store.count_on(0..end),
            Err(refused) => break refused.downcast_ref::<&str>().copied().unwrap_or("?").to_owned(),
        }
        ensure!(end < 4_000_000, "nothing is refused");
    };
    panic::set_hook(quiet);
    ensure!(refused == "no memory for one more entry; the map is as it was before", "{refused}");
    let kept = store.keys().end;
    for (home, census) in census_by_home(&store, &store.homes())? {
        ensure!(census.off(home) == 0, "of the shards of node {home}: {census}");
    }
    ensure!(store.read_all() as u64 == kept, "{} of {kept} entries are there", store.read_all());

    drop(filling);
    store.put(0..kept + 10 * STEP);
    ensure!(store.read_all() as u64 == kept + 10 * STEP, "{} of the entries are there", store.read_all());
    for (home, census) in census_by_home(&store, &store.homes())? {
        ensure!(census.off(home) == 0, "with room again, of the shards of node {home}: {census}");
    }
    Ok(format!("{kept} entries at home, then refused; with room again {} more", 10 * STEP))
}

/// What the kernel does where memory is asked for that a full node has not: why the library asks as it does.
pub(super) fn strict(machine: &Machine) -> Outcome {
    const KILLED: &str = "killed by signal 9";
    const NEVER: i32 = -1000;
    let node = machine.nodes.last().ok_or("there is no node")?.number;
    let mut said = Vec::new();
    // (how it asks, what the OOM killer may do to who fills the node, what becomes of who asks, and of who fills)
    for (how, score, asks, fills) in [
        // Asked for a node that is full, the kernel kills.
        ("bind-populate", NEVER, KILLED, "exit status 0"),
        ("bind-touch", NEVER, KILLED, "exit status 0"),
        // Not who asks, but who has most.
        ("bind-populate", 0, "exit status 0", KILLED),
        // Asked to prefer the node, or to move there what is elsewhere, it says how far it came.
        ("prefer", 0, "exit status 0", "exit status 0"),
        ("move", 0, "exit status 0", "exit status 0"),
    ] {
        let mut filler = start_probe("fill", node, score)?;
        // It says how much it has, and then waits to be let go.
        let mut word = [0];
        filler.stdout.as_mut().ok_or("no output")?.read_exact(&mut word)?;
        let asker = start_probe(how, node, 0)?.wait_with_output()?;
        drop(filler.stdin.take());
        let filler = describe(filler.wait()?);
        let (asker, found) = (describe(asker.status), String::from_utf8_lossy(&asker.stdout).trim().to_owned());
        ensure!(asker == asks && filler == fills, "{how} {score}: {found}; asker {asker}, filler {filler}");
        said.push(match (asks, fills) {
            (KILLED, _) => format!("{how} is killed"),
            (_, KILLED) => format!("{how} has another killed"),
            _ => format!("{how}: {found}"),
        });
    }
    Ok(said.join("; "))
}

/// The word that has this program be a probe: a process that may be killed.
pub(super) const PROBE: &str = "probe";

fn start_probe(how: &str, node: usize, score: i32) -> io::Result<Child> {
    Command::new("/proc/self/exe")
        .args([PROBE, how, &node.to_string(), &score.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
}

pub(super) fn probe(arguments: &[&str]) -> ExitCode {
    match run_probe(arguments) {
        Ok(found) => {
            println!("{found}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            println!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn run_probe(arguments: &[&str]) -> Outcome {
    const BYTES: usize = 64 << 20;
    let [how, node, score] = arguments else { return Err("a probe takes three arguments".into()) };
    let node: usize = node.parse()?;
    machine::set_oom_score(score.parse()?)?;
    if *how == "fill" {
        let (_filling, census) = fill(node)?;
        print!("{census}");
        io::stdout().flush()?;
        io::stdin().read_to_end(&mut Vec::new())?;
        return Ok(String::new());
    }
    let mapping = Mapping::new(BYTES)?;
    mapping.want_huge_pages(false)?;
    match *how {
        "bind-populate" => {
            mapping.take(Source::Only(node))?;
            let result = mapping.populate();
            Ok(format!("{result:?}, {}", mapping.census()?))
        }
        "bind-touch" => {
            mapping.take(Source::Only(node))?;
            mapping.touch();
            Ok(mapping.census()?.to_string())
        }
        "prefer" => {
            mapping.take(Source::Rather(node))?;
            mapping.populate()?;
            let census = mapping.census()?;
            ensure!(census.off(node) > 0 && census.nowhere == 0, "{census}");
            Ok(census.to_string())
        }
        "move" => {
            mapping.populate()?;
            let moved = kernel::migrate(&mapping.addresses().collect::<Vec<_>>(), node);
            let error = moved.map_err(|error| error.raw_os_error()).err();
            let census = mapping.census()?;
            ensure!(error == Some(Some(libc::ENOMEM)) && census.nowhere == 0, "error {error:?}, {census}");
            Ok(format!("no memory, {census}"))
        }
        how => Err(format!("no probe '{how}'").into()),
    }
}
