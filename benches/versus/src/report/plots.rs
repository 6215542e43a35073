//! The plots, and the sources of their values.

use super::{Report, colours};
use crate::{
    table::{self, Table},
    work::Work,
};
use sharded_bench_common::{
    page,
    plot::{self, Dots, Lines, Scale, Series, Style, plain, time},
};

/// Works whose rates are drawn over the number of threads, with their titles.
const RATES: [(Work, &str); 10] = [
    (Work::Hit, "Hits, all keys equally likely"),
    (Work::HitZipf, "Hits, keys by Zipf's law (0.99)"),
    (Work::HitHot, "Hits of 100 hot keys"),
    (Work::ReadHeavy, "98 % reads, 1 % inserts, 1 % removals"),
    (Work::Exchange, "10 / 40 / 40 / 10 % reads, inserts, removals, changes"),
    (Work::HalfIncrement, "Half reads, half changes in place, Zipf (0.99)"),
    (Work::Increment, "Changes in place, keys by Zipf's law (0.99)"),
    (Work::RapidGrow, "Rapid growth from nothing"),
    (Work::GetOrInsert, "Cache: get or insert, Zipf (0.99)"),
    (Work::Transfers, "Transfers between two accounts"),
];

/// Throughput over threads, a plot for each work and subject.
pub(super) fn rates(report: &Report) -> Vec<Lines> {
    let mut plots = Vec::new();
    for (work, title) in RATES {
        let mut subjects: Vec<&str> = report.of_work(work.name()).map(|table| table.about.subject.as_str()).collect();
        subjects.sort_unstable_by(|one, other| other.cmp(one));
        subjects.dedup();
        for subject in subjects {
            plots.extend(rate(report, work, subject, title));
        }
    }
    plots
}

fn rate(report: &Report, work: Work, subject: &str, title: &str) -> Option<Lines> {
    let mut tables: Vec<&Table> = report.of_work(work.name()).filter(|table| table.about.subject == subject).collect();
    tables.sort_by_key(|table| table.about.threads);
    let first = *tables.first()?;
    let mut systems: Vec<&table::Row> = Vec::new();
    for row in tables.iter().flat_map(|table| &table.rows) {
        // The cost of measuring, and the map for one thread, are in the tables. Their lines would flatten all others.
        if !matches!(row.id.as_str(), "null" | "plain")
            && is_drawn(work, &row.id)
            && systems.iter().all(|known| known.id != row.id)
        {
            systems.push(row);
        }
    }
    let points = |row: &&table::Row| -> Vec<(f64, f64)> {
        let rates =
            tables.iter().zip(0..).map(|(table, place)| Some((f64::from(place), table.number(&row.id, "M/s")?)));
        rates.flatten().collect()
    };
    let lines = systems.iter().map(|row| (*row, short(&row.system), points(row)));
    Some(Lines {
        title: format!("{title}{}", variant(subject)),
        across: "threads".to_owned(),
        up: "million operations per second, all threads together".to_owned(),
        conditions: report.conditions(first),
        scale: Scale::Linear,
        places: places(tables.iter().map(|table| table.about.threads.to_string())),
        series: series(lines, geometric),
        unit: plain,
    })
}

/// Of the caches of this library, each lock with the default eviction, and each eviction under the default lock.
fn is_drawn(work: Work, id: &str) -> bool {
    work != Work::GetOrInsert || !colours::is_ours(id) || id.starts_with("mutex") || id.ends_with("adaptive")
}

/// What a subject adds to a title.
fn variant(subject: &str) -> String {
    let (entry, rest) = subject.split_once(", ").unwrap_or((subject, ""));
    let entry = if entry.starts_with('u') { "" } else { "strings" };
    let separated = |word: &str| if word.is_empty() { String::new() } else { format!(", {word}") };
    separated(rest) + &separated(entry)
}

/// Lines with the styles of their plot. The best have the greatest scores of their values.
fn series<'a>(
    lines: impl Iterator<Item = (&'a table::Row, String, Vec<(f64, f64)>)>,
    score: fn(&[f64]) -> f64,
) -> Vec<Series> {
    let lines: Vec<_> = lines.collect();
    let most = lines.iter().map(|(_, _, points)| points.len()).max().unwrap_or(0);
    let score_of = |points: &[(f64, f64)]| {
        let values: Vec<f64> = points.iter().map(|point| point.1).collect();
        (values.len() == most).then(|| score(&values))
    };
    let styles = colours::in_plot(lines.iter().map(|(row, _, points)| (row.id.as_str(), score_of(points))));
    let line = |((_, name, points), style)| Series { name, style, points, ring: None };
    lines.into_iter().zip(styles).map(line).collect()
}

/// The logarithm of the geometric mean: a ratio counts the same wherever it is.
fn geometric(values: &[f64]) -> f64 {
    let logarithms: Vec<f64> = values.iter().map(|value| value.max(1e-9).ln()).collect();
    arithmetic(&logarithms)
}

#[allow(clippy::cast_precision_loss, reason = "a few")]
fn arithmetic(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// The times of inserts, by quantile.
pub(super) fn pauses(report: &Report) -> Vec<Lines> {
    // Each place has a tenth of the inserts of the previous one.
    let places = places(["90", "99", "99.9", "99.99", "99.999", "longest"]);
    let place = |share: f64| if share >= 1.0 { 5.0 } else { -(1.0 - share).log10() - 1.0 };
    let plot = |table: &Table| {
        let lines = table.rows.iter().filter(|row| !row.curve.is_empty()).map(|row| {
            let points = row.curve.iter().filter(|(share, _)| *share >= 0.9);
            (row, short(&row.system), points.map(|&(share, nanoseconds)| (place(share), nanoseconds)).collect())
        });
        Lines {
            title: format!("Inserts from nothing, {} thread(s){}", table.about.threads, variant(&table.about.subject)),
            across: "share of the inserts, %".to_owned(),
            up: "time that these inserts do not exceed".to_owned(),
            conditions: report.conditions(table),
            scale: Scale::Log,
            places: places.clone(),
            series: series(lines, |times| -geometric(times)),
            unit: time,
        }
    };
    report.of_work(Work::Pauses.name()).map(plot).collect()
}

/// Hits over capacity, a plot for each trace.
pub(super) fn hit_ratios(report: &Report) -> Vec<Lines> {
    let plot = |table: &Table| {
        let lines = table.rows.iter().map(|row| {
            let points = row.cells.iter().zip(0..).filter_map(|(cell, place)| Some((f64::from(place), cell.number()?)));
            (row, row.system.clone(), points.collect())
        });
        Lines {
            title: table.about.subject.clone(),
            across: "capacity, % of the unique keys".to_owned(),
            up: "requests that hit, %".to_owned(),
            conditions: table.title.split_once(": ").map_or("", |(conditions, _)| conditions).to_owned(),
            scale: Scale::Linear,
            places: places(&table.columns),
            series: series(lines, arithmetic),
            unit: plain,
        }
    };
    report.of_work(Work::HitRatio.name()).map(plot).collect()
}

/// Bytes per entry.
pub(super) fn memory(report: &Report) -> Vec<Dots> {
    let of = |table: &Table| {
        dots(
            report,
            table,
            (format!("Memory{}", variant(&table.about.subject)), "resident bytes per entry"),
            &[
                ("grown", "grown"),
                ("worst point", "worst point on the way"),
                ("churned", "half replaced"),
                ("99% removed", "99 % removed"),
            ],
            Scale::Log,
            plain,
        )
    };
    report.of_work(Work::Memory.name()).map(of).collect()
}

/// Pauses and the release of memory when all entries expire at once.
pub(super) fn storm(report: &Report) -> Vec<Dots> {
    let mut plots = Vec::new();
    for table in report.of_work(Work::Storm.name()) {
        let title = format!("A million entries expire at once, {}", table.about.subject);
        let names = (format!("{title}: the longest call"), "ms");
        plots.push(dots(report, table, names, &[("read ms", "read"), ("write ms", "write")], Scale::Log, plain));
        let maps = Table { rows: table.rows.iter().filter(|row| row.id != "null").cloned().collect(), ..table.clone() };
        let plot = dots(
            report,
            &maps,
            (format!("{title}: until …"), "seconds after the deadline"),
            &[("gone after s", "entries are gone"), ("memory back s", "memory is back")],
            Scale::Log,
            plain,
        );
        plots.push(plot);
    }
    plots
}

/// A plot of the columns with these names and marks. The best systems have the least values.
fn dots(
    report: &Report,
    table: &Table,
    (title, across): (String, &str),
    columns: &[(&str, &str)],
    scale: Scale,
    unit: fn(f64) -> String,
) -> Dots {
    let values = |row: &table::Row| -> Vec<Option<f64>> {
        columns.iter().map(|(column, _)| table.number(&row.id, column)).collect()
    };
    let score = |row: &table::Row| {
        let known: Option<Vec<f64>> = values(row).into_iter().collect();
        known.map(|values| -geometric(&values))
    };
    let styles = colours::in_plot(table.rows.iter().map(|row| (row.id.as_str(), score(row))));
    let row = |(row, style): (&table::Row, Style)| plot::Row { name: row.system.clone(), style, values: values(row) };
    Dots {
        title,
        across: across.to_owned(),
        conditions: report.conditions(table),
        scale,
        marks: columns.iter().map(|(_, mark)| (*mark).to_owned()).collect(),
        rows: table.rows.iter().zip(styles).map(row).collect(),
        unit,
    }
}

/// The works and subjects of the README's plots.
const OF_README: [(Work, &str); 7] = [
    (Work::Hit, "u64 -> u64"),
    (Work::Hit, "String (24) -> 64 bytes"),
    (Work::HalfIncrement, "u64 -> u64"),
    (Work::Exchange, "u64 -> u64"),
    (Work::RapidGrow, "u64 -> u64"),
    (Work::GetOrInsert, "u64 -> u64, with a ttl"),
    (Work::GetOrInsert, "u64 -> u64, without a ttl"),
];

/// The plots in the README: throughput under some works, and inserts on one thread.
pub(super) fn of_readme(report: &Report) -> String {
    let title = |work: Work| RATES.iter().find(|(known, _)| *known == work).map_or("", |(_, title)| title);
    let chosen = OF_README.into_iter().filter_map(|(work, subject)| rate(report, work, subject, title(work)));
    let mut plots: Vec<Lines> = chosen.collect();
    plots.extend(pauses(report).into_iter().take(1));
    page::svg_file(&plot::grid(&plots, 2))
}

/// Labels at equal distances.
fn places(labels: impl IntoIterator<Item: ToString>) -> Vec<(f64, String)> {
    labels.into_iter().zip(0..).map(|(label, place)| (f64::from(place), label.to_string())).collect()
}

/// A name that fits beside a line.
fn short(name: &str) -> String {
    name.trim_start_matches("sharded, ").replace("by hand, 64 RwLock", "by hand, 64 shards")
}
