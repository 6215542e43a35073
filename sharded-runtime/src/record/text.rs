//! Writes the workload file. `sharded-tune` defines the format, and its tests read what this writes.

use super::{
    recording::{Recording, TURN},
    samples::{Operation, RecordedUse},
    timed::{median, nanos_of_nothing, trimmed_mean},
};
use crate::{Field, Stats, clock::Nanos};
use std::{collections::HashMap, fmt::Write, time::Duration};

const VERSION: u32 = 1;
/// The assumed time of a miss if none was measured: 20 microseconds.
const MISS_NS: u64 = 20_000;
/// The format allows no longer time of a closure, one second, and of a miss, one hour.
const LONGEST_HOLD_NS: u64 = 1_000_000_000;
const LONGEST_MISS_NS: u64 = 3_600_000_000_000;

/// The file with these fields.
pub(super) fn file(cpus: usize, fields: &[String]) -> String {
    let body = format!("{{\"cpus\":{cpus},\"fields\":[{}]}}", fields.join(","));
    // FNV-1a, of 64 bits.
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3);
    let checksum = body.as_bytes().iter().fold(0xCBF2_9CE4_8422_2325, step);
    format!("{{\"format\":\"sharded-load\",\"version\":{VERSION},\"checksum\":\"{checksum:016x}\",\"body\":{body}}}\n")
}

/// One field, or `None` if it was not used.
pub(super) fn field(
    store: &str,
    field: &dyn Field,
    recording: &Recording,
    before: &Stats,
    passed: Duration,
) -> Option<String> {
    let facts = &recording.facts;
    let mut by_turn: Vec<RecordedUse> = Vec::new();
    let mut by_key: Vec<RecordedUse> = Vec::new();
    let mut threads: Vec<usize> = Vec::new();
    let (mut holds, mut miss_times) = (Vec::new(), Vec::new());
    let mut shards = vec![(0_u64, 0_u64); field.shard_count()];
    // Thins out all stripes equally.
    let thinnest = recording.look(|samples| samples.kept_one_in).into_iter().max()?;
    recording.look(|samples| {
        let step = (thinnest / samples.kept_one_in) as usize;
        by_turn.extend(samples.by_turn.iter().step_by(step.max(1)));
        by_key.extend(&samples.by_key);
        threads.extend(&samples.threads);
        holds.extend(&samples.holds.kept);
        miss_times.extend(&samples.misses.kept);
        for (sum, part) in shards.iter_mut().zip(&samples.shards) {
            *sum = (sum.0 + u64::from(part.0), sum.1 + u64::from(part.1));
        }
    });
    if by_turn.is_empty() {
        return None;
    }
    // The keys that every stripe follows.
    let least_rank = recording.followed.least_rank();
    by_key.retain(|used| used.is_of(least_rank));
    by_key.sort_by_key(|used| used.at);
    let one_in = 1 << least_rank;
    let since = field.stats() - before.clone();
    let Stats { hits, misses, inserts, expired, evicted, loads, .. } = since;
    let mix = mix(&by_turn, is_filled(field, misses, inserts));

    let mut text = format!("{{\"store\":\"{store}\",\"field\":\"{}\",\"declared\":{{", field.name());
    let shard_count = if facts.is_auto { "null".to_owned() } else { field.shard_count().to_string() };
    let capacity = field.capacity().filter(|_| !facts.weighs).map(|capacity| capacity as u64);
    let _ = write!(
        text,
        "\"lock\":\"{}\",\"shards\":{shard_count},\"evict\":\"{}\",\"capacity\":{},\"numa\":\"{}\",\"ttl_ms\":{},\"idle_ms\":{}}}",
        facts.info.lock,
        if capacity.is_some() { facts.info.eviction } else { "Unbounded" },
        optional(capacity),
        facts.info.placement,
        optional(milliseconds(facts.ttl)),
        optional(milliseconds(facts.idle)),
    );
    let counts: Vec<String> =
        Operation::NAMES.iter().zip(mix).map(|(name, count)| format!("\"{name}\":{count}")).collect();
    let hold_ns = trimmed_mean(holds).map_or(0, |hold| hold.saturating_sub(nanos_of_nothing()).min(LONGEST_HOLD_NS));
    // The map times every loader. What a program does between a read that misses and an insert is sampled. A loader
    // that began before the recording may have taken longer than that.
    let load_ns = Nanos::from_duration(loads.time.min(passed)).get().checked_div(loads.ended);
    let miss_ns = load_ns.or(median(miss_times)).map_or(MISS_NS, |miss| miss.min(LONGEST_MISS_NS));
    let _ = write!(
        text,
        ",\"threads\":{},\"mix\":{{{}}},\"hold_ns\":{hold_ns},\"miss_ns\":{miss_ns},\"entries\":{},\"value_bytes\":{},\"copy\":{}",
        threads.len().max(1),
        counts.join(","),
        field.len(),
        facts.value_bytes,
        facts.copy,
    );
    let points: Vec<String> =
        curve(&by_turn, &by_key, one_in).into_iter().map(|(keys, uses)| format!("[{keys},{uses}]")).collect();
    let _ = write!(text, ",\"keys\":{{\"curve\":[{}]}}", points.join(","));
    let keys = by_key.iter().map(|used| u64::from(used.key));
    let _ = write!(text, ",\"trace\":{{\"one_in\":{one_in},\"keys\":{}}}", list(keys));
    let _ = write!(
        text,
        ",\"seen\":{{\"ms\":{},\"operations\":{},\"hits\":{hits},\"misses\":{misses},\"expired\":{expired},\"evicted\":{evicted},\"shards\":{},\"contended\":{},\"lifetimes_ms\":{}}}}}",
        passed.as_millis(),
        shards.iter().map(|uses| uses.0).sum::<u64>() * u64::from(TURN),
        list(shards.iter().map(|uses| uses.0)),
        list(shards.iter().map(|uses| uses.1)),
        list(lifetimes(&by_key)),
    );
    Some(text)
}

fn optional(number: Option<u64>) -> String {
    number.map_or_else(|| "null".to_owned(), |number| number.to_string())
}

fn milliseconds(time: Option<Duration>) -> Option<u64> {
    time.map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX).max(1))
}

fn list(numbers: impl Iterator<Item = u64>) -> String {
    let numbers: Vec<String> = numbers.map(|number| number.to_string()).collect();
    format!("[{}]", numbers.join(","))
}

/// Whether the program inserts what it missed: about as many inserts as misses, in a map of bounded size.
fn is_filled(field: &dyn Field, misses: u64, inserts: u64) -> bool {
    field.capacity().is_some() && misses > 0 && (misses / 2..=misses + misses / 2).contains(&inserts)
}

fn mix(uses: &[RecordedUse], is_filled: bool) -> [u64; 6] {
    let mut counts = [0; 6];
    for used in uses {
        counts[used.operation as usize] += 1;
    }
    if is_filled {
        // A read that finds nothing and the insert after it are one load.
        let [get, read, insert, ..] = &mut counts;
        let reads = std::mem::take(get) + std::mem::take(read);
        *insert = 0;
        counts[Operation::Load as usize] += reads;
    }
    counts
}

/// The number of uses by rank of the key: exact for keys that were sampled twice or more, and equal for all others.
fn curve(by_turn: &[RecordedUse], by_key: &[RecordedUse], one_in: u64) -> Vec<(u64, u64)> {
    let mut counts: HashMap<u32, u64> = HashMap::new();
    for used in by_turn {
        *counts.entry(used.key).or_default() += 1;
    }
    let followed: std::collections::HashSet<u32> = by_key.iter().map(|used| used.key).collect();
    let distinct = (followed.len() as u64 * one_in).max(counts.len() as u64);
    let mut counts: Vec<u64> = counts.into_values().collect();
    counts.sort_unstable_by(|a, b| b.cmp(a));
    let repeated = counts.partition_point(|&count| count > 1);
    let (mut points, mut sum, mut next) = (Vec::new(), 0, 1);
    for (rank, count) in (1_u64..).zip(&counts[..repeated]) {
        sum += count;
        if rank == next || rank == repeated as u64 {
            points.push((rank, sum));
            next = if rank < 16 { rank + 1 } else { rank + rank.div_ceil(2) };
        }
    }
    let others = (counts.len() - repeated) as u64;
    if others > 0 {
        points.push((distinct, sum + others));
    }
    points
}

/// Milliseconds from the insert to the removal of followed keys, at most a thousand, ascending.
fn lifetimes(by_key: &[RecordedUse]) -> impl Iterator<Item = u64> {
    let mut inserted: HashMap<u32, u32> = HashMap::new();
    let mut lifetimes = Vec::new();
    for used in by_key {
        match used.operation {
            Operation::Insert => {
                inserted.entry(used.key).or_insert(used.at);
            }
            Operation::Remove => {
                lifetimes.extend(inserted.remove(&used.key).map(|at| u64::from(used.at.saturating_sub(at))));
            }
            _ => {}
        }
    }
    lifetimes.truncate(1000);
    lifetimes.sort_unstable();
    lifetimes.into_iter()
}
