//! What is sent for a key, and which replies are for it.
//!
//! What has to happen on the server in one step is a script, in which a lease counts as absent. The scripts are sent
//! with each call and not by their hash: the server caches what it has compiled, and a server that has restarted needs
//! no second try.

use super::node::as_error;
use redis::{Cmd, Pipeline, Value};
use std::time::Duration;

/// Beyond this many milliseconds a time to live is for ever. The server refuses times that end too late.
const LONGEST: u128 = 1 << 52;

/// Replaces what is there if it is this.
///
/// `ARGV`: what is expected, empty for absent; the new value, empty for none; its time to live in milliseconds, or
/// `none`, or `keep`.
const SWAP: &str = r"
local v = redis.call('GET', KEYS[1])
if ARGV[1] == '' then
    if v and string.sub(v, 1, 2) ~= '\193\2' then return 0 end
elseif v ~= ARGV[1] then
    return 0
end
if ARGV[2] == '' then
    redis.call('DEL', KEYS[1])
elseif ARGV[3] == 'none' then
    redis.call('SET', KEYS[1], ARGV[2])
elseif ARGV[3] == 'keep' then
    redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL')
else
    redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
end
return 1";

/// Removes what is there, a lease too. Returns whether it was a value.
const REMOVE: &str = r"
local head = redis.call('GETRANGE', KEYS[1], 0, 1)
redis.call('DEL', KEYS[1])
if head == '' or head == '\193\2' then return 0 end
return 1";

/// Gives a value another time to live: `ARGV[1]` in milliseconds, or `none`. Returns whether there is a value.
const EXPIRE: &str = r"
local head = redis.call('GETRANGE', KEYS[1], 0, 1)
if head == '' or head == '\193\2' then return 0 end
if ARGV[1] == 'none' then redis.call('PERSIST', KEYS[1]) else redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return 1";

/// Gives a lease more time, if it is still this one.
const RENEW: &str = r"
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])";

/// What is asked of one key.
#[derive(Clone, Copy, Debug)]
pub(super) enum Command<'a> {
    /// The time that is left and the value. From then on the server tells of changes.
    Fetch,
    /// The value.
    Get,
    /// The first two bytes of the value, and the time that is left.
    Left,
    Set {
        value: &'a [u8],
        ttl: Option<Duration>,
    },
    /// Replaces these bytes, or nothing, by others, or by nothing. Returns whether it did.
    Swap {
        before: &'a [u8],
        after: &'a [u8],
        ttl: Ttl,
    },
    /// Returns whether there was a value.
    Remove,
    /// Returns whether there is a value.
    Expire(Option<Duration>),
    /// Stores a lease if there is nothing. Returns nothing if there was something.
    TakeLease {
        lease: &'a [u8],
        lasts: Duration,
    },
    RenewLease {
        lease: &'a [u8],
        lasts: Duration,
    },
}

/// The time to live of what replaces something.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ttl {
    Keep,
    New(Option<Duration>),
}

impl Command<'_> {
    /// The commands that name the key. Each has one reply.
    fn keyed(&self, name: &[u8]) -> Vec<Cmd> {
        let command = |command: &str| {
            let mut command = redis::cmd(command);
            command.arg(name);
            command
        };
        let script = |script: &str| {
            let mut command = redis::cmd("EVAL");
            command.arg(script).arg(1).arg(name);
            command
        };
        let mut first;
        match *self {
            Command::Fetch => return vec![command("PTTL"), command("GET")],
            Command::Get => first = command("GET"),
            Command::Left => {
                first = command("GETRANGE");
                first.arg(0).arg(1);
                return vec![first, command("PTTL")];
            }
            Command::Set { ttl: Some(Duration::ZERO), .. } => first = command("DEL"),
            Command::Set { value, ttl } => {
                first = command("SET");
                first.arg(value);
                if let Some(millis) = ttl.and_then(millis) {
                    first.arg("PX").arg(millis);
                }
            }
            Command::Swap { before, after, ttl } => {
                first = script(SWAP);
                first.arg(before);
                match ttl {
                    // A time that is over at once.
                    Ttl::New(Some(Duration::ZERO)) => first.arg("").arg("none"),
                    Ttl::New(ttl) => first.arg(after).arg(argument(ttl)),
                    Ttl::Keep => first.arg(after).arg("keep"),
                };
            }
            Command::Remove => first = script(REMOVE),
            Command::Expire(ttl) => {
                first = script(EXPIRE);
                first.arg(argument(ttl));
            }
            Command::TakeLease { lease, lasts } => {
                first = command("SET");
                first.arg(lease).arg("NX").arg("PX").arg(millis(lasts).unwrap_or(u64::MAX));
            }
            Command::RenewLease { lease, lasts } => {
                first = script(RENEW);
                first.arg(lease).arg(millis(lasts).unwrap_or(u64::MAX));
            }
        }
        vec![first]
    }

    /// Appends it to what is sent, and returns how many replies that makes. A node that takes over the key's hash slot
    /// has to be asked explicitly.
    ///
    /// `CLIENT CACHING YES` holds for the next command alone, so the first of the two that name the key makes the
    /// server track it. The value is read after that. With `ASKING`, which must come directly before the command too,
    /// nothing is tracked.
    pub(super) fn append(&self, name: &[u8], is_asking: bool, commands: &mut Pipeline) -> usize {
        let before = commands.len();
        if self.is_tracked(is_asking) {
            commands.cmd("CLIENT").arg("CACHING").arg("YES");
        }
        for command in self.keyed(name) {
            if is_asking {
                commands.cmd("ASKING");
            }
            commands.add_command(command);
        }
        commands.len() - before
    }

    /// Whether the server tells of changes from then on.
    pub(super) fn is_tracked(&self, is_asking: bool) -> bool {
        matches!(self, Command::Fetch) && !is_asking
    }

    /// The replies to the commands that name the key, of all replies.
    pub(super) fn replies(&self, is_asking: bool, all: impl Iterator<Item = Value>) -> Vec<Value> {
        if is_asking {
            return all.skip(1).step_by(2).collect();
        }
        let mut all = all;
        if self.is_tracked(is_asking)
            && let Some(tracking) = all.next()
            && as_error(&tracking).is_some()
        {
            return all.map(|_| tracking.clone()).collect();
        }
        all.collect()
    }
}

/// A time to live as the scripts take it.
fn argument(ttl: Option<Duration>) -> String {
    ttl.and_then(millis).map_or_else(|| "none".to_owned(), |millis| millis.to_string())
}

/// A time to live in milliseconds, rounded up. `None` is for ever.
fn millis(ttl: Duration) -> Option<u64> {
    let millis = ttl.as_nanos().div_ceil(1_000_000);
    if millis > LONGEST { None } else { u64::try_from(millis).ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rounded_up_and_bounded() {
        assert_eq!(millis(Duration::ZERO), Some(0));
        assert_eq!(millis(Duration::from_nanos(1)), Some(1));
        assert_eq!(millis(Duration::from_millis(7)), Some(7));
        assert_eq!(millis(Duration::from_micros(7_001)), Some(8));
        assert_eq!(millis(Duration::MAX), None);
        assert_eq!(millis(Duration::from_hours(24 * 365 * 100)), Some(3_153_600_000_000));
    }

    #[test]
    fn replies_are_those_of_the_key() {
        let numbers = |numbers: &[i64]| numbers.iter().map(|number| Value::Int(*number)).collect::<Vec<_>>();
        for (command, is_asking, sent, kept) in [
            (Command::Fetch, false, vec![0, 1, 2], vec![1, 2]),
            (Command::Fetch, true, vec![0, 1, 2, 3], vec![1, 3]),
            (Command::Get, false, vec![0], vec![0]),
            (Command::Get, true, vec![0, 1], vec![1]),
            (Command::Left, false, vec![0, 1], vec![0, 1]),
        ] {
            assert_eq!(command.append(b"k", is_asking, &mut Pipeline::new()), sent.len(), "{command:?}");
            let replies = command.replies(is_asking, numbers(&sent).into_iter());
            assert_eq!(replies, numbers(&kept), "{command:?}");
        }
    }
}
