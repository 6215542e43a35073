//! What has to happen on the server in one step. A lease counts as absent.
//!
//! The scripts are sent with each call and not by their hash: the server caches what it has compiled, and a server that
//! has restarted needs no second try.

use redis::Cmd;

/// Replaces what is there if it is this.
///
/// `ARGV`: what is expected, empty for absent; the new value, empty for none; its time to live in milliseconds, or
/// `none`, or `keep`.
pub(super) const SWAP: &str = r"
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
pub(super) const REMOVE: &str = r"
local head = redis.call('GETRANGE', KEYS[1], 0, 1)
redis.call('DEL', KEYS[1])
if head == '' or head == '\193\2' then return 0 end
return 1";

/// Gives a value another time to live: `ARGV[1]` in milliseconds, or `none`. Returns whether there is a value.
pub(super) const EXPIRE: &str = r"
local head = redis.call('GETRANGE', KEYS[1], 0, 1)
if head == '' or head == '\193\2' then return 0 end
if ARGV[1] == 'none' then redis.call('PERSIST', KEYS[1]) else redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return 1";

/// Gives a lease more time, if it is still this one.
pub(super) const RENEW: &str = r"
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])";

/// The call of a script with one key.
pub(super) fn call(script: &str, name: &[u8]) -> Cmd {
    let mut command = redis::cmd("EVAL");
    command.arg(script).arg(1).arg(name);
    command
}
