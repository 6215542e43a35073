//! What a load is made of: from the looking for the key to the storing of what was loaded, see [`flight`](super::flight).
//!
//! Listeners and the `Drop` of keys and values may load keys themselves. So none of them runs while this thread leads a flight, but in the
//! loader: to look for a flight takes nothing out of the map, and what a landing takes out is told and dropped after those who wait have their
//! answer.

use super::{core::Core, recorded::IsTimed};
use crate::{
    Key, LoadError, Policy, Value,
    contain::Drops,
    engine::{cause::Cause, session::Session, status::ShardStatus, table::Offer},
    field::flight::{Boarded, Flight, Landed, Need, Registry, Told, within},
    lock::Serves,
    record::{Operation, Timed},
    shard::access::{Access, UserCode},
    shard::order,
};

use std::{
    future::poll_fn,
    hash::BuildHasher,
    panic::Location,
    pin::{Pin, pin},
    sync::Arc,
};

/// What a call has come by.
pub(crate) enum Approach<'a, K, V, P: Policy, S> {
    /// The value: it is stored, or someone else has loaded it. Boxed, as is what those who wait are told.
    Value(Box<V>),
    /// The load.
    Lead(Lead<'a, K, V, P, S>),
}

/// The right to load the value of a key, and the duty: whoever drops it hands it on.
pub(crate) struct Lead<'a, K, V, P: Policy, S> {
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

/// The load of a value that is old. The lead comes first, so it is dropped first.
struct Refresh<'a, K, V, P: Policy, S> {
    lead: Lead<'a, K, V, P, S>,
    old: Box<V>,
}

/// What was found for a key.
enum Found<'a, K, V, P: Policy, S> {
    Value(Box<V>),
    Lead(Lead<'a, K, V, P, S>),
    Waiting(Waiting<'a, K, V, P, S>),
}

impl<K, V, P: Policy, S> Core<K, V, P, S> {
    /// Looks whether this thread may load: from inside of no shard, since it may have to wait for another load.
    #[inline]
    pub(crate) fn check_load(&self, hash: u64, at: &Location<'_>) {
        self.shards.check_outside(self.route(hash), at);
    }

    /// A copy of the value of a key, if it has one.
    #[inline]
    pub(crate) fn copy_of(&self, hash: u64, key: Option<&K>) -> Option<V>
    where
        K: Key,
        V: Value + Clone,
        P::Lock: Serves<K, V>,
    {
        self.read(hash, key?, <P::Lock as Serves<K, V>>::COPIES, UserCode::Traits, V::clone)
    }

    /// Comes by the value of a key, having waited for whoever loads it, or by the load, which may take the key.
    pub(crate) async fn approach<E>(
        &self,
        hash: u64,
        key: &mut Option<K>,
    ) -> Result<Approach<'_, K, V, P, S>, LoadError<E>>
    where
        K: Key,
        V: Value + Clone,
        E: Send + Sync + 'static,
    {
        loop {
            let waiting = match self.find_flight(hash, key)? {
                Found::Value(value) => return Ok(Approach::Value(value)),
                Found::Lead(lead) => return Ok(Approach::Lead(lead)),
                Found::Waiting(waiting) => waiting,
            };
            match poll_fn(|context| waiting.flight.poll(waiting.ticket, context)).await {
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

    /// The load of a key whose entry was just found, if it is old and nobody else loads it. That may take the key.
    #[inline]
    pub(crate) fn refresh(&self, hash: u64, key: &mut Option<K>) -> Option<Lead<'_, K, V, P, S>>
    where
        K: Key,
        V: Value,
        P::Lock: Serves<K, V>,
    {
        let copies = <P::Lock as Serves<K, V>>::COPIES;
        let is_old = P::REFRESH_AFTER.is_some() && self.has_old(hash, key.as_ref()?, copies);
        if is_old { self.lead_refresh(hash, key) } else { None }
    }

    #[cold]
    fn lead_refresh(&self, hash: u64, key: &mut Option<K>) -> Option<Lead<'_, K, V, P, S>>
    where
        K: Key,
        V: Value,
    {
        let shard = self.prepare_flights(hash);
        // Out here, as below.
        let mut lead = None;
        self.look(shard, |session| {
            // It may have been loaded, or have gone, meanwhile.
            let Some(slot) = key.as_ref().and_then(|key| session.find_live(hash, key)) else { return };
            if session.deadline(slot).is_some_and(|deadline| self.is_old(hash, deadline)) {
                let flight = self.with_flights(shard, session.shard().status(), |registry| registry.lead(hash, key));
                lead = flight.map(|flight| Lead { core: self, hash, flight, need: None });
            }
        });
        let mut lead = lead?;
        // Where the one who leads would wait for itself, it is served what there is.
        lead.need = Need::of_this(lead.flight.id()).ok()?;
        Some(lead)
    }

    /// Looks for the value of a key, or else for its flight. If that begins now, it has the key.
    ///
    /// An entry that has expired counts as none, and stays until the flight lands.
    fn find_flight<E>(&self, hash: u64, key: &mut Option<K>) -> Result<Found<'_, K, V, P, S>, LoadError<E>>
    where
        K: Key,
        V: Value + Clone,
    {
        let shard = self.prepare_flights(hash);
        // Out here, as it takes the shard's lock when it is dropped, and the clock, say, may panic after it was found.
        let mut found = None;
        self.look(shard, |session| {
            if let Some(slot) = key.as_ref().and_then(|key| session.find_live(hash, key)) {
                session.used(slot);
                found = Some(Found::Value(Box::new(session.value(slot).clone())));
                return;
            }
            found = self.with_flights(shard, session.shard().status(), |registry| registry.board(hash, key)).map(
                |boarded| {
                    let core = self;
                    match boarded {
                        Boarded::Lead(flight) => Found::Lead(Lead { core, hash, flight, need: None }),
                        Boarded::Wait(flight, ticket) => {
                            Found::Waiting(Waiting { core, hash, flight, ticket, need: None })
                        }
                    }
                },
            );
        });
        let mut found = found.expect("a key is looked for");
        if let Found::Lead(Lead { flight, need, .. }) | Found::Waiting(Waiting { flight, need, .. }) = &mut found {
            *need = Need::of_this(flight.id()).map_err(|_| LoadError::Recursive)?;
        }
        Ok(found)
    }

    /// Lends a shard to look for a flight in it, by code that takes out nothing: of the user's, only `Eq` and `Clone` run.
    fn look(&self, shard: usize, look: impl FnOnce(&mut Session<'_, Self>)) {
        self.session(shard, UserCode::Traits.access::<K, V>(), None, look);
    }

    /// Makes the shard of a hash ready for flights, and forgets some that nobody leads. Answers the shard.
    fn prepare_flights(&self, hash: u64) -> usize
    where
        K: Key,
        V: Value,
    {
        let shard = self.route(hash);
        self.flights.prepare(self.shard_count());
        if self.flights.has_adrift(shard) {
            // Their keys are dropped here, before the caller leads a flight.
            let mut forgotten = Vec::new();
            self.shards.write(shard, Access::Unrecorded, |extras, _| {
                self.flights.tidy(shard, |key| forgotten.push(key));
                self.with_flights(shard, extras.status(), |_| Some(()))
            });
            let mut drops = Drops::default();
            for key in forgotten {
                drops.watch(|| drop(key));
            }
            drops.end();
        }
        shard
    }

    /// What the async calls that load do, with what they make of the result.
    ///
    /// The future is small: what is to be done when the value is not there, the loader's own future included, is on the heap, and no value
    /// is a part of it.
    pub(crate) fn load_async<E, F, R>(
        &self,
        key: K,
        load: impl FnOnce() -> F,
        at: &'static Location<'static>,
        finish: impl FnOnce(Result<V, LoadError<E>>) -> R,
    ) -> impl Future<Output = R>
    where
        K: Key,
        V: Value + Clone,
        P::Lock: Serves<K, V>,
        S: BuildHasher + Default + 'static,
        E: Send + Sync + 'static,
        F: Future<Output = Result<V, E>>,
    {
        let mut key = Some(key);
        async move {
            let Some((hash, is_timed)) = key.as_ref().map(|key| self.hash_timed(Operation::Load, key)) else {
                unreachable!("a future is polled to its end once");
            };
            self.check_load(hash, at);
            let refresh = match self.copy_of(hash, key.as_ref()) {
                Some(value) => match self.refresh(hash, &mut key) {
                    Some(ours) => Some(Refresh { lead: ours, old: Box::new(value) }),
                    None => return finish(Ok(value)),
                },
                None => None,
            };
            let mut loaded = Box::pin(self.load_missing(hash, is_timed, key, load, refresh));
            let loaded = poll_fn(|context| {
                self.check_load(hash, at);
                loaded.as_mut().poll(context)
            });
            finish(loaded.await.map(|value| *value))
        }
    }

    /// Waits for the value of a key that is not there, or is to be refreshed, or loads it.
    async fn load_missing<E, F>(
        &self,
        hash: u64,
        is_timed: IsTimed,
        mut key: Option<K>,
        load: impl FnOnce() -> F,
        refresh: Option<Refresh<'_, K, V, P, S>>,
    ) -> Result<Box<V>, LoadError<E>>
    where
        K: Key,
        V: Value + Clone,
        E: Send + Sync + 'static,
        F: Future<Output = Result<V, E>>,
    {
        // The loader, and a value that is refreshed, are declared before the lead, so they are dropped after the lead has ended.
        let mut load = pin!(async {
            let began = Self::begin(is_timed);
            let loaded = Box::new(load().await);
            self.end(Timed::Miss, began);
            loaded
        });
        let _old;
        let ours = match refresh {
            Some(Refresh { lead: ours, old }) => {
                _old = old;
                ours
            }
            None => match self.approach(hash, &mut key).await? {
                Approach::Value(value) => return Ok(value),
                Approach::Lead(ours) => ours,
            },
        };
        let loaded = ours.poll(load.as_mut()).await;
        ours.land_loaded(loaded)
    }

    /// Lends the flights of a shard whose exclusive lock is held.
    fn with_flights<R>(
        &self,
        shard: usize,
        status: &ShardStatus,
        lend: impl FnOnce(&mut Registry<K, V>) -> Option<R>,
    ) -> Option<R> {
        self.flights.with(shard, |registry| {
            let result = lend(registry);
            status.loads.set(registry.len() as u64);
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
        let key = self.shards.write(shard, Access::Unrecorded, |extras, _| {
            self.with_flights(shard, extras.status(), |registry| registry.forget_adrift(hash, flight))
        });
        drop(key);
    }
}

impl<K, V, P: Policy, S> Lead<'_, K, V, P, S> {
    /// Runs a loader.
    fn run<R>(&self, load: impl FnOnce() -> R) -> R {
        within(self.flight.id(), load)
    }

    /// Runs a loader that is a future, which has not begun.
    async fn poll<F: Future>(&self, mut load: Pin<&mut F>) -> F::Output {
        poll_fn(|context| self.run(|| load.as_mut().poll(context))).await
    }

    /// Runs a loader, and lands.
    #[track_caller]
    pub(crate) fn load<E>(self, load: impl FnOnce() -> Result<V, E>) -> Result<Box<V>, LoadError<E>>
    where
        K: Key,
        V: Value + Clone,
        E: Send + Sync + 'static,
    {
        let mut offer = Offer::without_key();
        let error = match self.run(load) {
            Ok(value) => {
                offer.value = Some(value);
                None
            }
            Err(error) => Some(error),
        };
        self.land(&mut offer, error)
    }

    /// Lands with what a loader that is a future has made.
    #[track_caller]
    #[allow(clippy::boxed_local, reason = "it goes from the box to the offer")]
    fn land_loaded<E>(self, loaded: Box<Result<V, E>>) -> Result<Box<V>, LoadError<E>>
    where
        K: Key,
        V: Value + Clone,
        E: Send + Sync + 'static,
    {
        let mut offer = Offer::without_key();
        let error = match *loaded {
            Ok(value) => {
                offer.value = Some(value);
                None
            }
            Err(error) => Some(error),
        };
        self.land(&mut offer, error)
    }

    /// Stores the value on offer, which was loaded, unless the key was put in, changed or taken out meanwhile, and tells those who wait. Answers
    /// what the callers get. Without a value there is an error.
    #[track_caller]
    fn land<E>(self, offer: &mut Offer<K, V>, error: Option<E>) -> Result<Box<V>, LoadError<E>>
    where
        K: Key,
        V: Value + Clone,
        E: Send + Sync + 'static,
    {
        let core = self.core;
        let shard = core.route(self.hash);
        // The lead is declared last and so ends first, also on a panic. By then nothing else was told or dropped, which runs user code.
        let mut leaving = core.leaving();
        let mut stored = None;
        let answer;
        let lead = self;
        // The copy comes first: if it can't be made, this is a load that has panicked.
        answer = match (&offer.value, error) {
            (_, Some(error)) => Err(Arc::new(error)),
            (Some(value), None) => Ok(Box::new(value.clone())),
            (None, None) => unreachable!("a load makes a value or an error"),
        };
        let lacking = core.write_leaving(shard, UserCode::Traits, &mut leaving, |session| {
            lead.end(session, offer, &mut stored, P::PINS)
        });
        if let Some(units) = lacking {
            core.make_room(lead.hash, units, &mut leaving.garbage);
            core.write_leaving(shard, UserCode::Traits, &mut leaving, |session| {
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

    /// Ends the flight, and stores what was loaded or finds what is `stored`, of which the callers get a copy in its place. What there is no room for is evicted at once; but where entries of
    /// other shards `may_leave` for it, the flight goes on, and this answers how many units it needs.
    #[track_caller]
    fn end(
        &self,
        session: &mut Session<'_, Core<K, V, P, S>>,
        offer: &mut Offer<K, V>,
        stored: &mut Option<Box<V>>,
        may_leave: bool,
    ) -> Option<u64>
    where
        K: Key,
        V: Value + Clone,
    {
        let Lead { core, hash, ref flight, .. } = *self;
        let shard = core.route(hash);
        let Landed { key, is_current } =
            core.with_flights(shard, session.shard().status(), |registry| registry.land(hash, flight))?;
        offer.set_key(key);
        if let Some(slot) = session.find_offered(hash, offer) {
            if P::REFRESH_AFTER.is_some() && is_current && offer.value.is_some() {
                session.exchange(slot, hash, offer, None);
            } else {
                // What was put in wins, and what is old is better than an error.
                *stored = Some(Box::new(session.value(slot).clone()));
            }
        } else if is_current && offer.value.is_some() {
            let units = session.units_of(offer);
            let fits = session.fits(units);
            if !fits || session.insert(hash, offer, None).is_none() {
                if may_leave
                    && fits
                    && let Some(key) = offer.take_key()
                {
                    core.with_flights(shard, session.shard().status(), |registry| {
                        registry.resume(hash, flight, key);
                        Some(())
                    });
                    return Some(units.into());
                }
                session.depart_offered(offer, Cause::Evicted);
            }
        }
        None
    }

    /// Whether it is still worth loading. Where the key was put in or taken out since the flight began, this one ends, and all look again.
    fn is_current(&self) -> bool {
        let Lead { core, hash, flight, .. } = self;
        let shard = core.route(*hash);
        let landed = core.shards.write(shard, Access::Unrecorded, |extras, _| {
            core.with_flights(shard, extras.status(), |registry| {
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
