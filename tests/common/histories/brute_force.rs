//! The definition that the search is compared with: it tries every order of a few operations.

use super::search::Operation;
use crate::common::threads::Dice;

/// Whether some order of these operations explains their answers. An operation may come first if no other one ended
/// before it began.
pub(crate) fn is_explained<O: Operation>(left: &[&O], state: &O::State) -> bool {
    left.is_empty()
        || left.iter().enumerate().any(|(at, first)| {
            let Some(after) = first.after(state) else { return false };
            let mut rest = left.to_vec();
            rest.remove(at);
            rest.iter().all(|other| other.ended() >= first.began()) && is_explained(&rest, &after)
        })
}

/// Times of the beginnings and ends of this many operations. Some operations overlap and some do not.
pub(crate) fn times(count: usize, dice: &mut Dice) -> Vec<(u64, u64)> {
    let mut times: Vec<u64> = (0..2 * count as u64).collect();
    for at in (1..times.len()).rev() {
        let other = at.saturating_sub(usize::try_from(dice.below(5)).expect("small"));
        times.swap(at, other);
    }
    times.chunks(2).map(|pair| (pair[0].min(pair[1]), pair[0].max(pair[1]))).collect()
}
