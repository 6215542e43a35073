//! The nodes of pages: one by one from `move_pages`, or for whole mappings from `numa_maps`.

use super::asked::Asked;
use crate::{
    memory::sys::{numa, page},
    topology::NodeId,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

/// The pages of one system call.
const BATCH: usize = 1024;

/// The number of pages on each node.
pub(super) type ByNode = BTreeMap<NodeId, u64>;

/// The source of one report.
pub(super) enum Kernel {
    Pages,
    Mappings(BTreeMap<usize, ByNode>),
    Nobody,
}

impl Kernel {
    pub(super) fn new() -> Self {
        let here = 0_u8;
        if numa::nodes_of(&[(&raw const here).addr()], &mut Vec::new()).is_ok() {
            return Kernel::Pages;
        }
        match fs::read_to_string("/proc/self/numa_maps") {
            Ok(maps) => Kernel::Mappings(mappings(&maps)),
            Err(_) => Kernel::Nobody,
        }
    }

    pub(super) fn asked(&self) -> Asked {
        match self {
            Kernel::Pages => Asked::Pages,
            Kernel::Mappings(_) => Asked::Mappings,
            Kernel::Nobody => Asked::Nobody,
        }
    }

    /// The nodes of the pages of these pieces (addresses and bytes). Pages that nothing has touched are left out.
    pub(super) fn locate(&self, pieces: &[(usize, usize)]) -> ByNode {
        let pages: BTreeSet<usize> =
            pieces.iter().flat_map(|&(at, bytes)| at / page::size()..(at + bytes).div_ceil(page::size())).collect();
        let mut by_node = ByNode::new();
        match self {
            Kernel::Pages => {
                let pages: Vec<usize> = pages.into_iter().map(|page| page * page::size()).collect();
                let mut nodes = Vec::new();
                for batch in pages.chunks(BATCH) {
                    if numa::nodes_of(batch, &mut nodes).is_ok() {
                        for node in nodes.iter().filter_map(|&node| u32::try_from(node).ok()) {
                            *by_node.entry(NodeId::new(node)).or_default() += 1;
                        }
                    }
                }
            }
            Kernel::Mappings(mappings) => {
                let mut in_mapping: BTreeMap<usize, u64> = BTreeMap::new();
                for page in pages {
                    if let Some((&begin, _)) = mappings.range(..=page * page::size()).next_back() {
                        *in_mapping.entry(begin).or_default() += 1;
                    }
                }
                for (begin, pages) in in_mapping {
                    let nodes = &mappings[&begin];
                    let all = nodes.values().sum::<u64>().max(1);
                    for (&node, &there) in nodes {
                        // An estimate: in proportion, rounded.
                        *by_node.entry(node).or_default() += (pages * there + all / 2) / all;
                    }
                }
                by_node.retain(|_, &mut pages| pages > 0);
            }
            Kernel::Nobody => {}
        }
        by_node
    }
}

/// The pages on each node of the mapping at each address. A line is `7f0000000000 prefer:1 anon=3 dirty=3 N0=1 N1=2
/// kernelpagesize_kB=4`.
fn mappings(numa_maps: &str) -> BTreeMap<usize, ByNode> {
    let mapping = |line: &str| {
        let mut words = line.split_ascii_whitespace();
        let begin = usize::from_str_radix(words.next()?, 16).ok()?;
        let on_node = |word: &str| {
            let (node, pages) = word.strip_prefix('N')?.split_once('=')?;
            Some((NodeId::new(node.parse().ok()?), pages.parse().ok()?))
        };
        Some((begin, words.filter_map(on_node).collect()))
    };
    numa_maps.lines().filter_map(mapping).collect()
}

#[cfg(test)]
mod tests {
    use super::{ByNode, Kernel, mappings};
    use crate::{memory::sys::page, topology::NodeId};

    fn nodes(pages: &[(u32, u64)]) -> ByNode {
        pages.iter().map(|&(node, pages)| (NodeId::new(node), pages)).collect()
    }

    #[test]
    fn mappings_are_read() {
        let maps = mappings(
            "00400000 default file=/bin/x mapped=2 N0=2 kernelpagesize_kB=4\n\
             7f0000000000 prefer:1 anon=4 dirty=4 N0=1 N1=3 kernelpagesize_kB=4\n\
             nonsense\n\
             7f0000100000 bind:1\n",
        );
        assert_eq!(maps.len(), 3);
        assert_eq!(maps[&0x7f00_0000_0000], nodes(&[(0, 1), (1, 3)]));

        let kernel = Kernel::Mappings(maps);
        // In proportion to all of the mapping.
        assert_eq!(kernel.locate(&[(0x7f00_0000_0000, 8 * page::size())]), nodes(&[(0, 2), (1, 6)]));
        // Two pieces of one page.
        assert_eq!(kernel.locate(&[(0x40_0000, 64), (0x40_0040, 64)]), nodes(&[(0, 1)]));
        assert_eq!(kernel.locate(&[(0x7f00_0010_0000, page::size()), (0x1000, page::size())]), nodes(&[]));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn pages_that_are_there_are_found() {
        let kernel = Kernel::new();
        let touched = vec![1_u8; 16 * page::size()];
        let found: u64 = kernel.locate(&[(touched.as_ptr().addr(), touched.len())]).values().sum();
        // Sixteen pages, or seventeen where they begin in the middle of one; none on a kernel that knows no nodes.
        assert!((16..=17).contains(&found) || matches!(kernel, Kernel::Nobody), "{found}");
    }
}
