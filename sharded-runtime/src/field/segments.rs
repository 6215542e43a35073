//! A queue that grows and shrinks without moving its entries.

use std::collections::{LinkedList, VecDeque};

/// Entries of a segment.
const SEGMENT: usize = 64;

/// A queue in segments. To add or to take an entry moves at most a segment, so it may grow under a lock.
#[allow(clippy::linkedlist, reason = "a list of segments in one piece would be moved when it grows")]
pub(super) struct Segments<T> {
    /// All but the first and the last have [`SEGMENT`] entries. None is empty, except an only one.
    segments: LinkedList<VecDeque<T>>,
    len: usize,
}

impl<T> Default for Segments<T> {
    fn default() -> Self {
        Segments { segments: LinkedList::new(), len: 0 }
    }
}

impl<T> Segments<T> {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(super) fn push_back(&mut self, entry: T) {
        match self.segments.back_mut().filter(|last| last.len() < SEGMENT) {
            Some(last) => last.push_back(entry),
            None => self.segments.push_back(VecDeque::from([entry])),
        }
        self.len += 1;
    }

    /// Puts an entry back that was taken out.
    pub(super) fn push_front(&mut self, entry: T) {
        match self.segments.front_mut() {
            Some(first) => first.push_front(entry),
            None => self.segments.push_back(VecDeque::from([entry])),
        }
        self.len += 1;
    }

    pub(super) fn pop_front(&mut self) -> Option<T> {
        let entry = self.segments.front_mut()?.pop_front()?;
        self.len -= 1;
        // The last segment stays, so that a queue with an entry now and then does not allocate.
        if self.len > 0 && self.segments.front().is_some_and(VecDeque::is_empty) {
            self.segments.pop_front();
        }
        Some(entry)
    }
}

#[cfg(test)]
mod tests {
    use super::{SEGMENT, Segments};
    use crate::dice::Dice;
    use std::collections::VecDeque;

    #[test]
    fn entries_come_out_in_their_order() {
        let (mut queue, mut model, mut dice) = (Segments::default(), VecDeque::new(), Dice(1));
        for turn in 0..20_000 {
            // It grows and shrinks in turns, over some segments.
            let grows = turn / 1000 % 2 == 0;
            match dice.below(8) {
                0 => {
                    if let Some(entry) = model.pop_front() {
                        assert_eq!(queue.pop_front(), Some(entry));
                        queue.push_front(entry);
                        model.push_front(entry);
                    }
                }
                n if (n < 6) == grows => {
                    queue.push_back(turn);
                    model.push_back(turn);
                }
                _ => assert_eq!(queue.pop_front(), model.pop_front()),
            }
            assert_eq!((queue.len(), queue.is_empty()), (model.len(), model.is_empty()));
            assert!(queue.segments.len() <= queue.len().div_ceil(SEGMENT) + 1);
        }
    }
}
