//! Which requests each server gets together.

use super::{keeper::Kept, request::Request, route::Route};
use smallvec::{SmallVec, smallvec};
use std::sync::Arc;

/// The place of a request that has no reply yet, and the server that is to be asked although the route names another.
pub(super) type Open = (usize, Option<Arc<Kept>>);

/// Requests that one server gets together.
pub(super) struct Part {
    pub(super) node: Arc<Kept>,
    /// Whether the server gets the keys' hash slot only now.
    pub(super) is_asking: bool,
    pub(super) at: SmallVec<[usize; 1]>,
}

/// Groups requests by their servers. Those whose hash slot has no server are returned too.
pub(super) fn parts(
    route: &Route,
    requests: &[Request<'_>],
    open: SmallVec<[Open; 1]>,
) -> (SmallVec<[Part; 1]>, SmallVec<[Open; 1]>) {
    let (mut parts, mut without) = (SmallVec::<[Part; 1]>::new(), SmallVec::new());
    for (at, asked) in open {
        let is_asking = asked.is_some();
        let Some(node) = asked.or_else(|| route.node_of(&requests[at].name.bytes).cloned()) else {
            without.push((at, None));
            continue;
        };
        let is_same = |part: &&mut Part| part.is_asking == is_asking && Arc::ptr_eq(&part.node, &node);
        match parts.iter_mut().find(is_same) {
            Some(part) => part.at.push(at),
            None => parts.push(Part { node, is_asking, at: smallvec![at] }),
        }
    }
    (parts, without)
}
