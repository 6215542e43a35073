//! Where a store's entries are, by what it declares.

use super::{Outcome, ensure};
use crate::{
    kernel::{self, Census},
    machine::{self, Machine},
    subject::{Declared, Store, on_each_node},
};
use std::{
    collections::BTreeSet,
    error::Error,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

/// By home: where the pages are that hold the entries of its shards. Shards without a home are left out.
pub(super) fn census_by_home(store: &Store, homes: &[Option<usize>]) -> Result<Vec<(usize, Census)>, Box<dyn Error>> {
    let entries = store.entries();
    ensure!(entries.len() == homes.len(), "{} shards have {} homes", entries.len(), homes.len());
    let known: BTreeSet<usize> = homes.iter().copied().flatten().collect();
    let census = |home: usize| {
        let of_home = entries.iter().zip(homes).filter(|&(_, &of)| of == Some(home));
        Ok((home, Census::of(of_home.flat_map(|(entries, _)| entries.iter().copied()))?))
    };
    known.into_iter().map(census).collect()
}

/// Of all shards that have a home together.
pub(super) fn census(store: &Store) -> Result<Census, Box<dyn Error>> {
    let mut census = Census::default();
    for (_, of_home) in census_by_home(store, &store.homes())? {
        census.merge(&of_home);
    }
    Ok(census)
}

/// Every shard has one of these homes, each of which has shards, and is where its home is. Answers the pages.
pub(super) fn is_at_home(store: &Store, nodes: &[usize]) -> Result<usize, Box<dyn Error>> {
    let homes = store.homes();
    let homeless = homes.iter().filter(|home| home.is_none()).count();
    ensure!(homeless == 0, "{homeless} of {} shards have no home", homes.len());
    let by_home = census_by_home(store, &homes)?;
    let found: Vec<usize> = by_home.iter().map(|&(home, _)| home).collect();
    ensure!(found == nodes, "homes are {found:?}, not {nodes:?}");
    let mut pages = 0;
    for (home, census) in by_home {
        ensure!(census.pages() > 0, "nothing is on node {home}");
        ensure!(census.off(home) == 0, "of the shards of node {home}: {census}");
        pages += census.pages();
    }
    Ok(pages)
}

fn nodes_with_cpus(machine: &Machine) -> Vec<usize> {
    machine.with_cpus().map(|node| node.number).collect()
}

/// Shards take turns on the nodes, whatever thread fills them.
pub(super) fn spread(machine: &Machine) -> Outcome {
    let mut pages = 0;
    for node in machine.with_cpus() {
        kernel::pin(&node.cpus)?;
        let store = Store::filled(Declared::Spread)?;
        pages += is_at_home(&store, &nodes_with_cpus(machine))?;
    }
    Ok(format!("{pages} pages at home"))
}

/// All is on the node of the thread that built the store, though another one fills it.
pub(super) fn local(machine: &Machine) -> Outcome {
    let mut pages = 0;
    for node in machine.with_cpus() {
        kernel::pin(&node.cpus)?;
        let store = Store::build(Declared::Local)?;
        if let Some(other) = machine.with_cpus().find(|other| other.number != node.number) {
            kernel::pin(&other.cpus)?;
        }
        store.fill();
        pages += is_at_home(&store, &[node.number])?;
    }
    Ok(format!("{pages} pages at home"))
}

/// Where nothing was declared the same look finds pages elsewhere: it would see a placement that does nothing.
pub(super) fn off(machine: &Machine) -> Outcome {
    let nodes = nodes_with_cpus(machine);
    kernel::pin(&machine.with_cpus().next().ok_or("no node has processors")?.cpus)?;
    let store = Store::filled(Declared::Off)?;
    let homes = store.homes();
    let placed = homes.iter().flatten().count();
    ensure!(placed == 0, "{placed} shards have homes");

    // As they would be spread.
    let homes: Vec<_> = (0..homes.len()).map(|shard| Some(nodes[shard % nodes.len()])).collect();
    let by_home = census_by_home(&store, &homes)?;
    let elsewhere: usize = by_home.iter().map(|(home, census)| census.off(*home)).sum();
    let pages: usize = by_home.iter().map(|(_, census)| census.pages()).sum();
    // All are where the one thread ran, so that each other node's share is missing.
    ensure!(elsewhere > 0, "all of {pages} pages are where spreading would have put them");
    Ok(format!("{elsewhere} of {pages} pages elsewhere"))
}

/// A node without processors has memory, and is used by those only who ask for it.
pub(super) fn memory_only(machine: &Machine) -> Outcome {
    let without: Vec<usize> =
        machine.nodes.iter().filter(|node| node.cpus.is_empty()).map(|node| node.number).collect();
    ensure!(!without.is_empty(), "every node has processors");
    let store = Store::filled(Declared::Spread)?;
    let pages = is_at_home(&store, &nodes_with_cpus(machine))?;
    Ok(format!("{pages} pages at home, none on nodes {}", machine::list(&without)))
}

/// A thread that the library runs for a node runs on that node's processors only.
pub(super) fn pool(machine: &Machine) -> Outcome {
    const LOOKS: usize = 200;
    let all = kernel::allowed_cpus()?;
    let looks = AtomicUsize::new(0);
    let seen = on_each_node(|node| -> Result<usize, String> {
        let cpus = &machine.nodes.iter().find(|known| known.number == node).ok_or("no such node")?.cpus;
        let allowed = kernel::allowed_cpus().map_err(|error| error.to_string())?;
        ensure!(allowed == *cpus, "a thread of node {node} may run on {allowed:?}, not {cpus:?}");
        for _ in 0..LOOKS {
            let (cpu, here) = kernel::here().map_err(|error| error.to_string())?;
            ensure!(cpus.contains(&cpu) && here == node, "a thread of node {node} runs on cpu {cpu} of node {here}");
            looks.fetch_add(1, Ordering::Relaxed);
            thread::yield_now();
        }
        Ok(node)
    })?;
    let nodes = seen.into_iter().collect::<Result<BTreeSet<_>, _>>()?;
    let expected: BTreeSet<_> = nodes_with_cpus(machine).into_iter().collect();
    ensure!(nodes == expected, "threads ran on nodes {nodes:?}, not {expected:?}");
    // The others are left as they were.
    ensure!(kernel::allowed_cpus()? == all, "the calling thread may now run on {:?}", kernel::allowed_cpus()?);
    Ok(format!("{} looks on {} nodes", looks.into_inner(), nodes.len()))
}

/// Huge pages are on the node as small ones are.
pub(super) fn huge_pages(machine: &Machine) -> Outcome {
    machine::allow_huge_pages()?;
    let before = machine::own_memory("AnonHugePages")?;
    let store = Store::filled(Declared::SpreadHuge)?;
    let pages = is_at_home(&store, &nodes_with_cpus(machine))?;
    let huge = machine::own_memory("AnonHugePages")?.saturating_sub(before) / kernel::HUGE_PAGE;
    ensure!(huge > 0, "no page is huge");
    Ok(format!("{pages} pages at home, {huge} huge ones"))
}
