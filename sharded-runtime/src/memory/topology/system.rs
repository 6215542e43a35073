//! Reads the topology from the files of the kernel.

use super::{
    list,
    node::{Node, NodeId},
    nodes::Topology,
};
use std::{collections::BTreeSet, fs, path::Path, thread};

impl Topology {
    /// What this process may use of the machine, read from the kernel now. It leaves out CPUs that are offline, or that
    /// the affinity or the cpuset of the process excludes. Memory that the cpuset excludes counts as none. The affinity
    /// of a process is the union of those of its current threads. A process that pins its only thread to a node sees no
    /// other node, so pin threads after the store is built, or [give the store a
    /// topology](crate::builder::StoreOptions::topology).
    ///
    /// If the kernel's files can't be read, as in some sandboxes and on other systems than Linux, it is one node 0 with
    /// all CPUs. This reads some files per node, so keep the result, which is cheap to clone.
    ///
    /// Stores share a cached topology. A store that is built without a
    /// [topology](crate::builder::StoreOptions::topology) of its own reads these files only if no thread that may run
    /// on the same CPUs has built one before. It does not see later changes, such as a CPU that goes offline. If that
    /// matters, give it `Topology::current()`.
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

/// The topology in the folder `system`, as far as the process in the folder `process` may use it. If any file can't be
/// read, it is one node: half of a topology would leave CPUs or memory without a node.
pub(super) fn read(system: &Path, process: &Path) -> Topology {
    let status = text(&process.join("self/status"));
    let allowed = |field| value(status.as_deref()?, field).and_then(list::parse);
    let online = text(&system.join("cpu/online")).as_deref().and_then(list::parse);
    let mut cpus = both(online.clone(), allowed("Cpus_allowed_list:"));
    if cpus.as_ref().map(Vec::len) != online.as_ref().map(Vec::len)
        && let Some(of_threads) = cpus_of_threads(&process.join("self/task"))
    {
        // The status is that of the first thread, which may be pinned although others are not.
        cpus = both(online, Some(of_threads));
    }
    match nodes(&system.join("node"), cpus.as_deref(), allowed("Mems_allowed_list:").as_deref()) {
        Some(nodes) if !nodes.is_empty() => Topology::new(nodes),
        _ => Topology::new([one(cpus, text(&process.join("meminfo")).as_deref().and_then(total))]),
    }
}

/// `cpus` and `memories` are the allowed ones. `None`: all are.
fn nodes(folder: &Path, cpus: Option<&[u32]>, memories: Option<&[u32]>) -> Option<Vec<Node>> {
    let is_in = |set: Option<&[u32]>, number: u32| set.is_none_or(|set| set.binary_search(&number).is_ok());
    let list = |path: &Path| list::parse(&text(path)?);
    let online = list(&folder.join("online"))?;
    // Old kernels lack this file. Then only the amount of memory counts.
    let with_memory = list(&folder.join("has_memory"));
    let node = |&number: &u32| {
        let folder = folder.join(format!("node{number}"));
        let own = list(&folder.join("cpulist"))?.into_iter().filter(|&cpu| is_in(cpus, cpu));
        let may_use = is_in(memories, number) && is_in(with_memory.as_deref(), number);
        let memory = if may_use { total(&text(&folder.join("meminfo"))?)? } else { 0 };
        // Without distances all nodes are at the same one, and the topology is still useful.
        let distances = text(&folder.join("distance")).and_then(|text| distances(&text, &online)).unwrap_or_default();
        Some(Node::new(NodeId::new(number), own, memory).with_distances(distances))
    };
    online.iter().map(node).collect()
}

/// The CPUs on which any thread of the process may run.
fn cpus_of_threads(tasks: &Path) -> Option<Vec<u32>> {
    let mut cpus = BTreeSet::new();
    for task in fs::read_dir(tasks).ok()?.flatten() {
        // A thread that has ended meanwhile adds nothing.
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

/// The only node of a machine whose topology is unknown.
fn one(cpus: Option<Vec<u32>>, memory: Option<u64>) -> Node {
    let count = || thread::available_parallelism().map_or(1, |count| u32::try_from(count.get()).unwrap_or(u32::MAX));
    let cpus = cpus.filter(|cpus| !cpus.is_empty()).unwrap_or_else(|| (0..count()).collect());
    let memory = memory.filter(|&memory| memory > 0).unwrap_or(u64::MAX);
    Node::new(NodeId::new(0), cpus, memory)
}

/// The intersection of two sets. `None`: the set is unknown and excludes nothing.
fn both(one: Option<Vec<u32>>, other: Option<Vec<u32>>) -> Option<Vec<u32>> {
    match (one, other) {
        (Some(one), Some(other)) => {
            Some(one.into_iter().filter(|number| other.binary_search(number).is_ok()).collect())
        }
        (one, other) => one.or(other),
    }
}

/// Parses one distance for each online node, in their order.
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

/// The text after a name, in the first line that has the name.
fn value<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    text.lines().find_map(|line| line.split_once(name)).map(|(_, value)| value.trim())
}

fn text(path: &Path) -> Option<String> {
    fs::read_to_string(path).ok()
}
