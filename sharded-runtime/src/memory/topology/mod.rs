//! The NUMA nodes of this machine: each has CPUs and the memory near to them.
//!
//! A CPU reaches the memory of its own node faster than that of another. [`Topology::current`] has the nodes and what
//! this process may use of them. [`Topology::new`] makes a topology for tests, or to use only a part of the machine.
//!
//! | file | what is in it |
//! |---|---|
//! | `node.rs` | one node |
//! | `nodes.rs` | the nodes of a machine |
//! | `system.rs` | reads them from the kernel |
//! | `machine.rs` | caches them for stores that are built later |
//! | `list.rs` | parses lists of numbers in the kernel's files |

mod list;
mod machine;
mod node;
mod nodes;
mod system;
#[cfg(test)]
mod tests;

pub(crate) use machine::{cpus, topology as known};
pub use node::{Node, NodeId};
pub use nodes::Topology;
