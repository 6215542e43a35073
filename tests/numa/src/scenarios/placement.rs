//! The nodes of a store's entries under each declaration.

use super::{Fault, Outcome, ensure};
use crate::{
    kernel::{self, Census},
    machine::{self, Machine},
    subject::{Declared, Store, says_at_home},
};
use sharded::{node::Pool, sharded};
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

/// By home: where the pages are that hold the entries of its shards. Shards without a home are left out.
pub(super) fn census_by_home(store: &Store, homes: &[Option<usize>]) -> Result<Vec<(usize, Census)>, Fault> {
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
pub(super) fn census(store: &Store) -> Result<Census, Fault> {
    let mut census = Census::default();
    for (_, of_home) in census_by_home(store, &store.homes())? {
        census.merge(&of_home);
    }
    Ok(census)
}

/// Every shard has one of these homes, each of which has shards, and is where its home is: the values, as the kernel
/// says of their addresses, and all that the library says that a shard consists of. Answers the pages.
pub(super) fn is_at_home(store: &Store, nodes: &[usize]) -> Result<usize, Fault> {
    let homes = store.homes();
    let homeless = homes.iter().filter(|home| home.is_none()).count();
    ensure!(homeless == 0, "{homeless} of {} shards have no home", homes.len());
    let found: BTreeSet<usize> = homes.iter().copied().flatten().collect();
    ensure!(found.iter().eq(nodes), "homes are {found:?}, not {nodes:?}");
    for (home, census) in census_by_home(store, &homes)? {
        ensure!(store.keys().is_empty() || census.pages() > 0, "nothing is on node {home}");
        ensure!(census.off(home) == 0, "of the shards of node {home}: {census}");
    }
    let missing = store.keys().count() - store.read_all();
    ensure!(missing == 0, "{missing} entries are missing");
    Ok(usize::try_from(says_at_home(store)?)?)
}

/// The same, and all memory that was ever bound, at every step of a store's life. Answers the pages of all steps.
fn lives_at_home(store: &mut Store, nodes: &[usize]) -> Result<usize, Fault> {
    let mut pages = 0;
    store.live(|step, store| {
        pages += is_at_home(store, nodes).map_err(|why| format!("{step}: {why}"))?;
        for (node, census) in kernel::bound_pages()? {
            ensure!(census.off(node) == 0, "{step}: of what is bound to node {node}: {census}");
        }
        Ok::<_, Fault>(())
    })?;
    Ok(pages)
}

pub(super) fn nodes_with_cpus(machine: &Machine) -> Vec<usize> {
    machine.with_cpus().map(|node| node.number).collect()
}

/// Shards are in blocks over the nodes, whatever thread builds and fills the store.
pub(super) fn spread(machine: &Machine) -> Outcome {
    let mut pages = 0;
    for node in machine.with_cpus() {
        let live = || lives_at_home(&mut Store::build(Declared::Spread), &nodes_with_cpus(machine));
        pages += kernel::on(&node.cpus, live)??;
    }
    Ok(format!("{pages} pages at home"))
}

/// All is on the node of the thread that built the store, though another one fills it.
pub(super) fn local(machine: &Machine) -> Outcome {
    let mut pages = 0;
    for node in machine.with_cpus() {
        let mut store = kernel::on(&node.cpus, || Store::build(Declared::Local))?;
        let other = machine.with_cpus().find(|other| other.number != node.number).unwrap_or(node);
        pages += kernel::on(&other.cpus, || lives_at_home(&mut store, &[node.number]))??;
    }
    Ok(format!("{pages} pages at home"))
}

/// Where nothing was declared the same look finds pages elsewhere: it would see a placement that does nothing.
pub(super) fn off(machine: &Machine) -> Outcome {
    let nodes = nodes_with_cpus(machine);
    let first = machine.with_cpus().next().ok_or("no node has processors")?;
    let store = kernel::on(&first.cpus, || Store::filled(Declared::Off))?;
    let homes = store.homes();
    let placed = homes.iter().flatten().count();
    ensure!(placed == 0, "{placed} shards have homes");

    // As they would be spread.
    let homes: Vec<_> = (0..homes.len()).map(|shard| Some(nodes[shard * nodes.len() / homes.len()])).collect();
    let by_home = census_by_home(&store, &homes)?;
    let elsewhere: usize = by_home.iter().map(|(home, census)| census.off(*home)).sum();
    let pages: usize = by_home.iter().map(|(_, census)| census.pages()).sum();
    // All are where the one thread ran, so that each other node's share is missing.
    ensure!(elsewhere > 0, "all of {pages} pages are where spreading would have put them");
    ensure!(kernel::bound_pages()?.is_empty(), "something is bound");
    Ok(format!("{elsewhere} of {pages} pages elsewhere"))
}

/// A node without processors has memory, and is used by those only who ask for it.
pub(super) fn memory_only(machine: &Machine) -> Outcome {
    let without: Vec<usize> =
        machine.nodes.iter().filter(|node| node.cpus.is_empty()).map(|node| node.number).collect();
    ensure!(!without.is_empty(), "every node has processors");
    let pages = lives_at_home(&mut Store::build(Declared::Spread), &nodes_with_cpus(machine))?;
    Ok(format!("{pages} pages at home, none on nodes {}", machine::list(&without)))
}

/// Jobs for a key run on the processors of the node that the key's shard is on, and what they allocate is there.
pub(super) fn pool(machine: &Machine) -> Outcome {
    const LOOKS: u64 = 400;
    let all = kernel::allowed_cpus()?;
    let pool = Pool::builder().start()?;
    ensure!(pool.is_pinned(), "the workers are not pinned");
    let texts = Arc::new(Texts::new());
    let (mut seen, mut elsewhere) = (BTreeSet::new(), 0);
    for key in 0..LOOKS {
        let home = pool.home_of(&texts, Texts::texts, &key);
        let node = home.node().get() as usize;
        ensure!(texts.texts().node_of(&key).map(|node| node.get() as usize) == Some(node), "key {key} is not at home");
        let (allowed, here, text) = home.run(move |texts| {
            let text = vec![1_u8; 1 << 16];
            let at = text.as_ptr().addr();
            texts.texts().insert(key, text);
            (kernel::allowed_cpus(), kernel::here(), at)
        })?;
        let (allowed, (cpu, here)) = (allowed?, here?);
        let cpus = &machine.nodes.iter().find(|known| known.number == node).ok_or("no such node")?.cpus;
        ensure!(allowed == *cpus, "a worker of node {node} may run on {allowed:?}, not {cpus:?}");
        ensure!(cpus.contains(&cpu) && here == node, "a worker of node {node} runs on cpu {cpu} of node {here}");
        // A page in the middle of it. Now and then the allocator gives memory that a thread of another node has used.
        elsewhere += Census::of([text + (1 << 15)])?.off(node) as u64;
        seen.insert(node);
    }
    let expected: BTreeSet<_> = nodes_with_cpus(machine).into_iter().collect();
    ensure!(seen == expected, "jobs ran on nodes {seen:?}, not {expected:?}");
    ensure!(elsewhere <= LOOKS / 20, "{elsewhere} of {LOOKS} pages that workers have written are elsewhere");
    // The others are left as they were.
    ensure!(kernel::allowed_cpus()? == all, "the calling thread may now run on {:?}", kernel::allowed_cpus()?);
    Ok(format!("{LOOKS} jobs on {} nodes", seen.len()))
}

#[sharded(ttl = "1h")]
struct Texts {
    texts: HashMap<u64, Vec<u8>>,
}

/// Huge pages are on the node as small ones are.
pub(super) fn huge_pages(machine: &Machine) -> Outcome {
    machine::allow_huge_pages()?;
    let before = machine::own_memory("AnonHugePages")?;
    let mut store = Store::build(Declared::SpreadHuge);
    let (mut pages, mut huge) = (0, 0);
    store.live(|step, store| {
        pages += is_at_home(store, &nodes_with_cpus(machine)).map_err(|why| format!("{step}: {why}"))?;
        let now = machine::own_memory("AnonHugePages")?;
        huge = huge.max(now.saturating_sub(before) / kernel::HUGE_PAGE);
        Ok::<_, Fault>(())
    })?;
    ensure!(huge > 0, "no page is huge");
    Ok(format!("{pages} pages at home, {huge} huge ones"))
}
