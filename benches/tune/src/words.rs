//! The advice for a map, in words.

use crate::{
    candidate::{Candidate, grouped},
    judge::is_much_longer,
    outcome::{HotKey, Outcome, Steady, Verdict},
    workload::FieldWorkload,
};
use sharded_bench_common::stats::Interval;
use std::fmt;

/// Bytes in a readable unit.
pub(crate) fn bytes(bytes: usize) -> String {
    match bytes {
        0..10_240 => format!("{bytes} B"),
        10_240..10_485_760 => format!("{} KiB", bytes >> 10),
        _ => format!("{} MiB", bytes >> 20),
    }
}

/// A time in a readable unit.
fn time(nanoseconds: u64) -> String {
    match nanoseconds {
        0..1_000 => format!("{nanoseconds} ns"),
        1_000..1_000_000 => format!("{:.1} µs", nanoseconds as f64 / 1e3),
        _ => format!("{:.1} ms", nanoseconds as f64 / 1e6),
    }
}

fn times(gain: &Interval) -> String {
    format!("{:.2} times as fast ({:.2} to {:.2})", gain.median, gain.low, gain.high)
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let FieldWorkload { store, field, declared, .. } = &self.workload;
        writeln!(f, "{store}.{field}, {} thread(s)", self.threads)?;
        match self.declared {
            Some(declared) => writeln!(f, "  declared  {declared} ({} shards here)", declared.shard_count())?,
            None => writeln!(f, "  declared  lock = {}", declared.lock)?,
        }
        match &self.verdict {
            Verdict::Untried(why) => writeln!(f, "  not tried: {why}")?,
            Verdict::Leave { gain } => {
                writeln!(f, "  advice    leave it: nothing else is faster by more than the measurements scatter")?;
                writeln!(f, "  compared  the best other policy, by turns: {}", times(gain))?;
                writeln!(f, "            the declared one does {:.2} M/s{}", self.counted()[0] / 1e6, self.cost())?;
            }
            Verdict::Change { gain, .. } => self.change(gain, f)?,
        }
        if let Some(HotKey { share, more_shards }) = self.hot_key {
            writeln!(
                f,
                "  hot key   {:.0} % of the accesses go to one key. More shards do not help ({more_shards:.2} times as fast): \
                 hold it apart, or sum it up per thread",
                100.0 * share
            )?;
        }
        self.capacity(f)
    }
}

impl Outcome {
    /// The advised policy beside the declared one.
    fn change(&self, gain: &Interval, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let changes: Vec<String> = self.changes().iter().map(|(name, value)| format!("{name} = {value}")).collect();
        writeln!(f, "  advice    {}", self.line())?;
        writeln!(f, "  changes   {}", changes.join(", "))?;
        let [old_ns, new_ns] = self.p999_ns;
        let tail = format!("p99.9 {} in place of {}", time(new_ns), time(old_ns));
        if is_much_longer(new_ns, old_ns) {
            let longer = new_ns as f64 / old_ns.max(1) as f64;
            writeln!(f, "  gains     {}, but the tail is {longer:.1} times as long: {tail}", times(gain))?;
        } else {
            writeln!(f, "  gains     {}; {tail}", times(gain))?;
        }
        let [old, new] = self.counted().map(|rate| rate / 1e6);
        writeln!(
            f,
            "  compared  with the declared policy, by turns: {new:.2} M/s in place of {old:.2}{}",
            self.cost()
        )?;
        if self.counts_misses() {
            let [old, new] = self.rates.map(|rate| rate / 1e6);
            let hits = [self.declared, self.advised()].map(|policy| policy.and_then(|policy| self.hit_ratio(&policy)));
            write!(f, "            the map alone, if misses cost nothing: {new:.2} M/s in place of {old:.2}")?;
            match hits {
                [Some(old), Some(new)] => writeln!(f, "; hits {:.1} % in place of {:.1}", 100.0 * new, 100.0 * old)?,
                _ => writeln!(f)?,
            }
        }
        if is_much_longer(new_ns, old_ns) {
            self.steady(f)?;
        }
        writeln!(f, "  memory    {} of tables in place of {}", bytes(self.bytes[1]), bytes(self.bytes[0]))
    }

    /// The best policy without a much longer tail.
    fn steady(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.steady {
            Some(Steady { to, gain, p999_ns }) => {
                writeln!(f, "  or else   {}", self.line_of(Some(to)))?;
                writeln!(f, "            {}, p99.9 {}", times(&gain), time(p999_ns))
            }
            None => writeln!(f, "  or else   leave it: no policy without a much longer p99.9 is faster"),
        }
    }

    /// The rates that the gain compares.
    fn counted(&self) -> [f64; 2] {
        if self.counts_misses() { self.rates_with_misses } else { self.rates }
    }

    /// Whether misses cost something.
    fn counts_misses(&self) -> bool {
        self.rates_with_misses.iter().zip(&self.rates).any(|(with, without)| with < without)
    }

    /// What the compared rates include.
    fn cost(&self) -> String {
        if self.counts_misses() {
            format!(", with {} for each miss", time(self.workload.miss_ns))
        } else {
            String::new()
        }
    }

    /// The share of the requests that hit with this policy, if it has a capacity.
    fn hit_ratio(&self, policy: &Candidate) -> Option<f64> {
        let (evict, capacity) = policy.cache?;
        self.hits.iter().find(|curve| curve.evict == evict)?.at(capacity)
    }

    fn capacity(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((evict, capacity)) = self.advised().and_then(|candidate| candidate.cache) else { return Ok(()) };
        let Some(curve) = self.hits.iter().find(|curve| curve.evict == evict) else { return Ok(()) };
        let Some(now) = curve.at(capacity) else { return Ok(()) };
        write!(f, "  capacity  {} hits {:.1} % with {}", grouped(capacity), 100.0 * now, evict.name())?;
        match curve.knee() {
            Some((knee, hits)) if knee != capacity => {
                let share = |of: usize| bytes((of as f64 * knee as f64 / capacity as f64) as usize);
                writeln!(f, "; the knee is at {}: {:.1} %, about {}", grouped(knee), 100.0 * hits, share(self.bytes[1]))
            }
            Some(_) => writeln!(f, ", which is the knee"),
            None => writeln!(f, "; there is no knee among those tried"),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        candidate::{Candidate, Evict, Lock, Numa},
        hits::HitCurve,
        outcome::{Outcome, Steady, Verdict},
        workload::Synthetic,
    };
    use sharded_bench_common::stats::Interval;

    fn gain(median: f64) -> Interval {
        Interval { low: median - 0.04, median, high: median + 0.04 }
    }

    /// An outcome with measured figures: 16.20 M/s by itself and 0.50 with misses become 6.56 and 0.58.
    fn outcome() -> Outcome {
        let mut workload = Synthetic::default().workload().expect("possible");
        workload.miss_ns = 20_000;
        let of = |lock, evict| Candidate { lock, shards: Some(64), cache: Some((evict, 1_000)), numa: Numa::Spread };
        let mut outcome = Outcome::untried(&workload, String::new());
        outcome.declared = Some(of(Lock::Mutex, Evict::Sieve));
        outcome.verdict = Verdict::Change { to: of(Lock::Mutex, Evict::Adaptive), gain: gain(1.16) };
        outcome.rates = [16.2e6, 6.56e6];
        outcome.rates_with_misses = [0.5e6, 0.58e6];
        outcome.p999_ns = [3_200, 3_300];
        let curve = |evict, hits| HitCurve { evict, points: vec![(1_000, hits)] };
        outcome.hits = vec![curve(Evict::Sieve, 0.795), curve(Evict::Adaptive, 0.82)];
        outcome
    }

    #[test]
    fn a_gain_says_what_was_compared() {
        let text = outcome().to_string();
        for line in [
            "gains     1.16 times as fast (1.12 to 1.20); p99.9 3.3 µs in place of 3.2 µs\n",
            "compared  with the declared policy, by turns: 0.58 M/s in place of 0.50, with 20.0 µs for each miss\n",
            "the map alone, if misses cost nothing: 6.56 M/s in place of 16.20; hits 82.0 % in place of 79.5\n",
        ] {
            assert!(text.contains(line), "{text}");
        }
        assert!(!text.contains("tail") && !text.contains("or else"), "{text}");
        // Where misses cost nothing, there is one comparison.
        let text = Outcome { rates_with_misses: [6.56e6, 16.2e6], rates: [6.56e6, 16.2e6], ..outcome() }.to_string();
        assert!(text.contains("by turns: 16.20 M/s in place of 6.56\n"), "{text}");
        assert!(!text.contains("miss"), "{text}");
    }

    #[test]
    fn a_longer_tail_is_in_the_line_of_the_gain_and_another_choice_below() {
        let long = Outcome { p999_ns: [3_200, 19_600], ..outcome() };
        let text = long.to_string();
        let line = "(1.12 to 1.20), but the tail is 6.1 times as long: p99.9 19.6 µs in place of 3.2 µs\n";
        assert!(text.contains(line), "{text}");
        assert!(text.contains("or else   leave it"), "{text}");

        let to = Candidate { lock: Lock::RwLock, ..long.declared.expect("declared") };
        let steady = Some(Steady { to, gain: gain(1.09), p999_ns: 2_900 });
        let text = Outcome { steady, ..long }.to_string();
        assert!(
            text.contains("or else   #[shard(lock = RwLock, shards = 64, capacity = 1_000, evict = Sieve"),
            "{text}"
        );
        assert!(text.contains("1.09 times as fast (1.05 to 1.13), p99.9 2.9 µs\n"), "{text}");
    }
}
