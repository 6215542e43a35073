//! A system that refuses to bind memory. In a process of its own, since the library logs this once per process.

use sharded::{
    Store,
    placement::{Binding, ShardPlacement},
    sharded,
    topology::{Node, NodeId, Topology},
};
use std::{
    collections::{HashMap, HashSet},
    sync::Mutex,
};

#[sharded(ttl = "1h", numa = StrictSpread)]
struct Shop {
    #[shard(capacity = 100_000)]
    carts: HashMap<u64, u64>,
    #[shard(lock = Optimistic, numa = Spread)]
    online: HashSet<u64>,
}

/// What `log` was told.
struct Logged(Mutex<Vec<String>>);
static LOGGED: Logged = Logged(Mutex::new(Vec::new()));

impl log::Log for Logged {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }
    fn log(&self, record: &log::Record<'_>) {
        self.0.lock().unwrap().push(format!("{}: {}", record.level(), record.args()));
    }
    fn flush(&self) {}
}

/// There are no such nodes on any machine that this runs on, so the kernel refuses them.
#[test]
fn the_store_works_and_says_so_once() {
    log::set_logger(&LOGGED).unwrap();
    log::set_max_level(log::LevelFilter::Info);
    for _ in 0..3 {
        let nodes = [900, 901].map(|id| Node::new(NodeId::new(id), [id], 1 << 30));
        let shop = Shop::builder().topology(Topology::new(nodes)).build();
        for key in 0..20_000 {
            assert_eq!(shop.carts().insert(key, key), None);
            assert!(shop.online().insert(key));
        }
        assert!((0..20_000).all(|key| shop.carts().get(&key) == Some(key) && shop.online().contains(&key)));
        let placement = shop.placement();
        for field in placement.fields() {
            assert!(matches!(field.binding(), Binding::Refused(_)), "{placement}");
            // None of it is there, and that is what it says.
            let there: Vec<_> = field.shards().iter().filter_map(ShardPlacement::per_cent).collect();
            assert!(there.iter().all(|per_cent| per_cent.to_bits() == 0), "{placement}");
        }
        let table = placement.to_string();
        assert!(table.contains("carts: the system refused to bind memory"), "{table}");
        shop.carts().retain(|key, _| key % 100 == 0);
        shop.carts().shrink_to_fit();
        assert_eq!(shop.carts().len(), 200);
    }
    let logged = LOGGED.0.lock().unwrap();
    assert_eq!(logged.len(), 1, "{logged:?}");
    assert!(logged[0].starts_with("WARN: memory can't be bound to node 90"), "{logged:?}");
}
