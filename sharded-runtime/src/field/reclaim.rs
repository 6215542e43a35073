//! Retired entries: who waits for readers that still hold them, and who releases them when nobody writes any more.

use super::{core::Core, types::FieldTypes};
use crate::{
    engine::{
        garbage::Garbage,
        table::{Backlog, Wait},
    },
    memory::reclaim::{Grace, is_reading},
    names_of,
    shard::{access::Step, array::ShardSelector, order},
};
use std::panic::Location;

impl<F: FieldTypes> Core<F> {
    /// After a write that has left this backlog in a shard. If it is full, waits for readers. Called without a lock of
    /// this map.
    ///
    /// # Panics
    ///
    /// If the backlog is full and this thread is inside a closure that reads: it would wait for itself.
    #[cold]
    #[track_caller]
    pub(super) fn tend_retired(
        &self,
        shard: impl ShardSelector,
        backlog: Backlog,
        garbage: &mut Garbage<F::Key, F::Value>,
    ) {
        let at = Location::caller();
        self.schedule_release();
        if backlog < Backlog::Many || self.release_in(shard, Wait::Own(Backlog::Many), garbage) < Backlog::Full {
            return;
        }
        if is_reading() {
            refuse_to_wait(&format!("a write to `{}`, which must wait for its readers,", names_of::<F::Policy>()), at);
        }
        // A reader may wait for a thread that is inside some shard.
        if !order::is_inside()
            && let Some(mut grace) = Grace::begin()
        {
            grace.wait();
            self.release_in(shard, Wait::Own(Backlog::Few), garbage);
        }
    }

    /// Gives the retired entries of a shard that no reader holds any more to the garbage. Returns the backlog that is
    /// left, which the background thread will release.
    #[track_caller]
    pub(super) fn release_in(
        &self,
        shard: impl ShardSelector,
        wait: Wait<'_>,
        garbage: &mut Garbage<F::Key, F::Value>,
    ) -> Backlog {
        let backlog = self.session(shard, Step, Some(garbage), |session| session.release_retired(wait));
        if backlog != Backlog::None {
            self.schedule_release();
        }
        backlog
    }

    /// Has the background thread release retired entries, if there is one.
    pub(super) fn schedule_release(&self) {
        if let Some(release) = &self.release {
            release.schedule();
        }
    }

    /// Drops all retired entries that no reader holds any more. All shards share a grace period, which begins after
    /// each has been visited once.
    #[track_caller]
    pub(super) fn release_all(&self) {
        let mut grace = None;
        for _ in 0..2 {
            for shard in 0..self.shard_count() {
                self.release_in(shard, Wait::Shared(grace.as_ref()), &mut self.leaving().garbage);
            }
            grace = grace.or_else(Grace::begin);
        }
    }

    /// Checks that this thread may take out all entries. That waits for readers of all maps with shared entries, and
    /// they may wait for a shard that this thread is inside.
    ///
    /// # Panics
    ///
    /// If it is inside a shard, or reads an entry.
    #[track_caller]
    pub(super) fn check_readers() {
        if is_reading() || order::is_inside() {
            refuse_to_wait(&format!("taking all entries out of `{}`", names_of::<F::Policy>()), Location::caller());
        }
    }
}

/// Panics, since this thread is inside a shard or reads an entry.
#[cold]
fn refuse_to_wait(what: &str, at: &Location<'_>) -> ! {
    order::check_wait(what, at);
    // The order knows of closures. Comparisons and clones are part of the read that calls them.
    panic!(
        "{what} at {at} from inside a read under `lock = Rcu`, in `Eq` or `Clone` of an entry: this would wait for the \
         read to end; make the call after it"
    );
}
