//! Checks that the machine is as requested, and that the checker detects wrong placement.

use super::{Fault, Outcome, ensure};
use crate::{
    kernel::{self, Mapping, PAGE, Source},
    machine::{self, Machine},
};
use std::thread;

const BYTES: usize = 256 * PAGE;

/// The nodes are those that `sharded.nodes` says, each with its processors: `0-1/2-3/` has a third node without any.
pub(super) fn topology(machine: &Machine) -> Outcome {
    let nodes: Vec<_> = machine
        .nodes
        .iter()
        .map(|node| {
            let (number, cpus, bytes) = (node.number, machine::list(&node.cpus), node.bytes >> 20);
            format!("node {number}: cpus [{cpus}], {bytes} MiB")
        })
        .collect();
    if let Some(expected) = machine::parameter("sharded.nodes") {
        let expected = expected.split('/').map(machine::parse_list).collect::<Result<Vec<_>, _>>()?;
        let found: Vec<_> = machine.nodes.iter().map(|node| node.cpus.clone()).collect();
        ensure!(found == expected, "expected {expected:?}, found {}", nodes.join("; "));
    }
    Ok(nodes.join("; "))
}

/// Pages that were put on a node in either of three ways are there, says the kernel.
pub(super) fn pages(machine: &Machine) -> Outcome {
    let mut checked = 0;
    let mut expect = |mapping: &Mapping, node: usize, how: &str| -> Result<(), Fault> {
        let census = mapping.census()?;
        ensure!(census.off(node) == 0, "{how} on node {node}: {census}");
        checked += census.pages();
        Ok(())
    };
    for node in machine.numbers() {
        for (source, how) in [(Source::Only(node), "bound"), (Source::Rather(node), "preferred")] {
            let mapping = Mapping::new(BYTES)?;
            let before = mapping.census()?;
            ensure!(before.nowhere == before.pages(), "not touched yet: {before}");
            mapping.take(source)?;
            mapping.touch();
            expect(&mapping, node, how)?;
        }
        let mapping = Mapping::new(BYTES)?;
        mapping.touch();
        let moved = kernel::migrate(&mapping.addresses().collect::<Vec<_>>(), node)?;
        ensure!(moved.iter().all(|&to| to == Ok(node)), "moved to node {node}: {moved:?}");
        expect(&mapping, node, "moved")?;
    }
    for node in machine.with_cpus() {
        // Where nothing is said of nodes, a page is where the thread that touches it first runs.
        let mapping = Mapping::new(BYTES)?;
        thread::scope(|scope| scope.spawn(|| kernel::pin(&node.cpus).map(|()| mapping.touch())).join())
            .expect("touching does not panic")?;
        expect(&mapping, node.number, "first touched")?;
        // Or where that thread's own policy says.
        for other in machine.numbers() {
            let mapping = Mapping::new(BYTES)?;
            let touch = || {
                kernel::pin(&node.cpus)?;
                kernel::set_thread_policy(Source::Only(other))?;
                mapping.touch();
                kernel::here()
            };
            let (cpu, here) = thread::scope(|scope| scope.spawn(touch).join()).expect("touching does not panic")?;
            ensure!(node.cpus.contains(&cpu) && here == node.number, "runs on cpu {cpu} of node {here}");
            expect(&mapping, other, "by the thread's policy")?;
        }
    }
    Ok(format!("{checked} pages"))
}
