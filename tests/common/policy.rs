//! Policies made of parts, without the macro.

use sharded::{Policy, clock::Clock, evict::Eviction, expiry, lock::Lock, shards::Fixed};
use std::{marker::PhantomData, time::Duration};

/// The policy of these parts. A `CAPACITY` of zero means no capacity.
pub struct Of<
    L,
    X,
    E,
    C = sharded::clock::System,
    const SHARDS: usize = 16,
    const CAPACITY: usize = 0,
    const INDEXED: bool = false,
>(PhantomData<(L, X, E, C)>);

impl<L, X, E, C, const SHARDS: usize, const CAPACITY: usize, const INDEXED: bool> Policy
    for Of<L, X, E, C, SHARDS, CAPACITY, INDEXED>
where
    L: Lock,
    X: Times,
    E: Eviction,
    C: Clock,
{
    type Shards = Fixed<SHARDS>;
    type Lock = L;
    type Expiry = X::Expiry;
    type Eviction = E;
    type Placement = sharded::placement::Spread;
    type Clock = C;
    const NAME: &'static str = "field";
    const TTL: Option<Duration> = X::TTL;
    const TTL_JITTER: u8 = X::TTL_JITTER;
    const IDLE: Option<Duration> = X::IDLE;
    const REFRESH_AFTER: Option<Duration> = X::REFRESH_AFTER;
    const CAPACITY: Option<usize> = if CAPACITY == 0 { None } else { Some(CAPACITY) };
    const INDEXED: bool = INDEXED;
}

/// The policy of entries that have weights, or of which some may not be evicted, or both. They never expire.
pub struct Limited<E, const SHARDS: usize, const CAPACITY: usize, const WEIGHS: bool, const PINS: bool>(PhantomData<E>);

impl<E: Eviction, const SHARDS: usize, const CAPACITY: usize, const WEIGHS: bool, const PINS: bool> Policy
    for Limited<E, SHARDS, CAPACITY, WEIGHS, PINS>
{
    type Shards = Fixed<SHARDS>;
    type Lock = sharded::lock::Mutex;
    type Expiry = expiry::Never;
    type Eviction = E;
    type Placement = sharded::placement::Off;
    type Clock = sharded::clock::System;
    const NAME: &'static str = "field";
    const CAPACITY: Option<usize> = Some(CAPACITY);
    const WEIGHS: bool = WEIGHS;
    const PINS: bool = PINS;
}

/// When entries expire.
pub trait Times: 'static {
    type Expiry: expiry::Expiry;
    const TTL: Option<Duration> = None;
    const TTL_JITTER: u8 = 0;
    const IDLE: Option<Duration> = None;
    const REFRESH_AFTER: Option<Duration> = None;
}

/// Neither ttl nor idle time.
pub enum Never {}
impl Times for Never {
    type Expiry = expiry::Never;
}

/// A ttl in milliseconds.
pub enum Ttl<const MS: u64> {}
impl<const MS: u64> Times for Ttl<MS> {
    type Expiry = expiry::AfterWrite;
    const TTL: Option<Duration> = Some(Duration::from_millis(MS));
}

/// A ttl in milliseconds, minus up to this number of percent.
pub enum Jittered<const MS: u64, const PERCENT: u8> {}
impl<const MS: u64, const PERCENT: u8> Times for Jittered<MS, PERCENT> {
    type Expiry = expiry::AfterWrite;
    const TTL: Option<Duration> = Some(Duration::from_millis(MS));
    const TTL_JITTER: u8 = PERCENT;
}

/// A ttl in milliseconds, and the age from which an entry is loaded again.
pub enum Refreshed<const TTL_MS: u64, const AFTER_MS: u64> {}
impl<const TTL_MS: u64, const AFTER_MS: u64> Times for Refreshed<TTL_MS, AFTER_MS> {
    type Expiry = expiry::AfterWrite;
    const TTL: Option<Duration> = Some(Duration::from_millis(TTL_MS));
    const REFRESH_AFTER: Option<Duration> = Some(Duration::from_millis(AFTER_MS));
}

/// The same, with an idle time of half the ttl and a jitter of ten percent.
pub enum RefreshedIdle<const TTL_MS: u64, const AFTER_MS: u64> {}
impl<const TTL_MS: u64, const AFTER_MS: u64> Times for RefreshedIdle<TTL_MS, AFTER_MS> {
    type Expiry = expiry::AfterAccess;
    const TTL: Option<Duration> = Some(Duration::from_millis(TTL_MS));
    const TTL_JITTER: u8 = 10;
    const IDLE: Option<Duration> = Some(Duration::from_millis(TTL_MS / 2));
    const REFRESH_AFTER: Option<Duration> = Some(Duration::from_millis(AFTER_MS));
}

/// An idle time in milliseconds.
pub enum Idle<const MS: u64> {}
impl<const MS: u64> Times for Idle<MS> {
    type Expiry = expiry::AfterAccess;
    const IDLE: Option<Duration> = Some(Duration::from_millis(MS));
}

/// A ttl and an idle time, in milliseconds.
pub enum TtlIdle<const TTL_MS: u64, const IDLE_MS: u64> {}
impl<const TTL_MS: u64, const IDLE_MS: u64> Times for TtlIdle<TTL_MS, IDLE_MS> {
    type Expiry = expiry::AfterAccess;
    const TTL: Option<Duration> = Some(Duration::from_millis(TTL_MS));
    const IDLE: Option<Duration> = Some(Duration::from_millis(IDLE_MS));
}

/// Expiry without a declared time: an entry never expires, unless it has a ttl of its own.
pub enum OwnOnly {}
impl Times for OwnOnly {
    type Expiry = expiry::AfterWrite;
}
