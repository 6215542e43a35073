//! What is asked of one key, its answer, and where to ask again if that is no answer.

use super::{
    address::Address,
    command::{Command, Values},
    licence::Licence,
    node::{Node, as_error},
    stamps::{Slot, Stamp},
};
use redis::{ServerError, ServerErrorKind};
use smallvec::SmallVec;
use std::sync::Arc;

/// The key of one entry on the servers.
#[derive(Clone, Debug)]
pub(super) struct Name {
    pub(super) bytes: Vec<u8>,
    pub(super) slot: Slot,
}

/// What is asked of one key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request<'a> {
    pub(super) name: &'a Name,
    pub(super) command: Command<'a>,
}

/// The answer to a request.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) values: Values,
    pub(super) stamp: Stamp,
    /// `None` if the server does not tell of changes.
    pub(super) licence: Option<Arc<Licence>>,
    /// When it was sent, by [`Shared::now`](super::shared::Shared::now).
    pub(super) sent: u64,
}

/// The answers to several requests, in their order. Most calls have one.
pub(super) type Replies = SmallVec<[Reply; 1]>;

/// Where a request has to go that a server has not executed.
pub(super) enum Redirection {
    Moved(u16, Address),
    Ask(Address),
    /// To the same or another server, in a moment.
    Wait,
}

/// Where a request has to go, if this is not its answer.
pub(super) fn redirection(reply: &Reply, node: &Node, is_cluster: bool) -> Option<Redirection> {
    let error = reply.values.iter().find_map(as_error)?;
    let address = |error: &ServerError| {
        let (slot, address) = error.details()?.split_once(' ')?;
        Some((slot.parse().ok()?, Address::parse(address, &node.address)?))
    };
    match error.kind()? {
        ServerErrorKind::Moved if is_cluster => address(error).map(|(slot, address)| Redirection::Moved(slot, address)),
        ServerErrorKind::Ask if is_cluster => address(error).map(|(_, address)| Redirection::Ask(address)),
        ServerErrorKind::ReadOnly => {
            // The server has become a replica. Another one may be the primary, or answer at the same address.
            node.lose_any(error.clone().into());
            Some(Redirection::Wait)
        }
        ServerErrorKind::TryAgain
        | ServerErrorKind::ClusterDown
        | ServerErrorKind::MasterDown
        | ServerErrorKind::BusyLoading => {
            node.shared.note(Some(error.clone().into()));
            Some(Redirection::Wait)
        }
        _ => None,
    }
}
