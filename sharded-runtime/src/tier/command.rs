//! What is sent for a key, and which replies are for it.
//!
//! What has to happen on the server in one step is a script, in which a lease counts as absent. The scripts are sent
//! with each call and not by their hash: the server caches what it has compiled, and a server that has restarted needs
//! no second try.

use redis::{Cmd, Pipeline, Value};
use smallvec::SmallVec;
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
    /// The time that is left and the value. From then on the server tells of changes. Where one server is asked for
    /// several keys, data of another type counts as nothing.
    Fetch,
    /// As `Fetch`, and data of another type is an error for several keys too.
    FetchAlone,
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

/// The replies to the commands that name one key.
pub(super) type Values = SmallVec<[Value; 2]>;

/// The time to live of what replaces something.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ttl {
    Keep,
    New(Option<Duration>),
}

impl Command<'_> {
    /// The commands that name the key. Each has one reply.
    fn keyed(&self, name: &[u8]) -> (Cmd, Option<Cmd>) {
        let command = |command: &str| keyed(command, name);
        let script = |script: &str| {
            let mut command = redis::cmd("EVAL");
            command.arg(script).arg(1).arg(name);
            command
        };
        let mut first;
        match *self {
            Command::Fetch | Command::FetchAlone => return (command("PTTL"), Some(command("GET"))),
            Command::Get => first = command("GET"),
            Command::Left => {
                first = command("GETRANGE");
                first.arg(0).arg(1);
                return (first, Some(command("PTTL")));
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
        (first, None)
    }

    /// Appends it to what is sent, and returns how many replies that makes. A node that takes over the key's hash slot
    /// has to be asked explicitly.
    ///
    /// The server tracks what is read over the connection. `CLIENT CACHING NO` exempts the next command alone, so it
    /// stands before the commands, of one for the key each, that read what the near cache does not keep. The first of
    /// the two that fetch a value has the key tracked, and the value is read after that. `ASKING` must come directly
    /// before a command too, so nothing is exempted with it.
    pub(super) fn append(&self, name: &[u8], is_asking: bool, commands: &mut Pipeline) -> usize {
        let before = commands.len();
        let (first, second) = self.keyed(name);
        for command in [Some(first), second].into_iter().flatten() {
            if is_asking {
                commands.cmd("ASKING");
            } else if self.is_exempted() {
                commands.cmd("CLIENT").arg("CACHING").arg("NO");
            }
            commands.add_command(command);
        }
        commands.len() - before
    }

    /// Whether it reads on the server, and what it reads is not kept.
    fn is_exempted(&self) -> bool {
        !matches!(self, Command::Fetch | Command::FetchAlone | Command::Set { .. } | Command::TakeLease { .. })
    }

    /// Whether the server is relied on to tell of changes from then on.
    pub(super) fn is_tracked(&self, is_asking: bool) -> bool {
        matches!(self, Command::Fetch | Command::FetchAlone) && !is_asking
    }

    /// The replies to the commands that name the key, of all replies.
    ///
    /// A server that does not exempt a key tells of one change more than is needed, so that is no failure.
    pub(super) fn replies(&self, is_asking: bool, all: impl Iterator<Item = Value>) -> Values {
        if is_asking || self.is_exempted() { all.skip(1).step_by(2).collect() } else { all.collect() }
    }
}

/// Appends the commands that fetch several keys of one server, which may be in any hash slots.
///
/// A time is read first for each, which has it tracked. So the values need not be tracked once more.
pub(super) fn append_fetches<'a>(names: impl ExactSizeIterator<Item = &'a [u8]> + Clone, commands: &mut Pipeline) {
    for name in names.clone() {
        commands.add_command(keyed("PTTL", name));
    }
    commands.cmd("CLIENT").arg("CACHING").arg("NO");
    let mut values = Cmd::with_capacity(1 + names.len(), 4 + names.clone().map(<[u8]>::len).sum::<usize>());
    values.arg("MGET");
    for name in names {
        values.arg(name);
    }
    commands.add_command(values);
}

/// For each of so many keys the replies that [`Command::Fetch`] has, of all replies to [`append_fetches`].
pub(super) fn fetched(count: usize, all: Vec<Value>) -> impl Iterator<Item = Values> {
    let mut all = all;
    // An error, or what is no answer to it, is that of each key.
    let (mut values, other) = match all.pop() {
        Some(Value::Array(values)) if values.len() == count => (values.into_iter(), Value::Nil),
        other => (Vec::new().into_iter(), other.unwrap_or(Value::Okay)),
    };
    let value = move || values.next().unwrap_or_else(|| other.clone());
    all.into_iter().take(count).zip(std::iter::repeat_with(value)).map(|(left, value)| SmallVec::from([left, value]))
}

fn keyed(command: &str, name: &[u8]) -> Cmd {
    let mut keyed = Cmd::with_capacity(2, command.len() + name.len());
    keyed.arg(command).arg(name);
    keyed
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
            (Command::Fetch, false, vec![0, 1], vec![0, 1]),
            (Command::Fetch, true, vec![0, 1, 2, 3], vec![1, 3]),
            (Command::FetchAlone, false, vec![0, 1], vec![0, 1]),
            (Command::Get, false, vec![0, 1], vec![1]),
            (Command::Get, true, vec![0, 1], vec![1]),
            (Command::Left, false, vec![0, 1, 2, 3], vec![1, 3]),
            (Command::Set { value: b"v", ttl: None }, false, vec![0], vec![0]),
        ] {
            assert_eq!(command.append(b"k", is_asking, &mut Pipeline::new()), sent.len(), "{command:?}");
            let replies = command.replies(is_asking, numbers(&sent).into_iter());
            assert_eq!(replies.to_vec(), numbers(&kept), "{command:?}");
        }
    }

    /// A node that takes over a slot may give it back. What is read from it before it has the slot is not kept.
    #[test]
    fn the_server_is_relied_on_for_what_it_was_asked_to_track() {
        assert!(Command::Fetch.is_tracked(false) && Command::FetchAlone.is_tracked(false));
        assert!(!Command::Fetch.is_tracked(true) && !Command::Get.is_tracked(false));
    }

    #[test]
    fn replies_of_several_fetches_are_paired() {
        let names = [&b"a"[..], b"b"];
        let mut commands = Pipeline::new();
        append_fetches(names.into_iter(), &mut commands);
        assert_eq!(commands.len(), 4);
        let replies = |last: Value| {
            let all = vec![Value::Int(1), Value::Int(-2), Value::Okay, last];
            fetched(2, all).map(SmallVec::into_vec).collect::<Vec<_>>()
        };
        let value = Value::BulkString(b"v".to_vec());
        let paired = [vec![Value::Int(1), value.clone()], vec![Value::Int(-2), Value::Nil]];
        assert_eq!(replies(Value::Array(vec![value.clone(), Value::Nil])), paired);
        for wrong in [Value::Okay, Value::Array(vec![value])] {
            let paired = [vec![Value::Int(1), wrong.clone()], vec![Value::Int(-2), wrong.clone()]];
            assert_eq!(replies(wrong), paired);
        }
    }
}
