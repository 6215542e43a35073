//! How a write is sent: as one command for one key.

use super::{
    error::TierError,
    map::{Name, Near, TieredKey, TieredMap, TieredValue},
    read::{bytes, unexpected},
    scripts::{self, EXPIRE, SWAP},
    value::{self, Stored},
};
use crate::{Policy, evict::MakesRoom, lock::Serves};
use redis::{Cmd, Pipeline, Value};
use std::{hash::BuildHasher, time::Duration};

/// Beyond this many milliseconds a time to live is for ever. The server refuses times that end too late.
const LONGEST: u128 = 1 << 52;

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
        self.change(key, &name, set(&name, &bytes, ttl)).await.map(|_| ())
    }

    pub(super) async fn expire(&self, key: &K, ttl: Option<Duration>) -> Result<bool, TierError> {
        let name = self.name(key)?;
        let mut command = scripts::call(EXPIRE, &name.bytes);
        match ttl.map(millis) {
            Some(Some(millis)) => command.arg(millis),
            Some(None) | None => command.arg("none"),
        };
        self.run(key, &name, command).await
    }

    /// What the server has now. The near cache is not asked.
    pub(super) async fn present(&self, name: &Name) -> Result<Present<V>, TierError> {
        let mut commands = Pipeline::new();
        commands.cmd("GET").arg(&name.bytes);
        let reply = self.link().read(&commands, &[], self.staleness).await?;
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
        let mut command = scripts::call(SWAP, &name.bytes);
        command.arg(before).arg(after);
        match self.ttl.map(millis) {
            _ if !before.is_empty() => command.arg("keep"),
            Some(Some(millis)) => command.arg(millis),
            Some(None) | None => command.arg("none"),
        };
        self.counts.bytes_sent.add(after.len());
        self.run(key, name, command).await
    }

    /// Runs a script that returns whether it has changed something.
    pub(super) async fn run(&self, key: &K, name: &Name, command: Cmd) -> Result<bool, TierError> {
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
    pub(super) async fn change(&self, key: &K, name: &Name, command: Cmd) -> Result<Value, TierError> {
        let mut commands = Pipeline::with_capacity(1);
        commands.add_command(command);
        let written = self.link().write(&commands, &[name.slot], self.staleness).await;
        self.forget(key);
        written?.into_iter().next().ok_or_else(unexpected)
    }
}

/// The command that stores a value, or that removes what is there if its time is over at once.
pub(super) fn set(name: &Name, bytes: &[u8], ttl: Option<Duration>) -> Cmd {
    if ttl.is_some_and(|ttl| ttl.is_zero()) {
        let mut command = redis::cmd("DEL");
        command.arg(&name.bytes);
        return command;
    }
    let mut command = redis::cmd("SET");
    command.arg(&name.bytes).arg(bytes);
    if let Some(millis) = ttl.and_then(millis) {
        command.arg("PX").arg(millis);
    }
    command
}

/// A time to live in milliseconds, rounded up. `None` is for ever.
pub(super) fn millis(ttl: Duration) -> Option<u64> {
    let millis = ttl.as_nanos().div_ceil(1_000_000);
    if millis > LONGEST { None } else { u64::try_from(millis).ok() }
}

#[cfg(test)]
mod tests {
    use super::millis;
    use std::time::Duration;

    #[test]
    fn times_are_rounded_up_and_bounded() {
        assert_eq!(millis(Duration::ZERO), Some(0));
        assert_eq!(millis(Duration::from_nanos(1)), Some(1));
        assert_eq!(millis(Duration::from_millis(7)), Some(7));
        assert_eq!(millis(Duration::from_micros(7_001)), Some(8));
        assert_eq!(millis(Duration::MAX), None);
        assert_eq!(millis(Duration::from_hours(24 * 365 * 100)), Some(3_153_600_000_000));
    }
}
