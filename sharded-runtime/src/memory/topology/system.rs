//! What the kernel says in its files.

use super::{
    list,
    node::{Node, NodeId},
    nodes::Topology,
};
use std::{collections::BTreeSet, fs, path::Path, thread};

impl Topology {
    /// What this process may use of the machine, as the kernel says now: CPUs that are offline, or that the process's
    /// affinity or cpuset rules out, are not in it, and memory that its cpuset rules out counts as none. A process's affinity is
    /// that of all its threads together: those that it has by now. One that pins its only thread to a node has no other node, so pin threads after the
    /// store is built, or [say](crate::builder::StoreOptions::topology) what there will be.
    ///
    /// Where there is only one node, or the kernel's files don't say, as in some sandboxes and on other systems than Linux, it is one
    /// node 0 with all the CPUs. It reads some files per node, so keep the answer, which is cheap to clone.
    ///
    /// Stores keep it too: one that is built without a [topology](crate::builder::StoreOptions::topology) of its own reads these files only if no thread
    /// that may run on the same CPUs has built one before. What changes later, such as a CPU that goes offline, it does not see; give it
    /// `Topology::current()` where that matters.
    ///
    /// # Examples
    ///
    /// See [`Topology`].
    #[must_use]
    pub fn current() -> Self {
        current()
    }
}

pub(super) fn current() -> Topology {
    if cfg!(target_os = "linux") {
        read(Path::new("/sys/devices/system"), Path::new("/proc"))
    } else {
        Topology::new([one(None, None)])
    }
}

/// The topology in `system`, as far as the process in `process` may use it. One node wherever that can't be read: half
/// of a topology would leave CPUs or memory without a node.
pub(super) fn read(system: &Path, process: &Path) -> Topology {
    let status = text(&process.join("self/status"));
    let allowed = |field| value(status.as_deref()?, field).and_then(list::parse);
    let online = text(&system.join("cpu/online")).as_deref().and_then(list::parse);
    let mut cpus = both(online.clone(), allowed("Cpus_allowed_list:"));
    if cpus.as_ref().map(Vec::len) != online.as_ref().map(Vec::len)
        && let Some(of_threads) = cpus_of_threads(&process.join("self/task"))
    {
        // The first thread may just be held in one place.
        cpus = both(online, Some(of_threads));
    }
    match nodes(&system.join("node"), cpus.as_deref(), allowed("Mems_allowed_list:").as_deref()) {
        Some(nodes) if !nodes.is_empty() => Topology::new(nodes),
        _ => Topology::new([one(cpus, text(&process.join("meminfo")).as_deref().and_then(total))]),
    }
}

/// `cpus` and `memories` are those allowed, or `None` where all are.
fn nodes(folder: &Path, cpus: Option<&[u32]>, memories: Option<&[u32]>) -> Option<Vec<Node>> {
    let is_in = |set: Option<&[u32]>, number: u32| set.is_none_or(|set| set.binary_search(&number).is_ok());
    let list = |path: &Path| list::parse(&text(path)?);
    let online = list(&folder.join("online"))?;
    // Old kernels don't have it: there, the amount alone says it.
    let with_memory = list(&folder.join("has_memory"));
    let node = |&number: &u32| {
        let folder = folder.join(format!("node{number}"));
        let own = list(&folder.join("cpulist"))?.into_iter().filter(|&cpu| is_in(cpus, cpu));
        let may_use = is_in(memories, number) && is_in(with_memory.as_deref(), number);
        let memory = if may_use { total(&text(&folder.join("meminfo"))?)? } else { 0 };
        // Without them every node is as far as any other, which is no reason to see none.
        let distances = text(&folder.join("distance")).and_then(|text| distances(&text, &online)).unwrap_or_default();
        Some(Node::new(NodeId::new(number), own, memory).with_distances(distances))
    };
    online.iter().map(node).collect()
}

/// The CPUs on which any thread of the process may run.
fn cpus_of_threads(tasks: &Path) -> Option<Vec<u32>> {
    let mut cpus = BTreeSet::new();
    for task in fs::read_dir(tasks).ok()?.flatten() {
        // One that has ended meanwhile allows nothing.
        let status = text(&task.path().join("status"));
        cpus.extend(
            status
                .as_deref()
                .and_then(|status| list::parse(value(status, "Cpus_allowed_list:")?))
                .into_iter()
                .flatten(),
        );
    }
    (!cpus.is_empty()).then(|| cpus.into_iter().collect())
}

/// A machine of which no more is known.
fn one(cpus: Option<Vec<u32>>, memory: Option<u64>) -> Node {
    let count = || thread::available_parallelism().map_or(1, |count| u32::try_from(count.get()).unwrap_or(u32::MAX));
    let cpus = cpus.filter(|cpus| !cpus.is_empty()).unwrap_or_else(|| (0..count()).collect());
    let memory = memory.filter(|&memory| memory > 0).unwrap_or(u64::MAX);
    Node::new(NodeId::new(0), cpus, memory)
}

/// What is in both sets, of which either may be unknown.
fn both(one: Option<Vec<u32>>, other: Option<Vec<u32>>) -> Option<Vec<u32>> {
    match (one, other) {
        (Some(one), Some(other)) => {
            Some(one.into_iter().filter(|number| other.binary_search(number).is_ok()).collect())
        }
        (one, other) => one.or(other),
    }
}

/// One number for each node that is online, in their order.
fn distances(text: &str, online: &[u32]) -> Option<Vec<(NodeId, u32)>> {
    let distances: Vec<u32> = text.split_whitespace().map(|word| word.parse().ok()).collect::<Option<_>>()?;
    let fits = distances.len() == online.len();
    fits.then(|| online.iter().map(|&number| NodeId::new(number)).zip(distances).collect())
}

/// The bytes in a line such as `Node 0 MemTotal:  16384 kB`.
fn total(meminfo: &str) -> Option<u64> {
    let kibibytes = value(meminfo, "MemTotal:")?.strip_suffix("kB")?;
    kibibytes.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// What stands behind a name, in the first line that has it.
fn value<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    text.lines().find_map(|line| line.split_once(name)).map(|(_, value)| value.trim())
}

fn text(path: &Path) -> Option<String> {
    fs::read_to_string(path).ok()
}
