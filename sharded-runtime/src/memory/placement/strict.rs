//! Placements that refuse memory of other nodes.

use super::{local::Local, site::Site, spread::Spread, traits::Placement};
use crate::topology::NodeId;
use std::marker::PhantomData;

/// The nodes of another placement, and no others: if a node is full, its memory is refused.
///
/// # Examples
///
/// ```
/// use sharded::placement::{Placement, Site, Spread, Strict};
///
/// let site = Site::current();
/// assert!(Strict::<Spread>::STRICT);
/// assert_eq!(Strict::<Spread>::node(7, 64, &site), Spread::node(7, 64, &site));
/// ```
#[derive(Debug)]
pub struct Strict<P>(PhantomData<P>);

/// Like [`Spread`], but strict: `numa = StrictSpread`.
pub type StrictSpread = Strict<Spread>;

/// Like [`Local`], but strict: `numa = StrictLocal`.
pub type StrictLocal = Strict<Local>;

impl<P: Placement> Placement for Strict<P> {
    const STRICT: bool = true;

    fn node(shard: usize, shards: usize, site: &Site) -> Option<NodeId> {
        P::node(shard, shards, site)
    }
}
