//! The addresses of a map's memory, for queries to the kernel.

use super::{core::Core, types::FieldTypes};
use crate::{
    engine::table::NextPiece,
    placement::{Binding, Pieces},
    shard::access::Step,
    topology::NodeId,
};
use std::iter;

/// Pieces of a shard's memory that are listed in one lock hold.
const PIECES: usize = 256;

impl<F: FieldTypes> Pieces for Core<F> {
    fn declared(&self) -> (Vec<Option<NodeId>>, Binding) {
        ((0..self.shard_count()).map(|shard| self.placing.node(shard)).collect(), self.placing.binding())
    }

    #[track_caller]
    fn pieces(&self, shard: usize) -> Vec<(usize, usize)> {
        let mut pieces = vec![self.shards.piece(shard)];
        let (mut more, mut next) = (Vec::with_capacity(PIECES), NextPiece::default());
        loop {
            self.shards.read(shard, Step, |_, table| {
                more.extend(iter::from_fn(|| table.next_piece(&mut next)).take(PIECES));
            });
            let is_last = more.len() < PIECES;
            // Without the lock, since the list of all may take long to move.
            pieces.append(&mut more);
            if is_last {
                return pieces;
            }
            self.shards.between_steps();
        }
    }
}
