//! The declared NUMA node of each shard, and the report of where the shards are. `tests/numa` shows on machines of
//! several nodes that the kernel puts them there.

use sharded::{
    Policy, ShardedMap, Store,
    builder::{BuildField, FieldOptions, StoreOptions},
    clock, evict, expiry, lock,
    placement::{Asked, Binding, Local, Off, Placement, Site, Spread},
    sharded, shards,
    topology::{Node, NodeId, Topology},
};
use std::{
    collections::{BTreeSet, HashMap, HashSet},
    marker::PhantomData,
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

/// All choices of a placement.
struct Placed<P>(PhantomData<P>);

impl<P: Placement> Policy for Placed<P> {
    type Shards = shards::Fixed<64>;
    type Lock = lock::RwLock;
    type Expiry = expiry::AfterWrite;
    type Eviction = evict::Sieve;
    type Placement = P;
    type Clock = clock::System;
    const NAME: &'static str = "placed";
    const CAPACITY: Option<usize> = Some(1 << 20);
    const TTL: Option<Duration> = Some(Duration::from_hours(1));
}

type Map<P> = ShardedMap<u64, u64, Placed<P>>;

fn node(id: u32, cpus: impl IntoIterator<Item = u32>, memory: u64) -> Node {
    Node::new(NodeId::new(id), cpus, memory)
}

fn map<P: Placement>(topology: Topology) -> Map<P> {
    BuildField::build(&StoreOptions::new().topology(topology).start(), 0, FieldOptions::new())
}

fn declared<P: Placement>(topology: Topology) -> Vec<Option<u32>> {
    let map: Map<P> = map(topology);
    let placement = map.placement();
    for key in 0..1000 {
        let shard = &placement.shards()[map.shard_of(&key)];
        assert_eq!(map.node_of(&key), shard.node(), "of the shard of {key}");
    }
    placement.shards().iter().map(|shard| shard.node().map(NodeId::get)).collect()
}

/// Nodes in blocks, with their lengths.
fn blocks(nodes: &[Option<u32>]) -> Vec<(Option<u32>, usize)> {
    nodes.chunk_by(|a, b| a == b).map(|block| (block[0], block.len())).collect()
}

#[test]
fn spread_gives_each_home_a_block() {
    for count in 1..=8 {
        let nodes = declared::<Spread>(Topology::new((0..count).map(|id| node(id, [id], 1 << 30))));
        let blocks = blocks(&nodes);
        assert!(blocks.iter().map(|(node, _)| *node).eq((0..count).map(Some)), "{blocks:?}");
        let lengths: BTreeSet<_> = blocks.iter().map(|(_, length)| *length).collect();
        assert!(lengths.len() <= 2 && lengths.last().unwrap() - lengths.first().unwrap() <= 1, "{blocks:?}");
    }
}

#[test]
fn spread_passes_over_nodes_without_cpus_or_memory() {
    let topology = Topology::new([node(0, [], 1 << 30), node(3, [0], 1 << 30), node(5, [1], 0), node(6, [2], 1 << 30)]);
    assert_eq!(blocks(&declared::<Spread>(topology)), [(Some(3), 32), (Some(6), 32)]);
}

#[test]
fn local_is_here() {
    // Every CPU belongs to node 7.
    let topology = Topology::new([node(2, [], 1 << 30), node(7, 0..4096, 1 << 30)]);
    assert_eq!(blocks(&declared::<Local>(topology)), [(Some(7), 64)]);
    // Or to a node that has no memory, so the nearest one that has.
    let here = node(7, 0..4096, 0).with_distances([(NodeId::new(2), 40), (NodeId::new(4), 20), (NodeId::new(7), 10)]);
    let topology = Topology::new([node(2, [], 1 << 30), node(4, [], 1 << 30), here]);
    assert_eq!(blocks(&declared::<Local>(topology)), [(Some(4), 64)]);
}

#[test]
fn off_is_nowhere_in_particular() {
    let topology = Topology::new((0..4).map(|id| node(id, [id], 1 << 30)));
    assert_eq!(blocks(&declared::<Off>(topology.clone())), [(None, 64)]);
    let map: Map<Off> = map(topology);
    map.insert(1, 1);
    let placement = map.placement();
    assert_eq!(placement.binding(), Binding::Needless);
    assert!(placement.shards().iter().all(|shard| shard.per_cent().is_none()));
}

/// Every other shard on the last node.
enum Striped {}
impl Placement for Striped {
    fn node(shard: usize, _: usize, site: &Site) -> Option<NodeId> {
        let nodes = site.topology().nodes();
        Some(nodes[if shard.is_multiple_of(2) { 0 } else { nodes.len() - 1 }].id())
    }
}

enum Nowhere {}
impl Placement for Nowhere {
    fn node(_: usize, _: usize, _: &Site) -> Option<NodeId> {
        Some(NodeId::new(99))
    }
}

enum First {}
impl Placement for First {
    fn node(_: usize, _: usize, site: &Site) -> Option<NodeId> {
        Some(site.topology().nodes()[0].id())
    }
}

#[test]
fn a_placement_of_ones_own_is_heeded_and_checked() {
    let topology = Topology::new((0..3).map(|id| node(id, [id], 1 << 30)));
    let nodes = declared::<Striped>(topology.clone());
    assert!(nodes.iter().enumerate().all(|(shard, node)| *node == Some(if shard % 2 == 0 { 0 } else { 2 })));

    let message = |build: &dyn Fn()| {
        let panic = catch_unwind(AssertUnwindSafe(build)).expect_err("it must refuse");
        panic.downcast_ref::<String>().cloned().expect("a message")
    };
    let message_of = message(&|| drop(map::<Nowhere>(topology.clone())));
    assert_eq!(message_of, "the placement of `placed` names node 99, but the nodes are 0, 1, 2");
    let forbidden = Topology::new([node(0, [0], 0), node(1, [1], 1 << 30), node(2, [], 1 << 30)]);
    let message_of = message(&|| drop(map::<First>(forbidden.clone())));
    assert_eq!(message_of, "the placement of `placed` names node 0, which has no memory for this process");
}

#[sharded(numa = Local, ttl = "1h")]
struct Shop {
    carts: HashMap<u64, String>,
    #[shard(numa = Off, shards = 8)]
    online: HashSet<String>,
    #[shard(numa = self::Striped, lock = Optimistic, capacity = 1000, evict = Lru)]
    prices: HashMap<u32, u64>,
}

#[test]
fn a_store_says_where_its_fields_are() {
    let topology = Topology::new([node(0, 0..4096, 1 << 30)]);
    let shop = Shop::builder().topology(topology).build();
    for key in 0..5_000 {
        shop.carts().insert(u64::from(key), "apple".to_owned());
        shop.online().insert(key.to_string());
        shop.prices().insert(key, 7);
    }
    let placement = shop.placement();
    let names: Vec<_> = placement.fields().iter().map(sharded::placement::FieldPlacement::name).collect();
    assert_eq!(names, ["carts", "online", "prices"]);
    for field in placement.fields() {
        assert_eq!(field.binding(), Binding::Needless, "there is one node only");
        // A kernel that knows no nodes can't be asked.
        if field.asked() == Asked::Pages {
            for shard in field.shards() {
                assert!(shard.pages().map(|(_, pages)| pages).sum::<u64>() > 0, "{placement}");
            }
        }
    }
    let table = placement.to_string();
    let head: Vec<_> = table.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(head, ["field", "shards", "node", "pages", "there", "elsewhere"]);
    assert!(table.lines().any(|line| line.starts_with("online     0-7   any")), "{table}");
}

#[test]
fn placement_takes_the_locks_in_their_order() {
    let shop = Shop::new();
    shop.carts().insert(1, "apple".to_owned());
    let asked = catch_unwind(AssertUnwindSafe(|| shop.carts().with(&1, |_| shop.placement())));
    assert!(asked.is_err(), "it would wait for a shard that this thread is in");
    drop(shop.placement());
}
