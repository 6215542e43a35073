use super::{A, B, Gate, small, thread_name, two_nodes};
use sharded::{
    node::Pool,
    sharded,
    topology::{Node, NodeId, Topology},
};
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

#[sharded(ttl = "1h")]
struct Shop {
    carts: HashMap<String, u32>,
    open: HashSet<u8>,
}

/// The CPUs that the calling thread may run on, as the kernel says.
#[cfg(target_os = "linux")]
fn allowed() -> String {
    let status = std::fs::read_to_string("/proc/thread-self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).unwrap();
    line.trim().to_owned()
}

#[test]
#[cfg(target_os = "linux")]
fn workers_are_held_on_the_cpus_of_their_node() {
    let cpus: Vec<u32> = Topology::current().nodes().iter().flat_map(|node| node.cpus().to_vec()).collect();
    let (first, last) = (cpus[0], cpus[cpus.len() - 1]);
    let topology = Topology::new([Node::new(A, [first], 1 << 30), Node::new(B, [last], 1 << 30)]);
    let pool = Pool::builder().topology(topology).threads_per_node(2).start().unwrap();
    let before = allowed();
    assert!(pool.is_pinned());
    for (node, cpu) in [(A, first), (B, last)] {
        // Held, so that each of the two answers.
        let gate = Gate::close(pool.on(node));
        assert_eq!(pool.on(node).run(allowed).unwrap(), cpu.to_string());
        let (other, began) = Gate::queue(pool.on(node));
        began.recv().unwrap();
        gate.open();
        assert_eq!(pool.on(node).run(allowed).unwrap(), cpu.to_string());
        other.open();
    }
    assert_eq!(allowed(), before, "who starts a pool stays where it was");
}

#[test]
fn a_pool_that_cannot_be_pinned_works_and_says_so() {
    let pool = small().topology(Topology::new([Node::new(A, [60_000], 1 << 30)])).start().unwrap();
    assert!(!pool.is_pinned());
    assert_eq!(pool.on(A).run(thread_name).unwrap(), "sharded-n0-0");
}

#[test]
fn jobs_run_on_threads_of_their_node() {
    let pool = Pool::builder().topology(two_nodes()).threads_per_node(2).start().unwrap();
    for _ in 0..50 {
        for node in [A, B] {
            assert_eq!(pool.on(node).node(), node);
            let name = pool.on(node).run(thread_name).unwrap();
            assert!(name.starts_with(&format!("sharded-n{node}-")), "{name}");
        }
    }
}

#[test]
fn a_pool_has_as_many_workers_as_its_nodes_have_cpus() {
    let topology = Topology::new([Node::new(A, [0, 1, 2], 1 << 30)]);
    let pool = Pool::builder().topology(topology.clone()).start().unwrap();
    assert_eq!(pool.topology(), &topology);
    // All of them at once, and no more.
    let gates: Vec<_> = (0..3).map(|_| Gate::close(pool.on(A))).collect();
    let (next, began) = Gate::queue(pool.on(A));
    assert!(began.try_recv().is_err());
    gates.into_iter().for_each(Gate::open);
    began.recv().unwrap();
    next.open();
}

#[test]
fn jobs_of_a_node_without_cpus_go_to_the_nearest() {
    let [far, near, memory] = [0, 1, 2].map(NodeId::new);
    let cpus = two_nodes().nodes()[0].cpus().to_vec();
    let topology = Topology::new([
        Node::new(far, cpus.clone(), 1 << 30),
        Node::new(near, cpus, 1 << 30),
        Node::new(memory, [], 1 << 30).with_distances([(far, 31), (near, 17), (memory, 10)]),
    ]);
    let pool = small().topology(topology).start().unwrap();
    assert_eq!(pool.on(memory).node(), near);
    assert_eq!(pool.on(memory).run(thread_name).unwrap(), "sharded-n1-0");
    assert_eq!(pool.on(NodeId::new(9)).node(), far, "a node that isn't there is as far from each");
}

#[test]
fn a_pool_without_any_cpus_has_a_worker() {
    let pool = Pool::builder().topology(Topology::new([Node::new(B, [], 1 << 30)])).start().unwrap();
    assert!(!pool.is_pinned());
    assert_eq!(pool.on(A).node(), B);
    assert_eq!(pool.on(B).run(thread_name).unwrap(), "sharded-n1-0");
}

#[test]
fn without_placement_a_key_is_at_home_where_the_caller_is() {
    let shop = Arc::new(Shop::new());
    let pool = small().start().unwrap();
    let here = pool.topology().here();
    assert_eq!(pool.home_of(&shop, Shop::carts, "ada").node(), here);
    assert_eq!(pool.home_of(&shop, |shop| shop.open(), &7).node(), here);
}

#[test]
fn jobs_on_a_store_are_handed_in_in_every_way() {
    let shop = Arc::new(Shop::new());
    let pool = small().start().unwrap();
    let home = pool.home_of(&shop, Shop::carts, "ada");
    assert_eq!(home.run(|shop| shop.carts().insert("ada".to_owned(), 1)).unwrap(), None);
    assert_eq!(home.spawn(|shop| shop.carts().get("ada")).wait().unwrap(), Some(1));
    assert_eq!(home.try_run(|shop| shop.carts().len()).unwrap().wait().unwrap(), 1);
    let remove = home.run_async(|shop| shop.carts().remove("ada"));
    drop(home);
    assert_eq!(super::futures::block_on(remove).unwrap(), Some(1));
    let home = pool.home_of(&shop, Shop::open, &7);
    assert!(home.clone().run(|shop| shop.open().insert(7)).unwrap());
    assert!(shop.open().contains(&7));
}

#[test]
fn a_full_queue_gives_a_job_on_a_store_back() {
    let shop = Arc::new(Shop::new());
    let pool = small().topology(Topology::new([Node::new(A, [0], 1 << 30)])).start().unwrap();
    let gate = Gate::close(pool.on(A));
    let filler = pool.on(A).try_run(|| ()).unwrap();
    let full = pool.home_of(&shop, Shop::carts, "ada").try_run(|shop| shop.carts().len()).unwrap_err();
    assert_eq!((full.job)(&shop), 0);
    gate.open();
    filler.wait().unwrap();
}

#[test]
fn a_queued_job_keeps_its_store_alive() {
    let shop = Arc::new(Shop::new());
    shop.carts().insert("ada".to_owned(), 1);
    let pool = small().topology(Topology::new([Node::new(A, [0], 1 << 30)])).start().unwrap();
    let gate = Gate::close(pool.on(A));
    let task = pool.home_of(&shop, Shop::carts, "ada").spawn(|shop| shop.carts().get("ada"));
    let weak = Arc::downgrade(&shop);
    drop(shop);
    assert!(weak.upgrade().is_some());
    gate.open();
    assert_eq!(task.wait().unwrap(), Some(1));
    assert!(weak.upgrade().is_none(), "and lets go of it before the result is there");
}

#[test]
#[should_panic(expected = "a node must have a thread")]
fn a_node_has_a_thread() {
    let _ = Pool::builder().threads_per_node(0);
}

#[test]
#[should_panic(expected = "a queue must have room for a job")]
fn a_queue_has_room() {
    let _ = Pool::builder().queue(0);
}
