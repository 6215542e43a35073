//! What a load is made of: from the looking for the key to the storing of what was loaded, see [`flight`](crate::flight).

use super::{
    Key, Value,
    core::{Core, Open},
    garbage::{Drops, Garbage},
};
use crate::{
    LoadError, Policy,
    flight::{Boarded, Flight, Landed, Need, Registry, Told, within},
    lock::Serves,
    order,
    shards::{Access, Beside, Runs},
    table::Offer,
};
use std::{future::poll_fn, panic::Location, pin::pin, sync::Arc};

/// What a call has come by.
pub(super) enum Approach<'a, K, V, P: Policy, S> {
    /// The value: it is stored, or someone else has loaded it.
    Value(V),
    /// The load.
    Lead(Lead<'a, K, V, P, S>),
}

/// The right to load the value of a key, and the duty: whoever drops it hands it on.
pub(super) struct Lead<'a, K, V, P: Policy, S> {
    core: &'a Core<K, V, P, S>,
    hash: u64,
    flight: Arc<Flight<V>>,
    need: Option<Need>,
}

/// The wait for someone else's load, which ends when this is dropped.
struct Waiting<'a, K, V, P: Policy, S> {
    core: &'a Core<K, V, P, S>,
    hash: u64,
    flight: Arc<Flight<V>>,
    ticket: u64,
    need: Option<Need>,
}

/// What was found for a key.
enum Found<'a, K, V, P: Policy, S> {
    Value(V),
    Lead(Lead<'a, K, V, P, S>),
    Waiting(Waiting<'a, K, V, P, S>),
}

impl<K, V, P: Policy, S> Core<K, V, P, S> {
    /// Looks whether this thread may load: from inside of no shard, since it may have to wait for another load.
    #[inline]
    pub(super) fn check_load(&self, hash: u64, at: &Location<'_>) {
        self.shards.check_outside(self.route(hash), at);
    }

    /// Polls a load where that is allowed.
    pub(super) async fn check_polls<F: Future>(&self, hash: u64, at: &Location<'_>, load: F) -> F::Output {
        let mut load = pin!(load);
        let poll = poll_fn(|context| {
            self.check_load(hash, at);
            load.as_mut().poll(context)
        });
        poll.await
    }

    /// Comes by the value of a key, having waited for whoever loads it, or by the load.
    pub(super) async fn approach<E>(&self, hash: u64, key: K) -> Result<Approach<'_, K, V, P, S>, LoadError<E>>
    where
        K: Key,
        V: Value + Clone,
        E: Send + Sync + 'static,
    {
        let mut key = Some(key);
        loop {
            let waiting = match self.find_flight(hash, &mut key)? {
                Found::Value(value) => return Ok(Approach::Value(value)),
                Found::Lead(lead) => return Ok(Approach::Lead(lead)),
                Found::Waiting(waiting) => waiting,
            };
            match poll_fn(|context| waiting.flight.poll(waiting.ticket, context.waker().clone())).await {
                Told::Loaded(value) => return Ok(Approach::Value(value)),
                Told::Failed(error) => {
                    // Where it is of another type than this call's, this call has to find out for itself.
                    if let Ok(error) = error.downcast() {
                        return Err(LoadError::Failed(error));
                    }
                }
                Told::Lead => {
                    let lead = waiting.into_lead();
                    if lead.is_current() {
                        return Ok(Approach::Lead(lead));
                    }
                }
                Told::Again => {}
            }
        }
    }

    /// The load of a key whose entry was just found, if it is old and nobody else loads it.
    #[inline]
    pub(super) fn refresh(&self, hash: u64, key: K) -> Option<Lead<'_, K, V, P, S>>
    where
        K: Key,
        P::Lock: Serves<K, V>,
    {
        let is_old = P::REFRESH_AFTER.is_some() && self.has_old(hash, &key, <P::Lock as Serves<K, V>>::COPIES);
        if is_old { self.lead_refresh(hash, key) } else { None }
    }

    #[cold]
    fn lead_refresh(&self, hash: u64, key: K) -> Option<Lead<'_, K, V, P, S>>
    where
        K: Key,
    {
        let shard = self.route(hash);
        self.flights.prepare(self.shard_count());
        let mut key = Some(key);
        let mut forgotten = Garbage::new();
        // Out here, as below.
        let mut lead = None;
        self.write(shard, Runs::Nothing, |locked| {
            // It may have been loaded, or have gone, meanwhile.
            let Some(slot) = key.as_ref().and_then(|key| locked.find(hash, key)) else { return };
            if !locked.is_old(slot, hash) {
                return;
            }
            self.flights.tidy(shard, |key| forgotten.push((key, ())));
            let flight = self.with_flights(shard, locked.open, |registry| registry.lead(hash, &mut key));
            lead = flight.map(|flight| Lead { core: self, hash, flight, need: None });
        });
        let mut lead = lead?;
        // Where the one who leads would wait for itself, it is served what there is.
        lead.need = Need::of_this(lead.flight.id()).ok()?;
        Some(lead)
    }

    /// Looks for the value of a key, or else for its flight. If that begins now, it has the key.
    fn find_flight<E>(&self, hash: u64, key: &mut Option<K>) -> Result<Found<'_, K, V, P, S>, LoadError<E>>
    where
        K: Key,
        V: Clone,
    {
        let shard = self.route(hash);
        self.flights.prepare(self.shard_count());
        let mut forgotten = Garbage::new();
        // Out here, as it takes the shard's lock when it is dropped, and the clock, say, may panic after it was found.
        let mut found = None;
        self.write(shard, Runs::Nothing, |locked| {
            if let Some(slot) = key.as_ref().and_then(|key| locked.find(hash, key)) {
                locked.used(slot);
                found = Some(Found::Value(locked.value(slot).clone()));
                return;
            }
            self.flights.tidy(shard, |key| forgotten.push((key, ())));
            found = self.with_flights(shard, locked.open, |registry| registry.board(hash, key)).map(|boarded| {
                let core = self;
                match boarded {
                    Boarded::Lead(flight) => Found::Lead(Lead { core, hash, flight, need: None }),
                    Boarded::Wait(flight, ticket) => Found::Waiting(Waiting { core, hash, flight, ticket, need: None }),
                }
            });
        });
        let mut found = found.expect("a key is looked for");
        if let Found::Lead(Lead { flight, need, .. }) | Found::Waiting(Waiting { flight, need, .. }) = &mut found {
            *need = Need::of_this(flight.id()).map_err(|_| LoadError::Recursive)?;
        }
        Ok(found)
    }

    /// Lends the flights of a shard whose exclusive lock is held.
    fn with_flights<R>(
        &self,
        shard: usize,
        open: &Open,
        lend: impl FnOnce(&mut Registry<K, V>) -> Option<R>,
    ) -> Option<R> {
        self.flights.with(shard, |registry| {
            let result = lend(registry);
            open.loads.set(registry.len() as u64);
            result
        })?
    }

    /// Forgets a flight that nobody leads; if it can't be now, a later call that looks for a flight does.
    #[cold]
    fn forget(&self, hash: u64, flight: &Arc<Flight<V>>) {
        let shard = self.route(hash);
        if order::is_inside() {
            // A future may be dropped in a closure, which is no reason to panic.
            self.flights.set_adrift(shard, hash, flight);
            return;
        }
        let key = self.shards.write(shard, Access::Unrecorded, |Beside { open, .. }, _| {
            self.with_flights(shard, open, |registry| registry.forget_adrift(hash, flight))
        });
        let mut drops = Drops::default();
        drops.drop_each(key.map(|key| (key, ())).into_iter());
        drops.end();
    }
}

impl<K, V, P: Policy, S> Lead<'_, K, V, P, S> {
    /// Runs a loader.
    pub(super) fn run<R>(&self, load: impl FnOnce() -> R) -> R {
        within(self.flight.id(), load)
    }

    /// Runs a loader that is a future.
    pub(super) async fn poll<F: Future>(&self, load: impl FnOnce() -> F) -> F::Output {
        let mut load = pin!(self.run(load));
        poll_fn(|context| self.run(|| load.as_mut().poll(context))).await
    }

    /// Stores what was loaded, unless the key was put in, changed or taken out meanwhile, and tells those who wait. Answers what the callers get.
    #[track_caller]
    pub(super) fn land<E>(self, loaded: Result<V, E>) -> Result<V, LoadError<E>>
    where
        K: Key,
        V: Clone,
        E: Send + Sync + 'static,
    {
        let Lead { core, hash, ref flight, .. } = self;
        // The copy comes first: if it can't be made, this is a load that has panicked.
        let (mut value, loaded) = match loaded {
            Ok(value) => {
                let copy = value.clone();
                (Some(value), Ok(copy))
            }
            Err(error) => (None, Err(Arc::new(error))),
        };
        let (mut offer, mut replaced) = (None, None);
        let shard = core.route(hash);
        let stored = core.write(shard, Runs::Nothing, |locked| {
            let landed = core.with_flights(shard, locked.open, |registry| registry.land(hash, flight))?;
            let Landed { key, is_current } = landed;
            let offer = offer.insert(Offer::of_key(key));
            if let Some(slot) = locked.find_offered(hash, offer) {
                if P::REFRESH_AFTER.is_some() && is_current && value.is_some() {
                    offer.value = value.take();
                    replaced = locked.hand_replaced(slot, hash, offer, None);
                    return None;
                }
                // What was put in wins, and what is old is better than an error.
                return Some(locked.value(slot).clone());
            }
            if is_current {
                offer.value = value.take();
                // Where it is refused the callers get it all the same.
                let fits = offer.value.is_some() && locked.fits(locked.units_of(offer));
                let _stored = fits && locked.insert(hash, offer, None, !P::PINS);
            }
            None
        });
        drop(replaced);
        let result = stored.map_or(loaded, Ok);
        flight.tell_all(|| match &result {
            Ok(value) => Told::Loaded(value.clone()),
            Err(error) => {
                let error = Arc::clone(error);
                Told::Failed(error)
            }
        });
        result.map_err(LoadError::Failed)
    }

    /// Whether it is still worth loading. Where the key was put in or taken out since the flight began, this one ends, and all look again.
    fn is_current(&self) -> bool {
        let Lead { core, hash, flight, .. } = self;
        let shard = core.route(*hash);
        let landed = core.shards.write(shard, Access::Unrecorded, |Beside { open, .. }, _| {
            core.with_flights(shard, open, |registry| {
                if registry.is_current(*hash, flight) { None } else { registry.land(*hash, flight) }
            })
        });
        if landed.is_some() {
            flight.tell_all(|| Told::Again);
        }
        landed.is_none()
    }
}

impl<K, V, P: Policy, S> Drop for Lead<'_, K, V, P, S> {
    fn drop(&mut self) {
        // Whoever has the lead next may need what this one was part of.
        self.need = None;
        if self.flight.give_up() {
            self.core.forget(self.hash, &self.flight);
        }
    }
}

impl<'a, K, V, P: Policy, S> Waiting<'a, K, V, P, S> {
    /// For who was told that the lead is theirs: what is dropped here has nothing to hand on any more.
    fn into_lead(mut self) -> Lead<'a, K, V, P, S> {
        Lead { core: self.core, hash: self.hash, flight: Arc::clone(&self.flight), need: self.need.take() }
    }
}

impl<K, V, P: Policy, S> Drop for Waiting<'_, K, V, P, S> {
    fn drop(&mut self) {
        self.need = None;
        if self.flight.leave(self.ticket) {
            self.core.forget(self.hash, &self.flight);
        }
    }
}
