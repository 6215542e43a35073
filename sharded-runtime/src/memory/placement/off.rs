//! The placement `Off`.

use super::{site::Site, traits::Placement};
use crate::topology::NodeId;

/// Each page on the node of the thread that first touches it, as with any allocation: `numa = Off`.
///
/// # Examples
///
/// ```
/// use sharded::placement::{Off, Placement, Site};
///
/// assert_eq!(Off::node(7, 64, &Site::current()), None);
/// ```
#[derive(Debug)]
pub enum Off {}

impl Placement for Off {
    fn node(_: usize, _: usize, _: &Site) -> Option<NodeId> {
        None
    }
}
