//! Doubly linked lists over keys, which are small numbers. A key is in one list at most.

/// No key.
pub(crate) const NIL: u32 = u32::MAX;

/// The neighbours of every key, towards the front and towards the back of its list.
#[derive(Debug)]
pub(crate) struct Links {
    newer: Vec<u32>,
    older: Vec<u32>,
}

/// One of the lists.
#[derive(Debug)]
pub(crate) struct List {
    front: u32,
    pub(crate) back: u32,
    pub(crate) len: usize,
}

impl Default for List {
    fn default() -> Self {
        List { front: NIL, back: NIL, len: 0 }
    }
}

impl Links {
    pub(crate) fn new(unique: usize) -> Self {
        Links { newer: vec![NIL; unique], older: vec![NIL; unique] }
    }

    /// The neighbour towards the front, or `NIL`.
    pub(crate) fn newer(&self, key: u32) -> u32 {
        self.newer[key as usize]
    }

    pub(crate) fn push(&mut self, list: &mut List, key: u32) {
        self.newer[key as usize] = NIL;
        self.older[key as usize] = list.front;
        match list.front {
            NIL => list.back = key,
            front => self.newer[front as usize] = key,
        }
        list.front = key;
        list.len += 1;
    }

    pub(crate) fn unlink(&mut self, list: &mut List, key: u32) {
        let (newer, older) = (self.newer[key as usize], self.older[key as usize]);
        match newer {
            NIL => list.front = older,
            newer => self.older[newer as usize] = older,
        }
        match older {
            NIL => list.back = newer,
            older => self.newer[older as usize] = newer,
        }
        list.len -= 1;
    }

    /// Removes the key at the back.
    pub(crate) fn pop(&mut self, list: &mut List) -> Option<u32> {
        let back = list.back;
        (back != NIL).then(|| {
            self.unlink(list, back);
            back
        })
    }

    pub(crate) fn move_to_front(&mut self, list: &mut List, key: u32) {
        self.unlink(list, key);
        self.push(list, key);
    }
}
