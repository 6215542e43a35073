//! The kernel's own moving of pages to the threads that use them.

use super::{Outcome, ensure, placement::census};
use crate::{
    kernel::{self, Mapping, PAGE},
    machine::{self, Machine},
    subject::{Declared, Store},
};
use std::time::{Duration, Instant};

/// With automatic balancing on, and a thread of another node that uses everything, the store's pages stay where they
/// are while others, of which nothing was said, move to that thread.
pub(super) fn balancing(machine: &Machine) -> Outcome {
    const PATIENCE: Duration = Duration::from_secs(30);
    let nodes: Vec<_> = machine.with_cpus().collect();
    let [first, .., last] = &nodes[..] else { return Err("needs two nodes with processors".into()) };
    machine::balance_soon()?;
    machine::set_balancing(true)?;

    let unplaced = Mapping::new(256 * PAGE)?;
    unplaced.want_huge_pages(false)?;
    let store = Store::filled(Declared::Spread);
    let before = census(&store)?;
    let start = Instant::now();
    loop {
        // A page that the kernel has marked, to see who uses it next, counts as nowhere until it is touched.
        kernel::on(&first.cpus, || unplaced.touch())?;
        let unplaced_before = unplaced.census()?;
        if unplaced_before.off(first.number) == 0 {
            break;
        }
        ensure!(start.elapsed() < PATIENCE, "before: {unplaced_before}");
    }

    kernel::pin(&last.cpus)?;
    let start = Instant::now();
    let moved = loop {
        for _ in 0..20 {
            unplaced.touch();
            store.read_all();
        }
        let moved = unplaced.census()?;
        if moved.on(last.number) > moved.pages() / 2 {
            break moved;
        }
        ensure!(start.elapsed() < PATIENCE, "the kernel has not balanced what it may: {moved}");
    };
    let after = census(&store)?;
    ensure!(after == before, "the store was at {before}, and then at {after}");
    Ok(format!("store: {after}; unplaced: {moved}"))
}
