//! What this machine is: its NUMA nodes, each some CPUs and the memory near to them.
//!
//! A CPU reaches the memory of its own node faster than that of another one. [`Topology::current`] says which nodes there
//! are and what of them this process may use; [`Topology::new`] makes some up, for tests and to use only a part.
//!
//! | file | what is in it |
//! |---|---|
//! | `node.rs` | one node |
//! | `system.rs` | reading it all from the kernel |
//! | `machine.rs` | what was read, kept for the stores that are built later |
//! | `list.rs` | the lists of numbers in the kernel's files |

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
