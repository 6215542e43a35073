//! Events that are noted while a lock is held, and reported when the thread holds none, since a subscriber is user
//! code.
//!
//! Checking for noted events at the end of each access would cost each access two to four instructions. So a note is
//! reported at the first of these times: the end of the outermost access that runs user code, the beginning of the
//! thread's next access that takes a lock, the end of the thread. `shard/order.rs` has a word that each of these
//! accesses reads anyway.

use crate::contain::contain;
use std::{cell::Cell, sync::OnceLock};

/// The most events that a thread notes before it reports them. Others are dropped. All of them come from one access.
const MOST: usize = 4;

/// An event. It owns nothing. (A thread's first note registers a destructor, for which std allocates some bytes.)
#[derive(Clone, Copy, Debug)]
pub(crate) struct Note {
    /// Reports the event.
    pub(crate) tell: fn(&Note),
    /// The names of the store and the field. Empty if there are none.
    pub(crate) names: [&'static str; 2],
    pub(crate) numbers: [u64; 2],
}

/// Called after an event was noted, by the same thread.
static ON_NOTE: OnceLock<fn()> = OnceLock::new();

/// Reports the remaining events when the thread ends.
struct TellAtEnd;

impl Drop for TellAtEnd {
    fn drop(&mut self) {
        tell();
    }
}

thread_local! {
    // Without a destructor, so that destructors of other thread-locals can use it.
    static NOTES: Cell<[Option<Note>; MOST]> = const { Cell::new([None; MOST]) };
    static AT_END: TellAtEnd = const { TellAtEnd };
}

/// Sets the function that is called after each note.
pub(crate) fn on_note(call: fn()) {
    ON_NOTE.get_or_init(|| call);
}

/// Notes an event.
#[cold]
pub(crate) fn note(note: Note) {
    let mut notes = NOTES.get();
    if let Some(free) = notes.iter_mut().find(|noted| noted.is_none()) {
        *free = Some(note);
        NOTES.set(notes);
    }
    // Unavailable while the thread ends, when `tell` may have been called for the last time.
    let _ = AT_END.try_with(|_| ());
    if let Some(call) = ON_NOTE.get() {
        call();
    }
}

/// Reports the events of this thread, which must hold no lock of this crate. A subscriber may cause further notes.
#[cold]
pub(crate) fn tell() {
    for note in NOTES.replace([None; MOST]).iter().flatten() {
        // The panic of a subscriber must not propagate: this may run while another panic unwinds.
        let _ = contain(|| (note.tell)(note));
    }
}

#[cfg(test)]
mod tests {
    use super::{MOST, Note, note, tell};
    use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

    static SUM: AtomicU64 = AtomicU64::new(0);

    fn add(number: u64) {
        let tell = |note: &Note| {
            SUM.fetch_add(note.numbers[0], Relaxed);
            assert!(note.numbers[0] != 10, "a subscriber's panic");
            if note.numbers[0] == 1 {
                add(1000);
            }
        };
        note(Note { tell, names: ["", ""], numbers: [number, 0] });
    }

    #[test]
    fn each_event_is_told_once() {
        [1, 10, 100].into_iter().for_each(add);
        assert_eq!(SUM.load(Relaxed), 0);
        tell();
        assert_eq!(SUM.load(Relaxed), 111);
        tell();
        assert_eq!(SUM.load(Relaxed), 1111);
        (0..100).for_each(|_| add(2));
        tell();
        let most = 1111 + 2 * MOST as u64;
        assert_eq!(SUM.load(Relaxed), most);
        // The end of a thread reports the rest.
        std::thread::spawn(|| add(5000)).join().unwrap();
        assert_eq!(SUM.load(Relaxed), most + 5000);
    }
}
