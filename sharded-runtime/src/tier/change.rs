//! How a write is sent: as one command for one key.

use super::{
    command::{Command, Ttl},
    error::TierError,
    map::{Near, TieredKey, TieredMap, TieredValue},
    read::{bytes, unexpected},
    request::{Name, Request},
    value::{self, Stored},
};
use crate::{Policy, evict::MakesRoom, lock::Serves};
use redis::Value;
use std::{hash::BuildHasher, time::Duration};

/// What the server has under a key, as bytes too.
pub(super) struct Present<V> {
    /// Empty if there is no value.
    pub(super) bytes: Vec<u8>,
    pub(super) value: Option<V>,
}

impl<K, V, P, S> TieredMap<K, V, P, S>
where
    K: TieredKey,
    V: TieredValue,
    P: Policy<Lock: Serves<K, Near<V>>, Eviction: MakesRoom>,
    S: BuildHasher + Default + 'static,
{
    pub(super) async fn put(&self, key: &K, value: &V, ttl: Option<Duration>) -> Result<(), TierError> {
        let name = self.name(key)?;
        let bytes = value::write(value, P::SCHEMA)?;
        self.counts.bytes_sent.add(bytes.len());
        self.change(key, &name, Command::Set { value: &bytes, ttl }).await.map(|_| ())
    }

    pub(super) async fn expire(&self, key: &K, ttl: Option<Duration>) -> Result<bool, TierError> {
        let name = self.name(key)?;
        self.run(key, &name, Command::Expire(ttl)).await
    }

    /// What the server has now. The near cache is not asked.
    pub(super) async fn present(&self, key: &K, name: &Name) -> Result<Present<V>, TierError> {
        let reply = self.ask(name, Command::Get).await?;
        // It may be older than what the caller sees now, and could be served while the server is away.
        self.forget_invalid(key);
        let stored = reply.values.first().ok_or_else(unexpected)?;
        let Some(bytes) = bytes(P::SCHEMA, name, stored)? else {
            return Ok(Present { bytes: Vec::new(), value: None });
        };
        self.counts.bytes_received.add(bytes.len());
        Ok(match value::read(&name.bytes, bytes, P::SCHEMA)? {
            Stored::Value(value) => Present { bytes: bytes.to_vec(), value: Some(value) },
            Stored::Lease => Present { bytes: Vec::new(), value: None },
        })
    }

    /// Replaces what is there if it still is this. Empty bytes stand for nothing.
    pub(super) async fn swap(&self, key: &K, name: &Name, before: &[u8], after: &[u8]) -> Result<bool, TierError> {
        let ttl = if before.is_empty() { Ttl::New(self.ttl) } else { Ttl::Keep };
        self.counts.bytes_sent.add(after.len());
        self.run(key, name, Command::Swap { before, after, ttl }).await
    }

    /// Runs a script that returns whether it has changed something.
    pub(super) async fn run(&self, key: &K, name: &Name, command: Command<'_>) -> Result<bool, TierError> {
        match self.change(key, name, command).await {
            Ok(Value::Int(changed)) => Ok(changed != 0),
            Ok(_) => Err(unexpected()),
            Err(TierError::Refused { message, .. }) if message.contains("WRONGTYPE") => {
                Err(value::wrong_type(&name.bytes, P::SCHEMA))
            }
            Err(TierError::Refused { code, .. }) if code == "WRONGTYPE" => {
                Err(value::wrong_type(&name.bytes, P::SCHEMA))
            }
            Err(error) => Err(error),
        }
    }

    /// Sends a command that changes this key.
    pub(super) async fn change(&self, key: &K, name: &Name, command: Command<'_>) -> Result<Value, TierError> {
        let written = self.servers().write(&[Request { name, command }], self.staleness).await;
        self.forget_written(key, &written);
        written?.into_iter().flat_map(|reply| reply.values).next().ok_or_else(unexpected)
    }

    /// Has no call get what was known before a write, unless nothing was written.
    pub(super) fn forget_written<T>(&self, key: &K, written: &Result<T, TierError>) {
        if !matches!(written, Err(TierError::Unreachable { .. })) {
            self.forget(key);
        }
    }
}
