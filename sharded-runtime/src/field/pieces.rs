//! Where the memory of a map lies, as addresses to ask the kernel about.

use super::core::Core;
use crate::{
    Policy,
    placement::{Binding, Pieces},
    shard::access::Step,
    topology::NodeId,
};

/// Pieces of a shard's memory that are listed in one lock hold.
const PIECES: usize = 256;

impl<K, V, P: Policy, S> Pieces for Core<K, V, P, S> {
    fn declared(&self) -> (Vec<Option<NodeId>>, Binding) {
        ((0..self.shard_count()).map(|shard| self.placing.node(shard)).collect(), self.placing.binding())
    }

    #[track_caller]
    fn pieces(&self, shard: usize) -> Vec<(usize, usize)> {
        let mut pieces = vec![self.shards.piece(shard)];
        let mut listed = 0;
        loop {
            let more = self.shards.read(shard, Step, |_, table| {
                let before = pieces.len();
                pieces.extend(table.pieces(listed).take(PIECES));
                pieces.len() - before
            });
            listed += more;
            if more < PIECES {
                return pieces;
            }
            self.shards.between_steps();
        }
    }
}
