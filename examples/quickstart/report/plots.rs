//! The charts of the page, each with its caption.
#![allow(clippy::cast_precision_loss, reason = "what is drawn is not that exact")]

use super::{
    Report, fill,
    svg::{Axis, Chart, Side, escape},
    words,
};
use crate::{
    ShopPages,
    day::Day,
    replay::Outcome,
    watch::{FieldSample, Sample},
};
use sharded::{Policy, Stats};
use std::f64::consts::LOG10_2;

/// Samples in which a hit ratio is taken: with 192 a day, half an hour.
const RATIO_WINDOW: usize = 4;
/// The most bars of a chart of shards.
const BARS: usize = 64;
/// Parts of the requests that are named, by their number of nines: each is a tenth of the rest.
const PARTS: [(f64, &str); 5] = [(LOG10_2, "50 %"), (1.0, "90 %"), (2.0, "99 %"), (3.0, "99.9 %"), (4.0, "99.99 %")];

fn figure(class: &str, title: &str, note: &str, chart: &str) -> String {
    let title = escape(title);
    format!("<figure class=\"{class}\"><figcaption>{title}<small>{note}</small></figcaption>\n{chart}</figure>\n")
}

/// How many entries each field stored.
pub(super) fn stored(report: &Report) -> String {
    let charts = report.fields().iter().enumerate().map(|(index, field)| {
        let of = |sample: &Sample| sample.fields[index].len as f64;
        let most = report.samples.iter().map(of).fold(0.0, f64::max);
        let limit = field.capacity.map(|capacity| capacity as f64);
        let mut chart = Chart::new(hours(report), Axis::up_to(most.max(limit.unwrap_or(0.0) * 1.1)));
        chart.line(field.name, report.samples.iter().map(|sample| (sample.hours, of(sample))));
        if let Some(limit) = limit {
            chart.limit(limit, "capacity");
        }
        let description = format!("{} at the end of the day", words::of(field.len, "entry", "entries"));
        figure("", field.name, &description, &chart.finish(&format!("Entries stored in {}: {description}", field.name)))
    });
    charts.collect()
}

/// The part of the requests that found their page.
pub(super) fn hit_ratio(report: &Report) -> String {
    let ticks = (0..=4_u32).map(|tick| (f64::from(tick) * 0.25, format!("{} %", tick * 25))).collect();
    let mut chart = Chart::new(hours(report), Axis::new(0.0, 1.0, ticks));
    let pages = |sample: &Sample| {
        let stats = sample.fields.iter().find(|field| field.name == ShopPages::NAME).map(|field| &field.stats);
        stats.map_or((0, 0), |stats| (stats.hits, stats.misses))
    };
    let ratios = report.samples.windows(RATIO_WINDOW + 1).filter_map(|window| {
        let ((hits_before, misses_before), (hits, misses)) = (pages(&window[0]), pages(&window[RATIO_WINDOW]));
        let (hits, misses) = (hits - hits_before, misses - misses_before);
        (hits + misses > 0).then(|| (window[RATIO_WINDOW].hours, hits as f64 / (hits + misses) as f64))
    });
    chart.line(ShopPages::NAME, ratios.collect::<Vec<_>>());
    let note = format!("{} over the whole day", words::percent(report.page_hit_ratio()));
    figure("", "Requests that found their page", &note, &chart.finish(&format!("Hit ratio of pages: {note}")))
}

/// One of the counts of a field.
type Count = fn(&Stats) -> u64;

/// How many entries are gone, and why; only of the fields whose entries leave.
pub(super) fn gone(report: &Report) -> String {
    report.fields().iter().enumerate().filter_map(|(index, field)| gone_of(report, index, field)).collect()
}

fn gone_of(report: &Report, index: usize, field: &FieldSample) -> Option<String> {
    let causes: [(_, Count); 2] = [("expired", |stats| stats.expired), ("evicted", |stats| stats.evicted)];
    let causes = || causes.into_iter().filter(|(_, count)| count(&field.stats) > 0);
    let most = causes().map(|(_, count)| count(&field.stats)).max()?;

    let mut chart = Chart::new(hours(report), Axis::up_to(most as f64));
    let mut notes = Vec::new();
    for (cause, count) in causes() {
        let of = |sample: &Sample| count(&sample.fields[index].stats) as f64;
        chart.line(cause, report.samples.iter().map(|sample| (sample.hours, of(sample))));
        notes.push(format!("<span class=\"key {cause}\">{} {cause}</span>", words::count(count(&field.stats))));
    }
    let chart = chart.finish(&format!("Entries of {} gone so far", field.name));
    Some(figure("", &format!("Gone from {} so far", field.name), &notes.join(", "), &chart))
}

/// How the entries lie in the shards.
pub(super) fn shards(report: &Report) -> String {
    let charts = report.fields().iter().map(|field| {
        let sizes = &field.stats.shard_sizes;
        let bars = fill(sizes, BARS);
        let per_bar = sizes.len() / bars.len().max(1);
        let most = bars.iter().copied().max().unwrap_or(0);
        let ticks = [0, sizes.len() / 2, sizes.len().saturating_sub(per_bar)];
        let ticks = ticks.map(|shard| ((shard / per_bar.max(1)) as f64 + 0.5, shard.to_string()));
        let mut chart = Chart::new(Axis::new(0.0, bars.len() as f64, ticks.into()), Axis::up_to(most as f64));
        for (index, &entries) in bars.iter().enumerate() {
            let tip = format!("shard {}: {}", index * per_bar, words::of(entries, "entry", "entries"));
            chart.bar(field.name, (index as f64, index as f64 + 1.0), (0.0, entries as f64), &tip);
        }
        let (least, most) = (sizes.iter().min().unwrap_or(&0), sizes.iter().max().unwrap_or(&0));
        let note = format!("{least} to {most} entries per shard");
        figure("", field.name, &note, &chart.finish(&format!("Shards of {}: {note}", field.name)))
    });
    charts.collect()
}

/// How long requests took, and the slowest above all.
pub(super) fn latency(report: &Report) -> String {
    // With one nine, one request in ten is slower; with two, one in a hundred.
    let rest_of = |nines: f64| 10_f64.powf(-nines);
    let at = |outcome: &Outcome, nines: f64| {
        let value = outcome.latency.value_at_quantile(1.0 - rest_of(nines));
        (nines, (value.max(1) as f64).log10())
    };
    // As far as ten requests are slower.
    let reach = |outcome: &Outcome| (outcome.latency.len() as f64 / 10.0).log10().clamp(0.0, 4.0);
    let outcomes = [
        ("day", "in the day", Side::Above, &report.paced),
        ("flat-out", "without waiting", Side::Below, &report.flat_out),
    ];

    let farthest = outcomes.iter().map(|(.., outcome)| reach(outcome)).fold(1.0, f64::max);
    let slowest = outcomes.iter().map(|(.., outcome)| at(outcome, reach(outcome)).1.ceil()).fold(3.0, f64::max);
    let x = PARTS.into_iter().filter(|&(nines, _)| nines <= farthest);
    let x = x.map(|(nines, part)| (nines, part.to_owned())).collect();
    let y = (1..=9).filter(|&power| f64::from(power) <= slowest);
    let y = y.map(|power| (f64::from(power), words::power_of_ten(power))).collect();
    let mut chart = Chart::wide(Axis::new(0.0, farthest, x), Axis::new(1.0, slowest, y));
    let mut notes = Vec::new();
    for (series, name, side, outcome) in outcomes {
        let steps = (0..=100).map(|step| reach(outcome) * f64::from(step) / 100.0);
        chart.line(series, steps.map(|nines| at(outcome, nines)));
        for (nines, part) in PARTS.into_iter().filter(|&(nines, _)| nines <= reach(outcome)) {
            let time = words::nanos(outcome.latency.value_at_quantile(1.0 - rest_of(nines)));
            let tip = format!("{part} of the requests {name} took at most {time}");
            chart.dot(series, at(outcome, nines), (&time, side), &tip);
        }
        notes.push(format!("<span class=\"key {series}\">{name}, {} per second</span>", words::rate(outcome.rate())));
    }
    let chart = chart.finish("How long requests took, by the part of them that took at most that long");
    figure("wide", "Time to serve that part of the requests", &notes.join(", "), &chart)
}

/// What an entry takes, by the number of entries.
pub(super) fn memory(report: &Report) -> String {
    if report.memory.is_empty() {
        return String::new();
    }
    let points = || report.memory.iter().flat_map(|fill| &fill.points);
    let most = points().map(|point| point.per_entry).fold(0.0, f64::max);
    let entries = points().map(|point| point.entries).fold(0.0, f64::max);
    let ticks = (0..=4_u32).map(|tick| {
        let value = entries * f64::from(tick) / 4.0;
        (value, format!("{:.0}k", value / 1000.0))
    });
    let mut chart = Chart::new(Axis::new(0.0, entries, ticks.collect()), Axis::up_to(most));
    let mut notes = Vec::new();
    for fill in &report.memory {
        chart.line(fill.field, fill.points.iter().map(|point| (point.entries, point.per_entry)));
        notes.push(format!("<span class=\"key {}\">{} {:.0}</span>", fill.field, fill.field, fill.per_entry()));
    }
    let chart = chart.finish("Bytes per entry, by the number of entries");
    figure("", "Bytes per entry, by number of entries", &format!("{} on average", notes.join(", ")), &chart)
}

/// The hours that the samples span: those of the day, and more where the machine could not keep its pace.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number of hours")]
fn last_hour(report: &Report) -> u32 {
    report.samples.last().map_or(Day::HOURS, |sample| sample.hours.round().max(Day::HOURS)) as u32
}

fn hours(report: &Report) -> Axis {
    let last = last_hour(report);
    let step = 6 * last.div_ceil(24).max(1);
    let ticks = (0..=last).step_by(step as usize).map(|hour| (f64::from(hour), format!("{hour}:00")));
    Axis::new(0.0, f64::from(last), ticks.collect())
}
