//! Taking out all entries of a shard where a listener is told of them: some per lock hold. Without a listener they are taken out in one
//! step, see `shard.rs`.

use super::{core::Core, limits::BATCH};
use crate::{
    Cause, Policy,
    contain::Drops,
    engine::{
        session::Session,
        table::{Cursor, Handed, Removed},
    },
    shard::access::Step,
};

impl<K, V, P: Policy, S> Core<K, V, P, S> {
    /// Takes out all entries of a shard, some per lock hold, and hands out those that are alive.
    #[track_caller]
    pub(crate) fn hand_all(&self, shard: usize, entries: &mut Removed<K, V>) {
        let mut next = Some(Cursor::default());
        while let Some(from) = next.take() {
            self.step_out(shard, from, &mut next, |session, slot| {
                let mut handed = Handed::new();
                session.hand(slot, None, Cause::Removed, &mut handed);
                entries.push_handed(handed);
            });
        }
        self.settle_size(shard);
    }

    /// Takes out all entries of a shard, some per lock hold, also where the `Drop` of some panics.
    #[track_caller]
    pub(crate) fn clear_telling(&self, shard: usize, drops: &mut Drops) {
        let mut next = Some(Cursor::default());
        while let Some(from) = next.take() {
            let clear = |session: &mut Session<'_, Self>, slot| session.remove(slot, None, Cause::Cleared);
            drops.watch(|| self.step_out(shard, from, &mut next, clear));
        }
        self.settle_size(shard);
    }

    /// One step of taking out: all that is left at its end is where the next one begins.
    #[track_caller]
    fn step_out(
        &self,
        shard: usize,
        from: Cursor,
        next: &mut Option<Cursor>,
        mut take: impl FnMut(&mut Session<'_, Self>, u32),
    ) {
        let mut slots = Vec::new();
        self.write(shard, Step, |session| {
            self.overtake_all(session.shard().status(), shard);
            let further = session.table().walk(from, BATCH, |key| self.hash_of(key), &mut slots);
            for &slot in &slots {
                if session.is_alive(slot) {
                    take(session, slot);
                } else {
                    session.remove(slot, None, Cause::Expired);
                }
            }
            *next = further;
        });
        if next.is_some() {
            self.shards.between_steps();
        }
    }
}
