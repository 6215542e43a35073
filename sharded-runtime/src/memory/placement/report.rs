//! Reports of where the shards of a store should lie, and where they lie.

use super::{
    asked::Asked,
    pages::{ByNode, Kernel},
};
use crate::topology::NodeId;
use std::{fmt, io};

/// A field that can list its memory.
pub(crate) trait Pieces {
    /// The node of each shard, and whether its memory was bound.
    fn declared(&self) -> (Vec<Option<NodeId>>, Binding);
    /// The addresses and bytes of all memory of a shard.
    fn pieces(&self, shard: usize) -> Vec<(usize, usize)>;
}

/// Whether memory was bound to nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Binding {
    /// It was.
    Bound,
    /// There was no need, because memory can only come from one node, or may come from any.
    Needless,
    /// The system refused, so each page lies on the node of the thread that first touched it.
    Refused(io::ErrorKind),
}

/// Where the shards of a store lie, see [`Store::placement`](crate::Store::placement). Prints as a table.
#[derive(Clone, Debug)]
pub struct StorePlacement {
    fields: Vec<FieldPlacement>,
}

/// Where the shards of one field lie, see [`ShardedMap::placement`](crate::ShardedMap::placement). Prints as a table.
#[derive(Clone, Debug)]
pub struct FieldPlacement {
    name: &'static str,
    binding: Binding,
    asked: Asked,
    shards: Vec<ShardPlacement>,
}

/// Where one shard lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardPlacement {
    node: Option<NodeId>,
    pages: ByNode,
}

impl StorePlacement {
    pub(crate) fn new(fields: Vec<FieldPlacement>) -> Self {
        StorePlacement { fields }
    }

    /// The fields, in the order of declaration.
    ///
    /// # Examples
    ///
    /// See [`Store::placement`](crate::Store::placement).
    #[must_use]
    pub fn fields(&self) -> &[FieldPlacement] {
        &self.fields
    }
}

impl FieldPlacement {
    /// Makes a system call for every 1024 pages.
    pub(crate) fn of(name: &'static str, field: &impl Pieces) -> Self {
        let kernel = Kernel::new();
        let (nodes, binding) = field.declared();
        let shard = |(shard, node)| ShardPlacement { node, pages: kernel.locate(&field.pieces(shard)) };
        let shards = nodes.into_iter().enumerate().map(shard).collect();
        FieldPlacement { name, binding, asked: kernel.asked(), shards }
    }

    /// The field's name.
    ///
    /// # Examples
    ///
    /// See [`Store::placement`](crate::Store::placement).
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Whether its memory was bound.
    ///
    /// # Examples
    ///
    /// See [`Store::placement`](crate::Store::placement).
    #[must_use]
    pub fn binding(&self) -> Binding {
        self.binding
    }

    /// Who reported where pages lie.
    ///
    /// # Examples
    ///
    /// See [`Store::placement`](crate::Store::placement).
    #[must_use]
    pub fn asked(&self) -> Asked {
        self.asked
    }

    /// By the number of the shard.
    ///
    /// # Examples
    ///
    /// See [`Store::placement`](crate::Store::placement).
    #[must_use]
    pub fn shards(&self) -> &[ShardPlacement] {
        &self.shards
    }
}

impl ShardPlacement {
    /// The node that it should lie on. `None` with [`Off`](crate::placement::Off).
    ///
    /// # Examples
    ///
    /// See [`Store::placement`](crate::Store::placement).
    #[must_use]
    pub fn node(&self) -> Option<NodeId> {
        self.node
    }

    /// The nodes that it lies on, with the number of pages on each. A page that several shards share counts for each.
    ///
    /// # Examples
    ///
    /// See [`Store::placement`](crate::Store::placement).
    pub fn pages(&self) -> impl Iterator<Item = (NodeId, u64)> {
        self.pages.iter().map(|(&node, &pages)| (node, pages))
    }

    /// The share of its pages that lie on its node, in per cent. `None` if no node is declared, or nothing is known.
    ///
    /// # Examples
    ///
    /// See [`Store::placement`](crate::Store::placement).
    #[must_use]
    pub fn per_cent(&self) -> Option<f64> {
        per_cent(self.node?, &self.pages)
    }
}

#[allow(clippy::cast_precision_loss, reason = "printed with one decimal")]
fn per_cent(node: NodeId, pages: &ByNode) -> Option<f64> {
    let all: u64 = pages.values().sum();
    let there = pages.get(&node).copied().unwrap_or(0);
    (all > 0).then(|| there as f64 * 100.0 / all as f64)
}

const HEAD: [&str; 6] = ["field", "shards", "node", "pages", "there", "elsewhere"];

impl fmt::Display for StorePlacement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        print(&self.fields, f)
    }
}

impl fmt::Display for FieldPlacement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        print(std::slice::from_ref(self), f)
    }
}

/// Adjacent shards of one node share a row.
fn print(fields: &[FieldPlacement], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut rows = vec![HEAD.map(str::to_owned)];
    for field in fields {
        let mut first = 0;
        for shards in field.shards.chunk_by(|a, b| a.node == b.node) {
            rows.push(row(field.name, first, shards));
            first += shards.len();
        }
    }
    let widths: [usize; 6] =
        std::array::from_fn(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0));
    for [name, numbers @ .., elsewhere] in &rows {
        let numbers: Vec<_> =
            numbers.iter().zip(&widths[1..]).map(|(number, width)| format!("{number:>width$}")).collect();
        let line = format!("{name:<width$}  {}  {elsewhere}", numbers.join("  "), width = widths[0]);
        writeln!(f, "{}", line.trim_end())?;
    }
    for field in fields {
        match field.binding {
            Binding::Refused(error) => writeln!(f, "{}: the system refused to bind memory: {error}", field.name)?,
            Binding::Bound | Binding::Needless => {}
        }
    }
    match fields.first().map_or(Asked::Pages, |field| field.asked) {
        Asked::Pages => Ok(()),
        Asked::Mappings => writeln!(f, "by whole mappings, as the kernel does not tell of single pages"),
        Asked::Nobody => writeln!(f, "this system does not tell where pages are"),
    }
}

fn row(name: &str, first: usize, shards: &[ShardPlacement]) -> [String; 6] {
    let node = shards.first().and_then(|shard| shard.node);
    let mut pages = ByNode::new();
    for shard in shards {
        for (node, count) in shard.pages() {
            *pages.entry(node).or_default() += count;
        }
    }
    let numbers = if shards.len() == 1 { first.to_string() } else { format!("{first}-{}", first + shards.len() - 1) };
    let elsewhere = pages.iter().filter(|(there, _)| Some(**there) != node);
    let elsewhere: Vec<_> = elsewhere.map(|(node, pages)| format!("{pages} on {node}")).collect();
    [
        name.to_owned(),
        numbers,
        node.map_or_else(|| "any".to_owned(), |node| node.to_string()),
        pages.values().sum::<u64>().to_string(),
        node.and_then(|node| per_cent(node, &pages)).map_or_else(|| "-".to_owned(), |share| format!("{share:.1}%")),
        elsewhere.join(", "),
    ]
}

#[cfg(test)]
mod tests {
    use super::{Asked, Binding, FieldPlacement, ShardPlacement, StorePlacement};
    use crate::topology::NodeId;
    use std::io;

    #[test]
    fn the_table() {
        let shard = |node: Option<u32>, pages: &[(u32, u64)]| ShardPlacement {
            node: node.map(NodeId::new),
            pages: pages.iter().map(|&(node, pages)| (NodeId::new(node), pages)).collect(),
        };
        let sessions = [
            shard(Some(0), &[(0, 10)]),
            shard(Some(0), &[(0, 11)]),
            shard(Some(1), &[(0, 1), (1, 7)]),
            shard(Some(1), &[]),
        ];
        let field = |name, binding, shards: &[ShardPlacement]| FieldPlacement {
            name,
            binding,
            asked: Asked::Pages,
            shards: shards.to_vec(),
        };
        let placement = StorePlacement::new(vec![
            field("sessions", Binding::Refused(io::ErrorKind::PermissionDenied), &sessions),
            field("codes", Binding::Needless, &[shard(None, &[(1, 3)])]),
        ]);
        assert_eq!(
            placement.to_string(),
            "\
field     shards  node  pages   there  elsewhere
sessions     0-1     0     21  100.0%
sessions     2-3     1      8   87.5%  1 on 0
codes          0   any      3       -  3 on 1
sessions: the system refused to bind memory: permission denied
"
        );
        assert_eq!(sessions[2].per_cent(), Some(87.5));
        assert_eq!(sessions[3].per_cent(), None);
    }
}
