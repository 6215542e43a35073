//! What leaves a shard, to be told of. Where a call hands out what it takes, who is told gets a copy: the caller is not to wait until
//! all that comes before has been told.

use super::{core::Core, limits::BATCH, session::Session};

use crate::{
    Cause, Policy,
    contain::Drops,
    engine::table::{Cursor, Handed, Offer, Removed},
    field::removal::Listening,
    shard::access::Step,
};

impl<K, V, P: Policy, S> Session<'_, K, V, P, S> {
    /// Leaves the entry that was taken out last to be told of, or else to be dropped, after the lock is released.
    #[inline]
    pub(crate) fn leave(&mut self, cause: Cause) {
        if let Some(listening) = self.core.listening() {
            self.garbage.tell_last(cause, listening);
        }
    }

    /// As [`leave`](Session::leave), of what is on offer, if that is an entry.
    pub(crate) fn leave_offered(&mut self, offer: &mut Offer<K, V>, cause: Cause) {
        if self.garbage.kept().push_offer(offer) {
            self.leave(cause);
        }
    }

    /// Replaces a value by the one on offer, whose key has this hash, and leaves it there in its place.
    #[inline]
    pub(crate) fn hand_replaced(&mut self, slot: u32, hash: u64, offer: &mut Offer<K, V>, ttl: Option<u64>) {
        match (self.core.listening(), &mut offer.value) {
            (None, Some(value)) => self.replace(slot, hash, value, ttl),
            (Some(listening), Some(_)) => self.tell_replaced((slot, hash), offer, ttl, listening),
            (_, None) => {}
        }
    }

    #[cold]
    #[inline(never)]
    fn tell_replaced(
        &mut self,
        (slot, hash): (u32, u64),
        offer: &mut Offer<K, V>,
        ttl: Option<u64>,
        listening: &Listening<K, V>,
    ) {
        // Here and below, the copy comes first: if it can't be made, nothing has happened.
        let copy = listening.copy_value(self.value(slot));
        let Some(value) = &mut offer.value else { return };
        self.replace(slot, hash, value, ttl);
        if let Some(key) = offer.take_key() {
            self.garbage.tell(key, copy, Cause::Replaced, listening);
        }
    }

    /// Takes out the entry of an occupied slot, whose hash may be known, and hands it out.
    #[inline]
    pub(crate) fn hand_removed(&mut self, slot: u32, hash: Option<u64>, cause: Cause, handed: &mut Handed<K, V>) {
        match self.core.listening() {
            None => _ = self.remove_to(slot, hash, handed),
            Some(listening) => self.tell_removed((slot, hash), cause, listening, handed),
        }
    }

    #[cold]
    #[inline(never)]
    fn tell_removed(
        &mut self,
        (slot, hash): (u32, Option<u64>),
        cause: Cause,
        listening: &Listening<K, V>,
        handed: &mut Handed<K, V>,
    ) {
        let Some(entry) = self.table.get(slot) else { return };
        let (key, value) = (listening.copy_key(entry.key()), listening.copy_value(entry.value()));
        if self.remove_to(slot, hash, handed) {
            self.garbage.tell(key, value, cause, listening);
        }
    }
}

/// What takes out all entries in one step where nobody is told of them, and some at a time where someone is.
impl<K, V, P: Policy, S> Core<K, V, P, S> {
    /// Takes out all entries of a shard, some per lock hold, and hands out those that are alive.
    #[track_caller]
    pub(crate) fn hand_all(&self, shard: usize, entries: &mut Removed<K, V>) {
        let mut next = Some(Cursor::default());
        while let Some(from) = next.take() {
            self.step_out(shard, from, &mut next, |session, slot| {
                let mut handed = Handed::new();
                session.hand_removed(slot, None, Cause::Removed, &mut handed);
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
            let clear = |session: &mut Session<'_, K, V, P, S>, slot| {
                if session.remove(slot, None) {
                    session.leave(Cause::Cleared);
                }
            };
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
        mut take: impl FnMut(&mut Session<'_, K, V, P, S>, u32),
    ) {
        let mut slots = Vec::new();
        self.write(shard, Step, |session| {
            self.overtake_all(session.extras.status(), shard);
            let further = session.table.walk(from, BATCH, |key| self.hash_of(key), &mut slots);
            for &slot in &slots {
                if session.is_alive(slot) {
                    take(session, slot);
                } else {
                    session.expire(slot);
                }
            }
            *next = further;
        });
        if next.is_some() {
            self.shards.between_steps();
        }
    }
}
