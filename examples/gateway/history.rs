//! The last minutes of every map, for the page of statistics.

use sharded::{Stats, Store};
use std::{
    collections::VecDeque,
    fmt::{self, Write as _},
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// Samples that are kept: the last ten minutes, with one every five seconds.
const KEPT: usize = 121;

/// Statistics of all maps at the end of each of the last intervals.
#[derive(Default)]
pub(crate) struct History(Mutex<VecDeque<Sample>>);

/// All maps, in the order of declaration.
type Sample = Vec<Stats>;

impl History {
    /// Adds what the statistics are now.
    pub(crate) fn add(&self, store: &dyn Store) {
        let mut sample = Sample::new();
        store.visit(&mut |field| sample.push(field.stats()));
        let mut samples = self.lock();
        if samples.len() == KEPT {
            samples.pop_front();
        }
        samples.push_back(sample);
    }

    /// Writes a row of plots for each of these maps.
    pub(crate) fn write(&self, page: &mut String, names: &[&str], interval: Duration) -> fmt::Result {
        let samples = self.lock();
        for (map, name) in names.iter().enumerate() {
            let of_map: Vec<&Stats> = samples.iter().filter_map(|sample| sample.get(map)).collect();
            let seconds = interval.as_secs_f64();
            let intervals: Vec<Stats> = of_map.windows(2).map(|pair| pair[1].clone() - pair[0].clone()).collect();
            let now = |value: fn(&Stats) -> usize| -> Vec<Option<f64>> {
                of_map.iter().map(|stats| Some(count(value(stats) as u64))).collect()
            };
            let hits: Vec<_> = intervals.iter().map(|stats| stats.hit_ratio().map(|ratio| 100.0 * ratio)).collect();
            let waits: Vec<_> = intervals.iter().map(|stats| Some(count(stats.loads.waits) / seconds)).collect();
            let memory: Vec<_> =
                now(|stats| stats.table_bytes).iter().map(|bytes| bytes.map(|bytes| bytes / 1024.0)).collect();
            writeln!(page, r#"<section class="history" id="history-{name}"><h3>{name}</h3>"#)?;
            plot(page, "entries", &now(Stats::entries), interval)?;
            plot(page, "hit ratio, %", &hits, interval)?;
            plot(page, "waits for a load, per second", &waits, interval)?;
            plot(page, "table memory, KiB", &memory, interval)?;
            writeln!(page, "</section>")?;
        }
        Ok(())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<Sample>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[allow(clippy::cast_precision_loss, reason = "for a plot")]
fn count(count: u64) -> f64 {
    count as f64
}

/// A line of the values from the oldest to the newest, on a scale from zero to the largest. An interval without a value
/// is a gap.
fn plot(page: &mut String, title: &str, values: &[Option<f64>], interval: Duration) -> fmt::Result {
    let most = values.iter().flatten().copied().fold(0.0, f64::max);
    let newest = values.iter().rev().flatten().next();
    let shown = newest.map_or("—".to_owned(), |&value| number(value));
    let steps = count(values.len().saturating_sub(1).max(1) as u64);
    let minutes = interval.as_secs_f64() * steps / 60.0;
    writeln!(page, "<figure><figcaption>{title} <b>{shown}</b></figcaption>")?;
    writeln!(
        page,
        r#"<svg viewBox="0 0 100 40" preserveAspectRatio="none" role="img" aria-label="{title}: {shown}">"#
    )?;
    let mut line = String::new();
    for (step, value) in values.iter().enumerate() {
        let Some(value) = value else {
            line.push(' ');
            continue;
        };
        let across = 100.0 * count(step as u64) / steps;
        let up = if most > 0.0 { 38.0 * value / most } else { 0.0 };
        // A line begins at the first value and behind each gap.
        let begins = line.is_empty() || line.ends_with(' ');
        write!(line, "{}{across:.2},{:.2}", if begins { 'M' } else { 'L' }, 39.0 - up)?;
    }
    writeln!(page, r#"<path d="{}"/></svg>"#, line.trim())?;
    writeln!(
        page,
        r#"<div class="axis"><span>{} ago</span><span>0 to {}</span><span>now</span></div></figure>"#,
        if minutes < 1.0 { format!("{:.0} s", minutes * 60.0) } else { format!("{minutes:.0} min") },
        number(most),
    )
}

/// A number with one digit behind the point, unless that is a zero or the number is large.
fn number(value: f64) -> String {
    let text = if value >= 100.0 { format!("{value:.0}") } else { format!("{value:.1}") };
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}
