//! A walk through several lists of pieces of memory.

/// The address and the bytes of a piece.
pub(crate) type Piece = (usize, usize);

/// The position of the walk.
#[derive(Clone, Copy, Default)]
pub(crate) struct NextPiece {
    list: usize,
    index: usize,
}

impl NextPiece {
    /// The next piece of these lists, which are functions from an index to a piece.
    pub(super) fn of(&mut self, lists: &[&dyn Fn(usize) -> Option<Piece>]) -> Option<Piece> {
        while let Some(list) = lists.get(self.list) {
            let piece = list(self.index);
            if piece.is_some() {
                self.index += 1;
                return piece;
            }
            *self = NextPiece { list: self.list + 1, index: 0 };
        }
        None
    }
}
