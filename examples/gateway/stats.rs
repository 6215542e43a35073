//! The page for the operator: the contents and the statistics of each map.

use crate::Gateway;
use axum::{
    extract::State,
    http::header,
    response::{Html, IntoResponse},
};
use sharded::{Field, Stats, Store as _};
use std::{
    fmt::{self, Display, Write as _},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// The page. No field is named here: a store shows its fields itself, so one that is added later is on the page as
/// well.
pub(crate) async fn page(State(gateway): State<Arc<Gateway>>) -> impl IntoResponse {
    let mut rows = String::new();
    let mut charts = String::new();
    let mut names = Vec::new();
    gateway.visit(&mut |field| {
        names.push(field.name());
        let stats = field.stats();
        // Writing to a string can't fail.
        let _ = row(&mut rows, field, &stats);
        let _ = chart(&mut charts, field.name(), &stats.shard_sizes);
    });
    let config = &gateway.config;
    let mut history = String::new();
    let _ = gateway.history.write(&mut history, &names, config.sample);
    let endings = &gateway.endings;
    let count = |ended: &AtomicU64| Count(ended.load(Ordering::Relaxed));
    let page = format!(
        include_str!("stats.html"),
        uptime = Time(Duration::from_secs(gateway.started.elapsed().as_secs())),
        limit = Count(u64::from(config.limit)),
        window = Time(config.window),
        idle = Time(config.idle),
        logged_out = count(&endings.logged_out),
        timed_out = count(&endings.timed_out),
        for_room = count(&endings.for_room),
        rows = rows,
        history = history,
        charts = charts,
    );
    ([(header::CACHE_CONTROL, "no-store")], Html(page))
}

fn row(page: &mut String, field: &dyn Field, stats: &Stats) -> fmt::Result {
    let name = field.name();
    let count = |number: usize| Count(number as u64);
    let capacity = field.capacity().map_or("—".to_owned(), |capacity| count(capacity).to_string());
    let ratio = stats.hit_ratio().map_or("—".to_owned(), |ratio| format!("{:.1} %", 100.0 * ratio));
    writeln!(page, r#"<tr id="{name}"><th scope="row">{name}</th>"#)?;
    for (column, cell) in [
        ("entries", count(field.len()).to_string()),
        ("capacity", capacity),
        ("hits", Count(stats.hits).to_string()),
        ("misses", Count(stats.misses).to_string()),
        ("ratio", ratio),
        ("inserts", Count(stats.inserts).to_string()),
        ("expired", Count(stats.expired).to_string()),
        ("evicted", Count(stats.evicted).to_string()),
    ] {
        writeln!(page, r#"<td class="{column}">{cell}</td>"#)?;
    }
    writeln!(page, "</tr>")
}

/// A bar per shard, in the order of their numbers, the highest as high as the fullest shard.
fn chart(page: &mut String, name: &str, sizes: &[usize]) -> fmt::Result {
    let least = sizes.iter().min().copied().unwrap_or_default();
    let most = sizes.iter().max().copied().unwrap_or_default();
    let words = format!("{} shards with {least} to {most} entries", sizes.len());
    writeln!(page, "<figure><figcaption><b>{name}</b> {words}</figcaption>")?;
    writeln!(
        page,
        r#"<svg viewBox="0 0 {} 100" preserveAspectRatio="none" role="img" aria-label="{words}">"#,
        sizes.len()
    )?;
    for (shard, size) in sizes.iter().enumerate() {
        // An empty shard has no bar; any other one can be seen.
        let height = if *size == 0 { 0 } else { (100 * size / most).max(3) };
        let top = 100 - height;
        writeln!(
            page,
            r#"<rect x="{shard}.1" y="{top}" width=".8" height="{height}"><title>shard {shard}: {size}</title></rect>"#
        )?;
    }
    writeln!(page, "</svg></figure>")
}

/// A number in groups of three digits.
struct Count(u64);

impl Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                f.write_str("\u{202f}")?;
            }
            f.write_char(digit)?;
        }
        Ok(())
    }
}

/// A time in its two largest units.
struct Time(Duration);

impl Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(u128, &str); 5] = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1000, "s"), (1, "ms")];
        let mut left = self.0.as_millis();
        let mut parts = Vec::new();
        for (length, unit) in UNITS {
            if left >= length && parts.len() < 2 {
                parts.push(format!("{} {unit}", left / length));
                left %= length;
            }
        }
        f.write_str(if parts.is_empty() { "0 s".to_owned() } else { parts.join(" ") }.as_str())
    }
}
