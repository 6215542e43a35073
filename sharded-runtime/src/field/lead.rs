//! The end of a load: from the loader's result to the stored value.

use super::{
    core::Core,
    types::{FieldTypes, UsableTypes},
};
use crate::{
    LoadError, Policy,
    clock::Nanos,
    engine::{cause::Cause, session::Session, spec::Extras, table::Offer, units::Units},
    field::flight::{Flight, Landed, Need, Registry, Told},
    hasher::KeyHash,
    names_of,
    observe::{counts::Counts, events, tally::Event},
    shard::access::Access,
    shard::array::ByHash,
    shard::order,
};
use std::{
    future::poll_fn,
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};

/// The right and the duty to load the value of a key. If it is dropped before the load has ended, it passes to a
/// waiting caller.
pub(crate) struct Lead<'a, F: FieldTypes> {
    pub(super) core: &'a Core<F>,
    pub(super) hash: KeyHash,
    pub(super) flight: Arc<Flight<F::Value>>,
    pub(super) need: Option<Need>,
    /// How long the entry is to live, if that is not the declared time.
    pub(super) ttl: Option<Nanos>,
    /// The event that counts the loader: a load or a refresh.
    event: Event,
    /// The start of the loader, until it has ended.
    began: Option<Instant>,
    /// After the end: the duration of the loader, and whether it failed.
    ended: Option<(Duration, bool)>,
}

impl<F: FieldTypes> Core<F> {
    /// Calls a closure with the flights of the shard of a hash, whose exclusive lock is held.
    pub(super) fn with_flights<R>(
        &self,
        hash: KeyHash,
        counts: &Counts,
        lend: impl FnOnce(&mut Registry<F::Key, F::Value>) -> Option<R>,
    ) -> Option<R> {
        self.flights.with(self.route(hash), |registry| {
            let result = lend(registry);
            counts.set_loading(registry.len() > 0);
            result
        })?
    }

    /// Takes the lock, then as [`with_flights`](Core::with_flights).
    pub(super) fn change_flights<R>(
        &self,
        hash: KeyHash,
        change: impl FnOnce(&mut Registry<F::Key, F::Value>) -> Option<R>,
    ) -> Option<R> {
        let change = |extras: Extras<'_, Self>, _: &mut _| self.with_flights(hash, extras.counts(), change);
        self.shards.write(ByHash(hash), Access::Unrecorded, change)
    }

    /// Removes a flight without a leader. A future may be dropped inside a closure, where taking a lock could panic.
    /// Then a later call removes the flight.
    #[cold]
    pub(super) fn forget(&self, hash: KeyHash, flight: &Arc<Flight<F::Value>>) {
        if order::is_inside() {
            self.flights.set_adrift(self.route(hash), hash, flight);
            return;
        }
        // The key is dropped after the lock is released.
        drop(self.change_flights(hash, |registry| registry.forget_adrift(hash, flight)));
    }
}

impl<'a, F: FieldTypes> Lead<'a, F> {
    /// The lead of a flight whose loader has not begun.
    pub(super) fn new(core: &'a Core<F>, hash: KeyHash, flight: Arc<Flight<F::Value>>, event: Event) -> Self {
        Lead { core, hash, flight, need: None, ttl: None, event, began: None, ended: None }
    }

    /// The lead of a load whose value is to live for this long, if that is not the declared time.
    pub(super) fn living(mut self, ttl: Option<Nanos>) -> Self {
        self.ttl = ttl;
        self
    }

    /// Whether a value that is loaded now would be stored. If the key was stored or removed since the flight began,
    /// this ends the flight, and all waiting callers search for the key again.
    pub(super) fn is_current(&self) -> bool {
        let Lead { core, hash, ref flight, .. } = *self;
        let landed = core.change_flights(hash, |registry| {
            if registry.is_current(hash, flight) { None } else { registry.land(hash, flight) }
        });
        if landed.is_some() {
            flight.tell_all(|| Told::Again);
        }
        landed.is_none()
    }

    /// Records that the loader begins.
    fn begin(&mut self) {
        self.core.count_many(self.event, 1);
        events::load_begun(names_of::<F::Policy>(), self.hash);
        self.began = Some(Instant::now());
    }

    /// Records that the loader has ended, if it had begun.
    fn finish(&mut self, is_failure: bool) {
        let Some(began) = self.began.take() else { return };
        let time = began.elapsed();
        self.core.count_many(Event::LoadEnd, 1);
        self.core.count_many(Event::LoadNano, Nanos::from_duration(time).get());
        self.ended = Some((time, is_failure));
        if is_failure {
            self.core.count_many(Event::LoadFailure, 1);
        }
    }

    /// Runs a loader.
    fn run<R>(&self, load: impl FnOnce() -> R) -> R {
        self.flight.run(load)
    }

    /// Runs a loader that is a future that has not begun.
    pub(super) async fn poll<L: Future>(&mut self, mut load: Pin<&mut L>) -> L::Output {
        self.begin();
        poll_fn(|context| self.run(|| load.as_mut().poll(context))).await
    }
}

impl<F: UsableTypes<Value: Clone>> Lead<'_, F> {
    /// Runs a loader, and [lands](Lead::land) its result.
    #[track_caller]
    pub(crate) fn load<E>(mut self, load: impl FnOnce() -> Result<F::Value, E>) -> Result<Box<F::Value>, LoadError<E>>
    where
        E: Send + Sync + 'static,
    {
        self.begin();
        self.land(|lead| lead.run(load))
    }

    /// Stores the loaded value, unless the key was stored, changed or removed meanwhile, and notifies the waiting
    /// callers. Returns the result that they get. (The value is made in here, so that it moves once.)
    #[track_caller]
    pub(super) fn land<E>(self, make: impl FnOnce(&Self) -> Result<F::Value, E>) -> Result<Box<F::Value>, LoadError<E>>
    where
        E: Send + Sync + 'static,
    {
        let mut offer = Offer::without_key(None);
        let error = match make(&self) {
            Ok(value) => {
                offer.value = Some(value);
                None
            }
            Err(error) => Some(error),
        };
        self.land_offered(&mut offer, error)
    }

    /// Ends the load with the value on offer or an error.
    #[track_caller]
    fn land_offered<E>(
        self,
        offer: &mut Offer<F::Key, F::Value>,
        error: Option<E>,
    ) -> Result<Box<F::Value>, LoadError<E>>
    where
        E: Send + Sync + 'static,
    {
        let core = self.core;
        // The lead is declared last, so it is dropped first, also on a panic. Listeners and the `Drop` of values, which
        // are user code, run after that.
        let mut leaving = core.leaving();
        let mut stored = None;
        let answer;
        let mut lead = self;
        let is_failure = error.is_some();
        // The copy comes first: if it can't be made, the load has panicked.
        answer = match (&offer.value, error) {
            (_, Some(error)) => Err(Arc::new(error)),
            (Some(value), None) => Ok(Box::new(value.clone())),
            (None, None) => unreachable!("a load makes a value or an error"),
        };
        lead.finish(is_failure);
        let shard = ByHash(lead.hash);
        // Written twice, since a closure would hide the caller.
        let units = core.write_leaving(shard, Core::<F>::WRITES, &mut leaving, |session| {
            lead.end(session, offer, &mut stored, F::Policy::PINS)
        });
        if let Some(units) = units {
            core.make_room(lead.hash, units, &mut leaving.garbage);
            core.write_leaving(shard, Core::<F>::WRITES, &mut leaving, |session| {
                lead.end(session, offer, &mut stored, false)
            });
        }
        let told = stored.as_ref().map_or(answer.as_ref(), Ok);
        lead.flight.tell_all(|| match told {
            Ok(value) => Told::Loaded(value.clone()),
            Err(error) => {
                let error = Arc::clone(error);
                Told::Failed(error)
            }
        });
        drop(lead);
        match stored {
            Some(value) => Ok(value),
            None => answer.map_err(LoadError::Failed),
        }
    }

    /// Ends the flight. Stores the value on offer. If the key has a value by now, that one is copied to `stored`.
    ///
    /// A value without room is evicted at once. But if it `may_wait` for evictions in other shards, the flight goes on,
    /// and this returns the units that are needed.
    #[track_caller]
    fn end(
        &self,
        session: &mut Session<'_, Core<F>>,
        offer: &mut Offer<F::Key, F::Value>,
        stored: &mut Option<Box<F::Value>>,
        may_wait: bool,
    ) -> Option<Units> {
        let Lead { core, hash, ref flight, .. } = *self;
        let counts = session.shard().counts();
        let Landed { key, is_current } = core.with_flights(hash, counts, |registry| registry.land(hash, flight))?;
        offer.set_key(key);
        let is_to_store = is_current && offer.value.is_some();
        if let Some(slot) = session.find_offered(hash, offer) {
            if F::Policy::REFRESH_AFTER.is_some() && is_to_store {
                if session.exchange(slot, hash, offer, self.ttl).is_err() {
                    session.depart_offered(offer, Cause::Evicted);
                }
            } else {
                // A value that was stored meanwhile wins, and an old value is better than an error.
                *stored = Some(Box::new(session.value(slot).clone()));
            }
            return None;
        }
        if !is_to_store {
            return None;
        }
        let weight = session.weight_of(offer);
        let fits = session.fits(weight);
        if fits && session.insert(hash, offer, self.ttl).is_some() {
            return None;
        }
        if may_wait
            && fits
            && let Some(key) = offer.take_key()
        {
            core.with_flights(hash, counts, |registry| {
                registry.resume(hash, flight, key);
                Some(())
            });
            return Some(weight.units());
        }
        session.depart_offered(offer, Cause::Evicted);
        None
    }
}

impl<F: FieldTypes> Drop for Lead<'_, F> {
    fn drop(&mut self) {
        // If the loader has not ended, it has panicked, or its future is dropped.
        self.finish(true);
        // First, since the next leader may wait for a loader that this call is a part of.
        self.need = None;
        if self.flight.give_up() {
            self.core.forget(self.hash, &self.flight);
        }
        if let Some((time, is_failure)) = self.ended {
            events::load_ended(names_of::<F::Policy>(), self.hash, time, is_failure, order::is_inside());
        }
    }
}
