use super::{Node, NodeId, Topology, system::read};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU32, Ordering},
};

const GIB: u64 = 1 << 30;

/// The files of a machine, in a folder of its own that goes with it.
struct Machine {
    root: PathBuf,
}

impl Machine {
    /// It has files about each node, but what [`online`](Self::online) and [`may_use`](Self::may_use) write.
    fn new(nodes: &[(u32, &str, u64, &str)]) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let root = env::temp_dir().join(format!("sharded-topology-{}-{count}", process::id()));
        let machine = Self { root };
        let numbers = |keep: &dyn Fn(u64) -> bool| {
            let numbers = nodes.iter().filter(|node| keep(node.2)).map(|node| node.0.to_string());
            numbers.collect::<Vec<_>>().join(",") + "\n"
        };
        machine.write("system/node/online", &numbers(&|_| true));
        machine.write("system/node/has_memory", &numbers(&|memory| memory > 0));
        for (number, cpus, memory, distance) in nodes {
            let folder = format!("system/node/node{number}");
            machine.write(&format!("{folder}/cpulist"), &format!("{cpus}\n"));
            let kibibytes = memory / 1024;
            let meminfo =
                format!("Node {number} MemTotal:       {kibibytes} kB\nNode {number} MemFree:        12 kB\n");
            machine.write(&format!("{folder}/meminfo"), &meminfo);
            machine.write(&format!("{folder}/distance"), &format!("{distance}\n"));
        }
        machine
    }

    fn online(self, cpus: &str) -> Self {
        self.write("system/cpu/online", &format!("{cpus}\n"));
        self
    }

    fn may_use(self, cpus: &str, memories: &str) -> Self {
        let status = format!(
            "Name:\ttest\nCpus_allowed:\tff\nCpus_allowed_list:\t{cpus}\nMems_allowed:\t3\nMems_allowed_list:\t{memories}\n"
        );
        self.write("proc/self/status", &status);
        self
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn remove(&self, path: &str) {
        fs::remove_file(self.root.join(path)).unwrap();
    }

    fn read(&self) -> Topology {
        read(&self.root.join("system"), &self.root.join("proc"))
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.root);
    }
}

fn id(number: u32) -> NodeId {
    NodeId::new(number)
}

fn ids<'n>(nodes: impl IntoIterator<Item = &'n Node>) -> Vec<u32> {
    nodes.into_iter().map(|node| node.id().get()).collect()
}

fn two() -> Machine {
    Machine::new(&[(0, "0-3", 4 * GIB, "10 21"), (1, "4-7", 8 * GIB, "21 10")]).online("0-7").may_use("0-7", "0-1")
}

#[test]
fn one_node_has_all_cpus() {
    let machine = Machine::new(&[(0, "0-3", GIB, "10")]).online("0-3").may_use("0-3", "0");
    assert_eq!(machine.read(), Topology::new([Node::new(id(0), 0..4, GIB).with_distances([(id(0), 10)])]));
}

#[test]
fn two_nodes_have_each_their_own() {
    let near = Node::new(id(0), 0..4, 4 * GIB).with_distances([(id(0), 10), (id(1), 21)]);
    let far = Node::new(id(1), 4..8, 8 * GIB).with_distances([(id(0), 21), (id(1), 10)]);
    let machine = two().read();
    assert_eq!(machine, Topology::new([far, near]));
    assert_eq!(ids(machine.homes()), [0, 1]);
    assert_eq!(machine.node_of_cpu(3), Some(id(0)));
    assert_eq!(machine.node_of_cpu(4), Some(id(1)));
    assert_eq!(machine.node_of_cpu(8), None);
}

#[test]
fn four_nodes_with_gaps_in_their_numbers_and_interleaved_cpus() {
    let machine = Machine::new(&[
        (0, "0,8", GIB, "10 12 32 32"),
        (1, "1,9", GIB, "12 10 32 32"),
        (4, "2,10", GIB, "32 32 10 12"),
        (7, "3,11", GIB, "32 32 12 10"),
    ])
    .online("0-3,8-11")
    .may_use("0-11", "0-7")
    .read();
    assert_eq!(ids(machine.nodes()), [0, 1, 4, 7]);
    assert_eq!(machine.node(id(4)).unwrap().cpus(), [2, 10]);
    assert_eq!(machine.node(id(4)).unwrap().distance_to(id(7)), Some(12));
    assert_eq!(machine.node(id(2)), None);
    assert_eq!(machine.node_of_cpu(11), Some(id(7)));
}

#[test]
fn a_node_of_memory_alone_is_no_home() {
    let machine =
        Machine::new(&[(0, "0-3", GIB, "10 28"), (1, "", 8 * GIB, "28 10")]).online("0-3").may_use("0-3", "0-1");
    let machine = machine.read();
    assert_eq!(machine.node(id(1)).unwrap().cpus(), []);
    assert_eq!(machine.node(id(1)).unwrap().memory(), 8 * GIB);
    assert_eq!(ids(machine.homes()), [0]);
    assert_eq!(machine.nearest_memory(id(1)), id(1));
}

#[test]
fn a_node_of_cpus_alone_takes_the_nearest_memory() {
    let nodes = [(0, "0", GIB, "10 31 21"), (1, "1", 0, "31 10 21"), (2, "2", GIB, "21 21 10")];
    let machine = Machine::new(&nodes).online("0-2").may_use("0-2", "0-2").read();
    assert_eq!(ids(machine.homes()), [0, 2]);
    assert_eq!(machine.nearest_memory(id(1)), id(2));
}

#[test]
fn a_node_that_the_kernel_says_has_no_memory_has_none() {
    let machine = two();
    machine.write("system/node/has_memory", "0\n");
    assert_eq!(machine.read().node(id(1)).unwrap().memory(), 0);
    machine.remove("system/node/has_memory");
    assert_eq!(machine.read().node(id(1)).unwrap().memory(), 8 * GIB, "an old kernel has no such file");
}

#[test]
fn cpus_that_are_offline_are_left_out() {
    let machine = two().online("0,2-5").read();
    assert_eq!(machine.node(id(0)).unwrap().cpus(), [0, 2, 3]);
    assert_eq!(machine.node(id(1)).unwrap().cpus(), [4, 5]);
    assert_eq!(machine.node_of_cpu(1), None);
}

#[test]
fn a_cpuset_leaves_out_a_node() {
    let machine = two().may_use("4-7", "1").read();
    assert_eq!(ids(machine.nodes()), [0, 1]);
    assert_eq!(ids(machine.homes()), [1]);
    assert_eq!(machine.node(id(0)).unwrap().cpus(), []);
    assert_eq!(machine.node(id(0)).unwrap().memory(), 0);
    assert_eq!(machine.nearest_memory(id(0)), id(1));
}

#[test]
fn cpus_and_memory_of_different_nodes_make_the_memory_home() {
    let machine = two().may_use("0-3", "1").read();
    assert_eq!(machine.node(id(0)).unwrap().cpus(), [0, 1, 2, 3]);
    assert_eq!(ids(machine.homes()), [1]);
    assert_eq!(machine.nearest_memory(id(0)), id(1));
}

#[test]
fn what_the_process_does_not_say_is_allowed() {
    let whole = two().read();
    let machine = two();
    machine.write("proc/self/status", "Name:\ttest\nCpus_allowed_list:\tall\nMems_allowed_list:\t0-\n");
    assert_eq!(machine.read(), whole);
    machine.remove("proc/self/status");
    assert_eq!(machine.read(), whole);
    machine.remove("system/cpu/online");
    assert_eq!(machine.read(), whole);
}

#[test]
fn distances_that_make_no_sense_are_left_out() {
    for text in ["", "10", "10 x", "10 21 31", "10 -1"] {
        let machine = two();
        machine.write("system/node/node0/distance", text);
        let machine = machine.read();
        assert_eq!(machine.node(id(0)).unwrap().distance_to(id(1)), None, "{text:?}");
        assert_eq!(machine.node(id(1)).unwrap().distance_to(id(0)), Some(21));
        assert_eq!(machine.nodes().len(), 2);
    }
}

#[test]
fn files_that_make_no_sense_give_one_node_with_all_that_is_allowed() {
    let files = ["online", "node0/cpulist", "node1/cpulist", "node0/meminfo", "node1/meminfo"];
    for file in files {
        for text in ["x", "0-", "3-1", "0-4294967295", "Node 0 MemTotal: -1 kB", "Node 0 MemTotal: 1", "\u{fffd}\0"] {
            let machine = two().online("0-6").may_use("1-7", "0-1");
            machine.write("proc/meminfo", "MemTotal:       2048 kB\nMemFree:        12 kB\n");
            machine.write(&format!("system/node/{file}"), text);
            assert_eq!(machine.read(), Topology::new([Node::new(id(0), 1..7, 2 << 20)]), "{file}: {text:?}");
            machine.remove(&format!("system/node/{file}"));
            assert_eq!(machine.read(), Topology::new([Node::new(id(0), 1..7, 2 << 20)]), "no {file}");
        }
    }
    let machine = two();
    machine.write("system/node/online", "\n");
    assert_eq!(machine.read(), Topology::new([Node::new(id(0), 0..8, u64::MAX)]), "no node is online");
}

#[test]
fn without_any_file_there_is_one_node() {
    let machine = read(Path::new("/nowhere/system"), Path::new("/nowhere/proc"));
    assert_eq!(ids(machine.nodes()), [0]);
    assert!(!machine.nodes()[0].cpus().is_empty());
    assert_eq!(machine.nodes()[0].memory(), u64::MAX);
}

#[test]
fn homes_are_never_empty() {
    let (none, cpus, memory) = (Node::new(id(0), [], 0), Node::new(id(1), [0], 0), Node::new(id(2), [], 1));
    let homes = |nodes: &[&Node]| ids(Topology::new(nodes.iter().copied().cloned()).homes());
    assert_eq!(homes(&[&none, &cpus, &memory]), [2]);
    assert_eq!(homes(&[&none, &cpus]), [0]);
    assert_eq!(homes(&[&cpus]), [1]);
}

#[test]
fn the_nearest_memory_of_equals_is_the_lowest_number() {
    let far = |number| Node::new(id(number), [], 1);
    let distances = [(id(0), 10), (id(1), 21), (id(2), 21)];
    let machine = Topology::new([Node::new(id(0), [0], 0).with_distances(distances), far(2), far(1)]);
    assert_eq!(machine.nearest_memory(id(0)), id(1));
    assert_eq!(machine.nearest_memory(id(9)), id(1), "a node that isn't there is as far from each");
    let unknown = Topology::new([Node::new(id(0), [0], 0).with_distances([(id(2), 99)]), far(1), far(2)]);
    assert_eq!(unknown.nearest_memory(id(0)), id(2), "a distance that is known comes before those that aren't");
    let without = Topology::new([Node::new(id(0), [0], 0)]);
    assert_eq!(without.nearest_memory(id(0)), id(0));
}

#[test]
fn the_last_of_two_distances_counts() {
    let node = Node::new(id(0), [], 0).with_distances([(id(1), 20), (id(0), 10), (id(1), 30)]);
    assert_eq!(node.distance_to(id(1)), Some(30));
    assert_eq!(node, Node::new(id(0), [], 0).with_distances([(id(0), 10), (id(1), 30)]));
}

#[test]
fn cpus_are_ascending_and_each_is_there_once() {
    assert_eq!(Node::new(id(0), [3, 1, 3, 2], 0).cpus(), [1, 2, 3]);
}

#[test]
#[should_panic(expected = "a topology must have a node")]
fn a_topology_has_a_node() {
    let _ = Topology::new([]);
}

#[test]
#[should_panic(expected = "a topology must not have two nodes 1")]
fn numbers_of_nodes_do_not_repeat() {
    let _ = Topology::new([1, 0, 1].map(|number| Node::new(id(number), [], 0)));
}

#[test]
fn this_machine_has_a_node_here() {
    let machine = Topology::current();
    assert!(machine.node(machine.here()).is_some());
    let elsewhere = Topology::new([Node::new(id(3), [], 0), Node::new(id(5), [60_000], 0)]);
    assert_eq!(elsewhere.here(), id(3), "the first, where the CPU is of no node");
}

#[test]
fn a_first_thread_that_is_pinned_does_not_pin_the_process() {
    let machine =
        Machine::new(&[(0, "0-1", GIB, "10 20"), (1, "2-3", GIB, "20 10")]).online("0-3").may_use("0-1", "0-1");
    // As far as anything says, the process is to stay there.
    assert_eq!(ids(machine.read().homes()), [0]);
    for (thread, cpus) in [("7", "0-1"), ("8", "1-2"), ("9", "none of it")] {
        machine.write(&format!("proc/self/task/{thread}/status"), &format!("Cpus_allowed_list:\t{cpus}\n"));
    }
    let topology = machine.read();
    assert_eq!(ids(topology.homes()), [0, 1]);
    assert_eq!(topology.nodes()[1].cpus(), [2]);
}
