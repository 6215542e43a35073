use super::{local::Local, site::Site, spread::Spread, traits::Placement};
use crate::topology::NodeId;
use std::marker::PhantomData;

/// Where another placement says, and nowhere else: a node that is full refuses.
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

/// As [`Spread`], and nowhere else: `numa = StrictSpread`.
pub type StrictSpread = Strict<Spread>;

/// As [`Local`], and nowhere else: `numa = StrictLocal`.
pub type StrictLocal = Strict<Local>;

impl<P: Placement> Placement for Strict<P> {
    const STRICT: bool = true;

    fn node(shard: usize, shards: usize, site: &Site) -> Option<NodeId> {
        P::node(shard, shards, site)
    }
}
