//! Loads of missing values. A call searches for the key. If it has no value, the call leads its load, or waits for the
//! caller that does. See [`flight`](crate::field::flight).
//!
//! Listeners and the `Drop` of keys and values are user code, which may load keys itself. So while a thread leads a
//! flight, none of it runs outside of the loader: the search for a flight takes nothing out of the map. For entries
//! that a load takes out, listeners and `Drop` run after the waiting callers have their result.

use super::{
    core::Core,
    lead::Lead,
    types::{FieldTypes, UsableTypes},
};
use crate::{
    LoadError, Policy,
    bounds::owned_key,
    clock::Nanos,
    contain::Drops,
    engine::session::Session,
    field::flight::{Boarded, Flight, Need, Told, block_on},
    hasher::KeyHash,
    observe::tally::Event,
    record::Operation,
    shard::access::Access,
};

use std::{borrow::Borrow, future::poll_fn, hash::Hash, panic::Location, pin::pin, sync::Arc};

/// The result of a call that loads, for its key.
enum Approach<'a, F: FieldTypes> {
    /// The value, which is stored or was loaded by another call. Boxed, since waiting callers get it in a box.
    Value(Box<F::Value>),
    /// The load, which this call must run.
    Lead(Lead<'a, F>),
}

/// The wait for the load of another call. Dropping it ends the wait.
struct Waiting<'a, F: FieldTypes> {
    core: &'a Core<F>,
    hash: KeyHash,
    flight: Arc<Flight<F::Value>>,
    ticket: u64,
    need: Option<Need>,
}

/// The load that replaces an old value. The lead is declared first, so it is dropped first.
struct Refresh<'a, F: FieldTypes> {
    lead: Lead<'a, F>,
    old: Box<F::Value>,
}

/// The result of one search for a key.
enum Search<'a, F: FieldTypes> {
    Value(Box<F::Value>),
    Lead(Lead<'a, F>),
    Waiting(Waiting<'a, F>),
}

impl<F: UsableTypes<Value: Clone>> Core<F> {
    /// Checks that this thread is inside no shard, since a call that loads may have to wait for another load.
    #[inline]
    fn check_load(&self, hash: KeyHash, at: &Location<'_>) {
        self.shards.check_outside(self.route(hash), at);
    }

    /// A copy of the value of a key, if it has one.
    #[inline]
    fn copy_of(&self, hash: KeyHash, key: Option<&F::Key>) -> Option<F::Value> {
        self.read_hashed(hash, key?, Self::TRAITS, F::Value::clone)
    }

    /// Gets the value of a key, or the lead of its load. Waits while another call loads it. A load that begins now
    /// takes the key.
    async fn approach<E>(&self, hash: KeyHash, key: &mut Option<F::Key>) -> Result<Approach<'_, F>, LoadError<E>>
    where
        E: Send + Sync + 'static,
    {
        loop {
            let waiting = match self.find_flight(hash, key)? {
                Search::Value(value) => return Ok(Approach::Value(value)),
                Search::Lead(lead) => return Ok(Approach::Lead(lead)),
                Search::Waiting(waiting) => waiting,
            };
            self.count_many(Event::LoadWait, 1);
            match poll_fn(|context| waiting.flight.poll(waiting.ticket, context)).await {
                Told::Loaded(value) => return Ok(Approach::Value(value)),
                Told::Failed(error) => {
                    // An error of another type can't be returned, so this call loads for itself.
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

    /// The lead of a refresh of an entry that was just found, if the entry is old and no other call refreshes it. Takes
    /// the key.
    #[inline]
    fn refresh(&self, hash: KeyHash, key: &mut Option<F::Key>, ttl: Option<Nanos>) -> Option<Lead<'_, F>> {
        if self.needs_refresh(hash, key.as_ref()?, ttl) { self.lead_refresh(hash, key, ttl) } else { None }
    }

    #[cold]
    fn lead_refresh(&self, hash: KeyHash, key: &mut Option<F::Key>, ttl: Option<Nanos>) -> Option<Lead<'_, F>> {
        let shard = self.prepare_flights(hash);
        // Declared outside the session, as in `find_flight`.
        let mut lead = None;
        self.peek_session(shard, |session| {
            // It may have been refreshed or removed meanwhile.
            let Some(slot) = key.as_ref().and_then(|key| session.find_live(hash, key)) else { return };
            if session.deadline(slot).is_some_and(|deadline| self.is_old(hash, deadline, ttl)) {
                let flight = self.with_flights(hash, session.shard().counts(), |registry| registry.lead(hash, key));
                lead = flight.map(|flight| Lead::new(self, hash, flight, Event::Refresh));
            }
        });
        let mut lead = lead?;
        // A call that would wait for itself gets the old value.
        lead.need = Need::of_this(lead.flight.id()).ok()?;
        Some(lead)
    }

    /// Searches for the value of a key, or else for its flight. A flight that begins now takes the key.
    ///
    /// An entry that has expired counts as missing. It stays until the load ends.
    fn find_flight<E>(&self, hash: KeyHash, key: &mut Option<F::Key>) -> Result<Search<'_, F>, LoadError<E>> {
        let shard = self.prepare_flights(hash);
        // Declared outside the session, since the drop of a lead takes the shard's lock, and a clock may panic after
        // the lead was made.
        let mut found = None;
        self.peek_session(shard, |session| {
            if let Some(slot) = key.as_ref().and_then(|key| session.find_live(hash, key)) {
                session.note_use(slot);
                found = Some(Search::Value(Box::new(session.value(slot).clone())));
                return;
            }
            found = self.with_flights(hash, session.shard().counts(), |registry| registry.board(hash, key)).map(
                |boarded| {
                    let core = self;
                    match boarded {
                        Boarded::Lead(flight) => Search::Lead(Lead::new(core, hash, flight, Event::Load)),
                        Boarded::Wait(flight, ticket) => {
                            Search::Waiting(Waiting { core, hash, flight, ticket, need: None })
                        }
                    }
                },
            );
        });
        let mut found = found.expect("a key is looked for");
        if let Search::Lead(Lead { flight, need, .. }) | Search::Waiting(Waiting { flight, need, .. }) = &mut found {
            *need = Need::of_this(flight.id()).map_err(|_| LoadError::Recursive)?;
        }
        Ok(found)
    }

    /// Opens a session that takes nothing out. The only user code in it is `Eq` and `Clone`.
    fn peek_session(&self, shard: usize, look: impl FnOnce(&mut Session<'_, Self>)) {
        self.session(shard, Self::TRAITS, None, look);
    }

    /// Prepares the shard of a hash for flights, and removes flights without a leader there. Returns the shard.
    fn prepare_flights(&self, hash: KeyHash) -> usize {
        let shard = self.route(hash);
        self.flights.prepare(self.shard_count());
        if self.flights.has_adrift(shard) {
            // Their keys are dropped before the caller leads a flight.
            let mut forgotten = Vec::new();
            self.shards.write(shard, Access::Unrecorded, |extras, _| {
                self.flights.tidy(shard, |key| forgotten.push(key));
                self.with_flights(hash, extras.counts(), |_| Some(()))
            });
            let mut drops = Drops::default();
            for key in forgotten {
                drops.watch(|| drop(key));
            }
            drops.end();
        }
        shard
    }

    /// Returns the value of a key, after a load if it has none. What is loaded lives for this long or the declared
    /// time.
    #[inline]
    #[track_caller]
    pub(crate) fn load<E>(
        &self,
        key: F::Key,
        load: impl FnOnce() -> Result<F::Value, E>,
        at: &Location<'_>,
        ttl: Option<Nanos>,
    ) -> Result<F::Value, LoadError<E>>
    where
        E: Send + Sync + 'static,
    {
        let hash = self.hash_for(Operation::Load, &key);
        self.check_load(hash, at);
        // Declared before the lead, so that its `Drop` runs after the lead has ended.
        let mut key = Some(key);
        if let Some(value) = self.copy_of(hash, key.as_ref()) {
            let Some(ours) = self.refresh(hash, &mut key, ttl) else { return Ok(value) };
            return ours.living(ttl).load(load).map(|loaded| *loaded);
        }
        match block_on(self.approach(hash, &mut key))? {
            Approach::Value(value) => Ok(*value),
            Approach::Lead(ours) => ours.living(ttl).load(load).map(|loaded| *loaded),
        }
    }

    /// As [`load`](Core::load), for a key that is made if there is something to load.
    #[inline]
    #[track_caller]
    pub(crate) fn load_ref<Q, E>(
        &self,
        key: &Q,
        load: impl FnOnce() -> Result<F::Value, E>,
        at: &Location<'_>,
        ttl: Option<Nanos>,
    ) -> Result<F::Value, LoadError<E>>
    where
        F::Key: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = F::Key> + ?Sized,
        E: Send + Sync + 'static,
    {
        let hash = self.hash_for(Operation::Load, key);
        self.check_load(hash, at);
        let mut owned;
        if let Some(value) = self.read_hashed(hash, key, Self::TRAITS, F::Value::clone) {
            if !self.needs_refresh(hash, key, ttl) {
                return Ok(value);
            }
            owned = Some(owned_key(key));
            let Some(ours) = self.lead_refresh(hash, &mut owned, ttl) else { return Ok(value) };
            return ours.living(ttl).load(load).map(|loaded| *loaded);
        }
        owned = Some(owned_key(key));
        match block_on(self.approach(hash, &mut owned))? {
            Approach::Value(value) => Ok(*value),
            Approach::Lead(ours) => ours.living(ttl).load(load).map(|loaded| *loaded),
        }
    }

    /// Whether the value of a key is to be loaded anew.
    #[inline]
    fn needs_refresh<Q: Eq + ?Sized>(&self, hash: KeyHash, key: &Q, ttl: Option<Nanos>) -> bool
    where
        F::Key: Borrow<Q>,
    {
        F::Policy::REFRESH_AFTER.is_some() && self.has_old(hash, key, ttl)
    }

    /// The future of a call that loads. `finish` turns its result into the result of the call.
    ///
    /// The future is small: the part for a missing value lies on the heap, as does the loader's own future, and no
    /// value lies in it.
    pub(crate) fn load_async<E, L, R>(
        &self,
        key: F::Key,
        load: impl FnOnce() -> L,
        at: &'static Location<'static>,
        ttl: Option<Nanos>,
        finish: impl FnOnce(Result<F::Value, LoadError<E>>) -> R,
    ) -> impl Future<Output = R>
    where
        E: Send + Sync + 'static,
        L: Future<Output = Result<F::Value, E>>,
    {
        let mut key = Some(key);
        async move {
            let Some(hash) = key.as_ref().map(|key| self.hash_for(Operation::Load, key)) else {
                unreachable!("a future is polled to its end once");
            };
            self.check_load(hash, at);
            let refresh = match self.copy_of(hash, key.as_ref()) {
                Some(value) => match self.refresh(hash, &mut key, ttl) {
                    Some(ours) => Some(Refresh { lead: ours, old: Box::new(value) }),
                    None => return finish(Ok(value)),
                },
                None => None,
            };
            finish(self.load_boxed((hash, key), load, refresh, at, ttl).await.map(|value| *value))
        }
    }

    /// As [`load_async`](Core::load_async), for a key that is made if there is something to load.
    pub(crate) async fn load_async_ref<Q, E, L, R>(
        &self,
        key: &Q,
        load: impl FnOnce() -> L,
        at: &'static Location<'static>,
        ttl: Option<Nanos>,
        finish: impl FnOnce(Result<F::Value, LoadError<E>>) -> R,
    ) -> R
    where
        F::Key: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = F::Key> + ?Sized,
        E: Send + Sync + 'static,
        L: Future<Output = Result<F::Value, E>>,
    {
        let hash = self.hash_for(Operation::Load, key);
        self.check_load(hash, at);
        let mut owned = None;
        let refresh = match self.read_hashed(hash, key, Self::TRAITS, F::Value::clone) {
            Some(value) if !self.needs_refresh(hash, key, ttl) => return finish(Ok(value)),
            Some(value) => match self.lead_refresh(hash, owned.insert(Some(owned_key(key))), ttl) {
                Some(ours) => Some(Refresh { lead: ours, old: Box::new(value) }),
                None => return finish(Ok(value)),
            },
            None => None,
        };
        let key = owned.unwrap_or_else(|| Some(owned_key(key)));
        finish(self.load_boxed((hash, key), load, refresh, at, ttl).await.map(|value| *value))
    }

    /// The part of a load for a missing or an old value, on the heap.
    fn load_boxed<E, L>(
        &self,
        (hash, key): (KeyHash, Option<F::Key>),
        load: impl FnOnce() -> L,
        refresh: Option<Refresh<'_, F>>,
        at: &'static Location<'static>,
        ttl: Option<Nanos>,
    ) -> impl Future<Output = Result<Box<F::Value>, LoadError<E>>>
    where
        E: Send + Sync + 'static,
        L: Future<Output = Result<F::Value, E>>,
    {
        let mut loaded = Box::pin(self.load_missing(hash, key, load, refresh, ttl));
        poll_fn(move |context| {
            self.check_load(hash, at);
            loaded.as_mut().poll(context)
        })
    }

    /// Loads or refreshes the value of a key, or waits for another call that does.
    async fn load_missing<E, L>(
        &self,
        hash: KeyHash,
        mut key: Option<F::Key>,
        load: impl FnOnce() -> L,
        refresh: Option<Refresh<'_, F>>,
        ttl: Option<Nanos>,
    ) -> Result<Box<F::Value>, LoadError<E>>
    where
        E: Send + Sync + 'static,
        L: Future<Output = Result<F::Value, E>>,
    {
        // The loader and an old value are declared before the lead, so they are dropped after it.
        let mut load = pin!(async { Box::new(load().await) });
        let _old;
        let mut ours = match refresh {
            Some(Refresh { lead: ours, old }) => {
                _old = old;
                ours
            }
            None => match self.approach(hash, &mut key).await? {
                Approach::Value(value) => return Ok(value),
                Approach::Lead(ours) => ours,
            },
        };
        ours.ttl = ttl;
        let loaded = ours.poll(load.as_mut()).await;
        ours.land(|_| *loaded)
    }
}

impl<'a, F: FieldTypes> Waiting<'a, F> {
    /// The lead, for a waiter that was told to take it. The drop of the waiter then passes on nothing.
    fn into_lead(mut self) -> Lead<'a, F> {
        let mut lead = Lead::new(self.core, self.hash, Arc::clone(&self.flight), Event::Load);
        lead.need = self.need.take();
        lead
    }
}

impl<F: FieldTypes> Drop for Waiting<'_, F> {
    fn drop(&mut self) {
        self.need = None;
        if self.flight.leave(self.ticket) {
            self.core.forget(self.hash, &self.flight);
        }
    }
}
