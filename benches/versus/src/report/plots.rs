//! Which plots there are, and where their values come from.

use super::{
    Report,
    dots::{Dots, Row as DotRow},
    lines::{HEIGHT, Lines, Scale, Series, WIDTH, draw},
};
use crate::{table::Table, work::Work};

/// Colours of a page: what is written, what is written small, lines, and the paper.
struct Palette {
    ink: &'static str,
    soft: &'static str,
    rule: &'static str,
    page: &'static str,
}

const DAY: Palette = Palette { ink: "#1c1b19", soft: "#66645e", rule: "#e4e2dc", page: "#fff" };
const NIGHT: Palette = Palette { ink: "#eceae4", soft: "#a5a29a", rule: "#373631", page: "#1d1d1b" };

/// What the elements of pictures look like, by day and by night, where `root` is what has the paper. The colours stand in each rule, as not
/// everything that shows a picture knows variables.
pub(super) fn style(root: &str) -> String {
    let coloured = |Palette { ink, soft, rule, page }: Palette| {
        format!(
            "{root} {{ color: {ink}; background: {page}; }} text {{ fill: {soft}; }} text.title, text.name {{ fill: {ink}; }} \
             .grid {{ stroke: {rule}; }} .hollow {{ fill: {page}; }} th, .note, summary {{ color: {soft}; }} \
             th, td {{ border-color: {rule}; }}"
        )
    };
    format!("{SHAPES}{}\n@media (prefers-color-scheme: dark) {{ {} }}\n", coloured(DAY), coloured(NIGHT))
}

const SHAPES: &str = "\
text { font: 11px system-ui, 'Segoe UI', sans-serif; }
text.title { font-size: 13px; font-weight: 600; }
text.ours { font-weight: 700; }
text.end { text-anchor: end; }
text.middle { text-anchor: middle; }
.grid { fill: none; }
.line { fill: none; stroke-linejoin: round; stroke-width: 1.4; }
.line.ours { stroke-width: 2.6; }
.leader { fill: none; stroke-width: 0.7; opacity: 0.5; }
.hollow { stroke-width: 1.6; }
";

/// Works whose rates are drawn over the number of threads, with what they are called there.
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
    let mut series: Vec<Series> = Vec::new();
    for table in tables {
        for row in &table.rows {
            let is_known = series.iter().any(|series| series.id == row.id);
            // What measuring costs is in the tables; its line would flatten all others.
            if row.id != "null" && !is_known {
                series.push(Series { id: row.id.clone(), name: short(&row.system), points: Vec::new() });
            }
        }
    }
    for (place, table) in tables.iter().enumerate() {
        for series in &mut series {
            if let Some(rate) = table.number(&series.id, "M/s") {
                #[allow(clippy::cast_precision_loss, reason = "a few")]
                series.points.push((place as f64, rate));
            }
        }
    }
    Lines {
        title,
        axes: "threads; million operations per second, all together".to_owned(),
        scale: Scale::Linear,
        places: tables.iter().map(|table| table.about.threads.to_string()).collect(),
        series,
        unit: plain,
    }
}

/// How long inserts take, by the share that takes no longer.
pub(super) fn pauses(report: &Report) -> Vec<Lines> {
    // Each place is a tenth of the inserts of the place before.
    let places = ["90", "99", "99.9", "99.99", "99.999", "longest"].map(str::to_owned).to_vec();
    let place = |share: f64| if share >= 1.0 { 5.0 } else { -(1.0 - share).log10() - 1.0 };
    let plot = |table: &Table| {
        let series = table.rows.iter().filter(|row| !row.curve.is_empty()).map(|row| Series {
            id: row.id.clone(),
            name: short(&row.system),
            points: row
                .curve
                .iter()
                .filter(|(share, _)| *share >= 0.9)
                .map(|&(share, nanoseconds)| (place(share), nanoseconds))
                .collect(),
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
        let points = |cells: &[crate::table::Cell]| {
            #[allow(clippy::cast_precision_loss, reason = "a few")]
            cells.iter().enumerate().filter_map(|(place, cell)| Some((place as f64, cell.number()?))).collect()
        };
        Lines {
            title: table.about.subject.clone(),
            axes: "capacity in % of the unique keys; requests that hit, %".to_owned(),
            scale: Scale::Linear,
            places: table.columns.clone(),
            series: table
                .rows
                .iter()
                .map(|row| Series { id: row.id.clone(), name: row.system.clone(), points: points(&row.cells) })
                .collect(),
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

/// Pauses and the memory's return when everything expires at once.
pub(super) fn storm(report: &Report) -> Vec<Dots> {
    let mut plots = Vec::new();
    for table in report.of_work(Work::Storm.name()) {
        let title = format!("A million entries expire at once, {}: longest of each, ms", table.about.subject);
        plots.push(dots(table, title, &[("read ms", "read"), ("write ms", "write")], Scale::Log, plain));
        let title = format!("A million entries expire at once, {}: seconds until …", table.about.subject);
        let mut plot = dots(
            table,
            title,
            &[("gone after s", "entries are gone"), ("memory back s", "memory is back")],
            Scale::Log,
            plain,
        );
        plot.rows.retain(|row| row.id != "null");
        plots.push(plot);
    }
    plots
}

fn dots(table: &Table, title: String, columns: &[(&str, &str)], scale: Scale, unit: fn(f64) -> String) -> Dots {
    let row = |row: &crate::table::Row| DotRow {
        id: row.id.clone(),
        name: row.system.clone(),
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

/// Plots side by side, two in a row, as one `svg` element; with a style of its own where the picture stands alone.
pub(super) fn grid(plots: &[Lines], stands_alone: bool) -> String {
    let rows = plots.len().div_ceil(2);
    #[allow(clippy::cast_precision_loss, reason = "a few")]
    let (width, height) = (2.0 * WIDTH + 20.0, rows as f64 * (HEIGHT + 16.0));
    let style = if stands_alone { format!("<style>\n{}</style>\n", style("svg")) } else { String::new() };
    let mut body = String::new();
    for (index, plot) in plots.iter().enumerate() {
        #[allow(clippy::cast_precision_loss, reason = "a few")]
        let (x, y) = ((index % 2) as f64 * (WIDTH + 20.0), (index / 2) as f64 * (HEIGHT + 16.0));
        draw(&mut body, format_args!("<g transform=\"translate({x} {y})\">\n{}</g>", plot.draw()));
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\">\n{style}{body}</svg>\n"
    )
}

/// The picture in the README: throughput of maps with integers, in four kinds of use, and inserts on one thread.
pub(super) fn of_readme(report: &Report) -> String {
    let chosen = [0, 2, 3, 6].map(|index| RATES[index].1);
    let mut plots: Vec<Lines> =
        rates(report).into_iter().filter(|plot| chosen.contains(&plot.title.as_str())).collect();
    plots.extend(pauses(report).into_iter().take(2));
    grid(&plots, true)
}

/// A name that fits beside a line.
fn short(name: &str) -> String {
    name.trim_start_matches("sharded, ").replace("by hand, 64 RwLock", "by hand, 64 shards").replace(", Instant", "")
}

fn plain(value: f64) -> String {
    // Sums of steps end in what no one wants to read.
    let rounded = (value * 1e6).round() / 1e6;
    rounded.to_string()
}

fn time(nanoseconds: f64) -> String {
    match nanoseconds {
        n if n < 1e3 => format!("{n} ns"),
        n if n < 1e6 => format!("{} µs", n / 1e3),
        n if n < 1e9 => format!("{} ms", n / 1e6),
        n => format!("{} s", n / 1e9),
    }
}
