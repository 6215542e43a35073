//! The plots, and the sources of their values.

use super::{Report, colours};
use crate::{
    table::{self, Table},
    work::Work,
};
use sharded_bench_common::{
    page,
    plot::{self, Dots, Lines, Scale, Series, plain, time},
};

/// Works whose rates are drawn over the number of threads, with their titles.
const RATES: [(Work, &str); 7] = [
    (Work::Hit, "Hits, all keys equally likely"),
    (Work::HitZipf, "Hits, keys by Zipf's law (0.99)"),
    (Work::ReadHeavy, "98 % reads, 1 % inserts, 1 % removals"),
    (Work::Exchange, "10 % reads, 40 / 40 / 10 % inserts, removals, changes"),
    (Work::Increment, "Changes in place, keys by Zipf's law (0.99)"),
    (Work::RapidGrow, "Rapid growth from nothing"),
    (Work::GetOrInsert, "Cache: get or insert, Zipf 0.99, capacity 10 %, ttl"),
];

/// Throughput over threads, a plot for each work and kind of entry.
pub(super) fn rates(report: &Report) -> Vec<Lines> {
    let mut plots = Vec::new();
    for (work, title) in RATES {
        let mut subjects: Vec<&str> = report.of_work(work.name()).map(|table| table.about.subject.as_str()).collect();
        subjects.sort_unstable_by(|one, other| other.cmp(one));
        subjects.dedup();
        for subject in subjects {
            let mut tables: Vec<&Table> =
                report.of_work(work.name()).filter(|table| table.about.subject == subject).collect();
            tables.sort_by_key(|table| table.about.threads);
            plots.push(rate(
                &tables,
                if subject.starts_with('u') { title.to_owned() } else { format!("{title}, strings") },
            ));
        }
    }
    plots
}

fn rate(tables: &[&Table], title: String) -> Lines {
    let mut systems: Vec<&table::Row> = Vec::new();
    for row in tables.iter().flat_map(|table| &table.rows) {
        // The cost of measuring is in the tables. Its line would flatten all others.
        if row.id != "null" && systems.iter().all(|known| known.id != row.id) {
            systems.push(row);
        }
    }
    let series = |row: &table::Row| {
        let rates =
            tables.iter().zip(0..).map(|(table, place)| Some((f64::from(place), table.number(&row.id, "M/s")?)));
        line(row, short(&row.system), rates.flatten().collect())
    };
    Lines {
        title,
        axes: "threads; million operations per second, all together".to_owned(),
        scale: Scale::Linear,
        places: places(tables.iter().map(|table| table.about.threads.to_string())),
        series: systems.into_iter().map(series).collect(),
        unit: plain,
    }
}

/// The times of inserts, by quantile.
pub(super) fn pauses(report: &Report) -> Vec<Lines> {
    // Each place has a tenth of the inserts of the previous one.
    let places = places(["90", "99", "99.9", "99.99", "99.999", "longest"]);
    let place = |share: f64| if share >= 1.0 { 5.0 } else { -(1.0 - share).log10() - 1.0 };
    let plot = |table: &Table| {
        let series = table.rows.iter().filter(|row| !row.curve.is_empty()).map(|row| {
            let points = row.curve.iter().filter(|(share, _)| *share >= 0.9);
            let points = points.map(|&(share, nanoseconds)| (place(share), nanoseconds)).collect();
            line(row, short(&row.system), points)
        });
        Lines {
            title: format!("Inserts from nothing, {}, {} thread(s)", table.about.subject, table.about.threads),
            axes: "% of the inserts that take no longer; time of one".to_owned(),
            scale: Scale::Log,
            places: places.clone(),
            series: series.collect(),
            unit: time,
        }
    };
    report.of_work(Work::Pauses.name()).map(plot).collect()
}

/// Hits over capacity, a plot for each trace.
pub(super) fn hit_ratios(report: &Report) -> Vec<Lines> {
    let plot = |table: &Table| {
        let series = |row: &table::Row| {
            let points = row.cells.iter().zip(0..).filter_map(|(cell, place)| Some((f64::from(place), cell.number()?)));
            line(row, row.system.clone(), points.collect())
        };
        Lines {
            title: table.about.subject.clone(),
            axes: "capacity in % of the unique keys; requests that hit, %".to_owned(),
            scale: Scale::Linear,
            places: places(&table.columns),
            series: table.rows.iter().map(series).collect(),
            unit: plain,
        }
    };
    report.of_work(Work::HitRatio.name()).map(plot).collect()
}

/// Bytes per entry.
pub(super) fn memory(report: &Report) -> Vec<Dots> {
    let of = |table: &Table| {
        let title = format!("Bytes per entry, {}", table.about.subject);
        dots(
            table,
            title,
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
        let title = format!("A million entries expire at once, {}: longest of each, ms", table.about.subject);
        plots.push(dots(table, title, &[("read ms", "read"), ("write ms", "write")], Scale::Log, plain));
        let title = format!("A million entries expire at once, {}: seconds until …", table.about.subject);
        let table =
            Table { rows: table.rows.iter().filter(|row| row.id != "null").cloned().collect(), ..table.clone() };
        let plot = dots(
            &table,
            title,
            &[("gone after s", "entries are gone"), ("memory back s", "memory is back")],
            Scale::Log,
            plain,
        );
        plots.push(plot);
    }
    plots
}

fn dots(table: &Table, title: String, columns: &[(&str, &str)], scale: Scale, unit: fn(f64) -> String) -> Dots {
    let row = |row: &table::Row| plot::Row {
        name: row.system.clone(),
        style: colours::of(&row.id),
        values: columns.iter().map(|(column, _)| table.number(&row.id, column)).collect(),
    };
    Dots {
        title,
        scale,
        marks: columns.iter().map(|(_, mark)| (*mark).to_owned()).collect(),
        rows: table.rows.iter().map(row).collect(),
        unit,
    }
}

/// The plots in the README: throughput of maps with integers under four works, and inserts on one thread.
pub(super) fn of_readme(report: &Report) -> String {
    let chosen = [0, 2, 3, 6].map(|index| RATES[index].1);
    let mut plots: Vec<Lines> =
        rates(report).into_iter().filter(|plot| chosen.contains(&plot.title.as_str())).collect();
    plots.extend(pauses(report).into_iter().take(2));
    page::svg_file(&plot::grid(&plots, 2))
}

/// Labels at equal distances.
fn places(labels: impl IntoIterator<Item: ToString>) -> Vec<(f64, String)> {
    labels.into_iter().zip(0..).map(|(label, place)| (f64::from(place), label.to_string())).collect()
}

fn line(row: &table::Row, name: String, points: Vec<(f64, f64)>) -> Series {
    Series { name, style: colours::of(&row.id), points, ring: None }
}

/// A name that fits beside a line.
fn short(name: &str) -> String {
    name.trim_start_matches("sharded, ").replace("by hand, 64 RwLock", "by hand, 64 shards").replace(", Instant", "")
}
