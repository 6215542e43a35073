//! How much a node has left, for memory that may come from nowhere else.
//!
//! The kernel does not refuse such memory: when a page of it is touched and the node has none left, it kills a process, mostly this one. So
//! what is left is looked at before. Others may take it in between, which the margin is for: tables refuse while it is still there.

use crate::{sys::numa, topology::NodeId};
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

/// At least so many bytes are left to others, or...
const LEAST_MARGIN: u64 = 16 << 20;
/// ...one of so many that the node has.
const MARGIN: u64 = 64;
/// Of what is left, one of so many bytes is taken without looking again, but...
const CREDIT: u64 = 8;
/// ...no more than these.
const MOST_CREDIT: u64 = 64 << 20;

/// What may be taken of each node before it is looked at again.
static CREDITS: Mutex<BTreeMap<NodeId, u64>> = Mutex::new(BTreeMap::new());

/// Whether a node has so many bytes left, which are then the caller's to take. Where nobody knows, it has.
pub(super) fn take(node: NodeId, bytes: u64) -> bool {
    let mut credits = CREDITS.lock().unwrap_or_else(PoisonError::into_inner);
    let credit = credits.entry(node).or_default();
    if *credit < bytes {
        let Some(left) = numa::meminfo(node.get()).and_then(|meminfo| left(&meminfo)) else { return true };
        if left < bytes {
            *credit = 0;
            return false;
        }
        *credit = (left / CREDIT).clamp(bytes, MOST_CREDIT.max(bytes));
    }
    *credit -= bytes;
    true
}

/// What a node has left but for the margin: free pages, and those of files that were not used lately, which the kernel drops.
fn left(meminfo: &str) -> Option<u64> {
    let bytes = |name: &str| {
        let (_, value) = meminfo.lines().find_map(|line| line.split_once(name))?;
        value.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
    };
    let margin = LEAST_MARGIN.max(bytes("MemTotal:")? / MARGIN);
    Some((bytes("MemFree:")? + bytes("Inactive(file):").unwrap_or(0)).saturating_sub(margin))
}

#[cfg(test)]
mod tests {
    use super::left;

    #[test]
    fn what_is_left() {
        let node = |total: u64, free: u64, files: u64| {
            format!(
                "Node 1 MemTotal:       {total} kB\nNode 1 MemFree:        {free} kB\nNode 1 Inactive(anon):  77 kB\n\
                 Node 1 Inactive(file):  {files} kB\n"
            )
        };
        let kibibytes = |meminfo: &str| left(meminfo).map(|bytes| bytes / 1024);
        assert_eq!(kibibytes(&node(1 << 20, 100_000, 1_000)), Some(101_000 - (16 << 10)));
        assert_eq!(kibibytes(&node(64 << 20, 2_000_000, 0)), Some(2_000_000 - (1 << 20)));
        assert_eq!(kibibytes(&node(1 << 20, 1_000, 1_000)), Some(0));
        assert_eq!(kibibytes("Node 1 MemTotal: 12 kB"), None);
        assert_eq!(kibibytes("MemFree: twelve kB"), None);
    }
}
