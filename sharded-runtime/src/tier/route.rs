//! Which server has which keys.
//!
//! A cluster has 16,384 hash slots. A key belongs to one of them by the checksum of its name, or of what stands in its
//! first braces: the hash tag. Each slot belongs to one node.

use super::{address::Address, keeper::Kept};
use redis::Value;
use std::sync::Arc;

const HASH_SLOTS: u16 = 16_384;

/// Which server has which keys, at some moment.
#[derive(Clone, Debug)]
pub(super) struct Route {
    nodes: Vec<Arc<Kept>>,
    /// The place of each hash slot's node above. `None`: the first node has all keys.
    slots: Option<Box<[Option<u16>]>>,
}

/// Hash slots, from the first to the last, and the address of their primary.
pub(super) type Ranges = Vec<(u16, u16, Address)>;

impl Route {
    /// All keys to one server, or none where there is no server.
    pub(super) fn to_one(node: Option<Arc<Kept>>) -> Route {
        Route { nodes: node.into_iter().collect(), slots: None }
    }

    /// A cluster of which no node is known.
    pub(super) fn of_no_node() -> Route {
        Route::of_cluster(&Vec::new(), &Route::to_one(None), |_| None)
    }

    /// The nodes of a cluster. Those that are known stay, and others are made.
    pub(super) fn of_cluster(
        ranges: &Ranges,
        known: &Route,
        mut make: impl FnMut(&Address) -> Option<Arc<Kept>>,
    ) -> Route {
        let mut route =
            Route { nodes: Vec::new(), slots: Some(vec![None; usize::from(HASH_SLOTS)].into_boxed_slice()) };
        for (from, to, address) in ranges {
            let Some(at) = route.add(address, |address| known.find(address).cloned().or_else(|| make(address))) else {
                continue;
            };
            if let Some(slots) =
                route.slots.as_mut().and_then(|slots| slots.get_mut(usize::from(*from)..=usize::from(*to)))
            {
                slots.fill(Some(at));
            }
        }
        route
    }

    /// The place of a node, which is made if it is new.
    fn add(&mut self, address: &Address, make: impl FnOnce(&Address) -> Option<Arc<Kept>>) -> Option<u16> {
        let at = self.nodes.iter().position(|node| node.address == *address);
        let at = at.or_else(|| {
            self.nodes.push(make(address)?);
            Some(self.nodes.len() - 1)
        });
        at.and_then(|at| u16::try_from(at).ok())
    }

    /// As this, but one slot belongs to this node.
    pub(super) fn with_moved(
        &self,
        slot: u16,
        address: &Address,
        make: impl FnOnce(&Address) -> Option<Arc<Kept>>,
    ) -> Route {
        let mut route = self.clone();
        let at = route.add(address, make);
        if let Some(place) = route.slots.as_mut().and_then(|slots| slots.get_mut(usize::from(slot))) {
            *place = at;
        }
        route
    }

    pub(super) fn is_cluster(&self) -> bool {
        self.slots.is_some()
    }

    /// The node that has a key, if any has it.
    pub(super) fn node_of(&self, name: &[u8]) -> Option<&Arc<Kept>> {
        match &self.slots {
            None => self.nodes.first(),
            Some(_) => self.node_of_slot(hash_slot(name)),
        }
    }

    pub(super) fn node_of_slot(&self, slot: u16) -> Option<&Arc<Kept>> {
        let place = *self.slots.as_ref()?.get(usize::from(slot))?;
        self.nodes.get(usize::from(place?))
    }

    pub(super) fn find(&self, address: &Address) -> Option<&Arc<Kept>> {
        self.nodes.iter().find(|node| node.address == *address)
    }

    pub(super) fn nodes(&self) -> &[Arc<Kept>] {
        &self.nodes
    }

    /// Those of its nodes that have lost a slot in another route.
    pub(super) fn losers<'a>(&'a self, next: &Route) -> Vec<&'a Arc<Kept>> {
        let mut losers: Vec<&Arc<Kept>> = Vec::new();
        for slot in 0..HASH_SLOTS {
            if let Some(node) = self.node_of_slot(slot)
                && next.node_of_slot(slot).is_none_or(|next| !Arc::ptr_eq(next, node))
                && !losers.iter().any(|loser| Arc::ptr_eq(loser, node))
            {
                losers.push(node);
            }
        }
        losers
    }

    /// Whether each slot belongs to the same node in both.
    pub(super) fn is_same(&self, other: &Route) -> bool {
        (0..HASH_SLOTS).all(|slot| match (self.node_of_slot(slot), other.node_of_slot(slot)) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (None, None) => true,
            _ => false,
        })
    }
}

/// What a node answers to `CLUSTER SLOTS`.
pub(super) fn ranges(reply: &Value, says: &Address) -> Option<Ranges> {
    let Value::Array(ranges) = reply else { return None };
    let range = |range: &Value| {
        let Value::Array(parts) = range else { return None };
        let [Value::Int(from), Value::Int(to), Value::Array(primary), ..] = &parts[..] else { return None };
        let [host, Value::Int(port), ..] = &primary[..] else { return None };
        let host = match host {
            Value::BulkString(host) => str::from_utf8(host).ok()?,
            Value::SimpleString(host) => host,
            Value::Nil => "",
            _ => return None,
        };
        let address = Address::named(host, u16::try_from(*port).ok()?, says);
        Some((u16::try_from(*from).ok()?, u16::try_from(*to).ok()?, address))
    };
    ranges.iter().map(range).collect()
}

/// The hash slot of a key.
fn hash_slot(name: &[u8]) -> u16 {
    crc16(tag(name)) % HASH_SLOTS
}

/// What counts for the hash slot.
fn tag(name: &[u8]) -> &[u8] {
    let Some(open) = name.iter().position(|byte| *byte == b'{') else { return name };
    let rest = &name[open + 1..];
    match rest.iter().position(|byte| *byte == b'}') {
        None | Some(0) => name,
        Some(length) => &rest[..length],
    }
}

/// The checksum that Redis uses: the polynomial 0x1021, from zero.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc: u16, byte| (crc << 8) ^ CRC_OF_BYTE[usize::from((crc >> 8) ^ u16::from(*byte))])
}

/// The checksum of each single byte.
const CRC_OF_BYTE: [u16; 256] = {
    let mut sums = [0; 256];
    let mut byte = 0;
    while byte < sums.len() {
        #[allow(clippy::cast_possible_truncation, reason = "it is less than 256")]
        let mut crc = (byte as u16) << 8;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 };
            bit += 1;
        }
        sums[byte] = crc;
        byte += 1;
    }
    sums
};

#[cfg(test)]
mod tests {
    use super::*;

    /// From the specification of Redis Cluster.
    #[test]
    fn hash_slots() {
        assert_eq!(crc16(b"123456789"), 0x31C3);
        assert_eq!(hash_slot(b"{user1000}.following"), hash_slot(b"user1000"));
        assert_eq!(tag(b"foo{}{bar}"), b"foo{}{bar}");
        assert_eq!(tag(b"foo{{bar}}zap"), b"{bar");
        assert_eq!(tag(b"foo{bar}{zap}"), b"bar");
        assert_eq!(tag(b"foo{bar"), b"foo{bar");
        // What `CLUSTER KEYSLOT` says.
        assert_eq!(hash_slot(b"foo"), 12_182);
        assert_eq!(hash_slot(b""), 0);
    }

    #[test]
    fn answers_of_nodes() {
        let says = Address { host: "here".to_owned(), port: 1 };
        let text = |text: &str| Value::BulkString(text.as_bytes().to_vec());
        let node = |host: Value, port| Value::Array(vec![host, Value::Int(port), text("id")]);
        let range = |from, to, host, port| {
            let replica = node(text("replica"), 9);
            Value::Array(vec![Value::Int(from), Value::Int(to), node(host, port), replica])
        };
        let reply = Value::Array(vec![range(0, 8_191, text("one"), 7), range(8_192, 16_383, Value::Nil, 8)]);
        let found = ranges(&reply, &says).unwrap();
        let found: Vec<_> = found.iter().map(|(from, to, address)| (*from, *to, address.to_string())).collect();
        assert_eq!(found, [(0, 8_191, "one:7".to_owned()), (8_192, 16_383, "here:8".to_owned())]);
        assert_eq!(ranges(&Value::Nil, &says), None);
        assert_eq!(ranges(&Value::Array(vec![Value::Nil]), &says), None);
        assert_eq!(ranges(&Value::Array(vec![range(0, 70_000, text("one"), 7)]), &says), None);
    }
}
