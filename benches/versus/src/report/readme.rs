//! The README's tables: the most important figures, written between two marker lines.

use super::{Report, Run};
use crate::{caches::Lifetime, table::Table, work::Work};
use sharded_bench_common::page::escape;
use std::{collections::BTreeMap, fmt::Write as _};

pub(super) const BEGIN: &str = "<!-- versus: what stands from here on is written by benches/versus/report.sh -->";
pub(super) const END: &str = "<!-- versus: up to here -->";

/// Works that have rows, with their names.
const RATES: [(Work, &str); 8] = [
    (Work::Hit, "hit"),
    (Work::HitZipf, "hit, keys by Zipf's law (0.99)"),
    (Work::HitHot, "hit of 100 hot keys"),
    (Work::ReadHeavy, "98 % reads, 1 % inserts, 1 % removals"),
    (Work::Exchange, "10 % reads, 40 / 40 / 10 % inserts, removals, changes"),
    (Work::HalfIncrement, "half reads, half changes in place, Zipf (0.99)"),
    (Work::Increment, "change in place, Zipf (0.99)"),
    (Work::RapidGrow, "rapid growth from nothing"),
];

/// Maps that have columns. The others are in the report.
const MAPS: [(&str, &str); 10] = [
    ("optimistic", "`Optimistic`"),
    ("rcu", "`Rcu`"),
    ("rwlock", "`RwLock`"),
    ("mutex", "`Mutex`"),
    ("dashmap", "dashmap 6"),
    ("dashmap-7", "dashmap 7 rc"),
    ("scc", "scc"),
    ("papaya", "papaya"),
    ("flurry", "flurry"),
    ("leapfrog", "leapfrog"),
];

/// The text with the tables between the markers.
pub(super) fn with_table(text: &str, report: &Report, plot: &str) -> Result<String, String> {
    let marker = |line: &str| text.find(line).ok_or_else(|| format!("the README has no line `{line}`"));
    let (begin, end) = (marker(BEGIN)? + BEGIN.len(), marker(END)?);
    if end < begin {
        return Err("the README's markers stand in the wrong order".to_owned());
    }
    Ok(format!("{}\n{}{}", &text[..begin], written(report, plot), &text[end..]))
}

fn written(report: &Report, plot: &str) -> String {
    let mut out = String::new();
    about(report, &mut out);
    rates(report, "u64 -> u64", &mut out);
    strings(report, &mut out);
    let link = plot.strip_suffix(".svg").unwrap_or(plot);
    line(&mut out, format_args!("[![Throughput over threads, and how long inserts take]({plot})]({link}.html)\n"));
    growth(report, &mut out);
    caches(report, &mut out);
    line(
        &mut out,
        format_args!(
            "All tables and plots: [the report]({link}.html); how to run and read it: [`benches/versus`](benches/versus/README.md)."
        ),
    );
    out
}

fn about(report: &Report, out: &mut String) {
    let Some(run) = report.runs.first() else { return };
    let Run { date, machine, .. } = run;
    let (mut versions, mut commits) = (BTreeMap::new(), Vec::new());
    for run in &report.runs {
        versions.extend(&run.versions);
        if !commits.contains(&run.commit.as_str()) {
            commits.push(&run.commit);
        }
    }
    let commits = commits.join(" and ");
    let versions: Vec<String> = versions
        .iter()
        .filter(|(name, _)| **name != "sharded-runtime")
        .map(|(name, version)| format!("{name} {version}"))
        .collect();
    line(
        out,
        format_args!(
            "Measured {date} at {commits} by `benches/versus/report.sh` on {} cores of an {} (last-level cache {}), {}, {}. {}.\n",
            machine.cores,
            machine.processor.trim(),
            machine.last_level_cache,
            machine.kernel,
            machine.compiler.split(" (").next().unwrap_or_default(),
            versions.join(", ")
        ),
    );
    line(
        out,
        format_args!(
            "Throughput of maps, u64 to u64, as a ratio to what a careful engineer writes by hand: 64 padded `RwLock<hashbrown::HashTable>`, \
             whose million operations per second stand in their own column. The best of each row in bold.\n"
        ),
    );
}

/// The rates with strings, if they were measured.
fn strings(report: &Report, out: &mut String) {
    let subject = "String (24) -> 64 bytes";
    if report.of_work(Work::Hit.name()).any(|table| table.about.subject == subject) {
        line(out, format_args!("The same with `String` keys of 24 bytes and values of 64 bytes.\n"));
        rates(report, subject, out);
    }
}

/// Rows for each work: at the least and the greatest number of threads, and at one between. Maps without a figure have
/// no column.
fn rates(report: &Report, subject: &str, out: &mut String) {
    let tables = |work: Work| report.of_work(work.name()).filter(move |table| table.about.subject == subject);
    let maps: Vec<(&str, &str)> = MAPS
        .into_iter()
        .filter(|(id, _)| {
            let mut all = RATES.iter().flat_map(|(work, _)| tables(*work));
            all.any(|table| table.number(id, "to hand").is_some())
        })
        .collect();
    let mut head = String::from("| | threads | by hand, M/s |");
    for (_, name) in &maps {
        write!(head, " {name} |").expect("a string takes all that is written");
    }
    line(out, format_args!("{head}\n|{}", "---|".repeat(maps.len() + 3)));
    for (work, name) in RATES {
        let mut tables: Vec<&Table> = tables(work).collect();
        tables.sort_by_key(|table| table.about.threads);
        let chosen = [0, tables.len() / 2, tables.len().saturating_sub(1)];
        let chosen = tables.iter().enumerate().filter(|(index, _)| chosen.contains(index));
        for (index, (_, table)) in chosen.enumerate() {
            let hand = table.number("hand", "M/s").unwrap_or_default();
            let ratios: Vec<_> = maps.iter().map(|(id, _)| table.number(id, "to hand")).collect();
            write!(out, "| {} | {} | {hand:.1} |", if index == 0 { name } else { "" }, table.about.threads)
                .expect("a string takes all that is written");
            cells(&ratios, f64::max, 2, out);
        }
    }
    out.push('\n');
}

/// Pauses and memory: a row for each map.
fn growth(report: &Report, out: &mut String) {
    let pauses = |threads: usize| {
        report
            .of_work(Work::Pauses.name())
            .find(|table| table.about.threads == threads && table.about.subject.starts_with('u'))
    };
    let memory = report.of_work(Work::Memory.name()).find(|table| table.about.subject.starts_with('u'));
    let (Some(one), Some(memory)) = (pauses(1), memory) else { return };
    let entries = one.about.entries;
    line(
        out,
        format_args!(
            "Growing from nothing to {entries} entries, u64 to u64: how long single inserts take, and resident bytes per entry.\n"
        ),
    );
    line(
        out,
        format_args!(
            "| | p50 ns | p99.9 µs | longest ms | on two threads | bytes grown | worst point | half replaced | 99 % removed |\n|{}",
            "---|".repeat(9)
        ),
    );
    for row in &one.rows {
        let number = |table: Option<&Table>, column: &str, decimals: usize| {
            let number = table.and_then(|table| table.number(&row.id, column));
            number.map_or("–".to_owned(), |number| format!("{number:.decimals$}"))
        };
        line(
            out,
            format_args!(
                "| {} | {} | {} | {} | {} | {} | {} | {} | {} |",
                escape(&row.system),
                number(Some(one), "p50 ns", 0),
                number(Some(one), "p99.9 us", 1),
                number(Some(one), "longest ms", 2),
                number(pauses(2), "longest ms", 2),
                number(Some(memory), "grown", 1),
                number(Some(memory), "worst point", 1),
                number(Some(memory), "churned", 1),
                number(Some(memory), "99% removed", 1),
            ),
        );
    }
    out.push('\n');
}

/// The tables of get-or-insert with integers, by the number of threads.
fn requests(report: &Report, lifetime: Lifetime) -> Vec<&Table> {
    let subject = format!("u64 -> u64, {}", lifetime.name());
    let mut tables: Vec<&Table> =
        report.of_work(Work::GetOrInsert.name()).filter(|table| table.about.subject == subject).collect();
    tables.sort_by_key(|table| table.about.threads);
    tables
}

/// Get-or-insert and the storm: a row for each cache.
fn caches(report: &Report, out: &mut String) {
    let [limited, unlimited] = Lifetime::ALL.map(|lifetime| requests(report, lifetime));
    let Some(first) = limited.first() else { return };
    let storm = |subject: &str| report.of_work(Work::Storm.name()).find(move |table| table.about.subject == subject);
    line(
        out,
        format_args!(
            "Caches with a capacity of {} entries, {} keys by Zipf's law (0.99): get or insert, million per second by the number of threads, and how \
             many hit, with a time to live (ttl) and without one. Beside it, what happens when a million entries expire at once: the longest read and \
             write of others meanwhile, and how long it takes until the memory is back. The fastest of each column in bold.\n",
            first.about.entries / 10,
            first.about.entries
        ),
    );
    let mut head = String::from("| |");
    for (lifetime, tables) in [("ttl", &limited), ("no ttl", &unlimited)] {
        for table in tables {
            write!(head, " {lifetime}, {} |", table.about.threads).expect("a string takes all that is written");
        }
        if !tables.is_empty() {
            write!(head, " {lifetime}, hits % |").expect("a string takes all that is written");
        }
    }
    let columns = head.matches('|').count() + 3;
    line(
        out,
        format_args!(
            "{head} read, ms | write, ms | memory back, s | without traffic, s |\n|{}",
            "---|".repeat(columns)
        ),
    );
    for row in first.rows.iter().filter(|row| row.id != "null") {
        write!(out, "| {} |", escape(&row.system)).expect("a string takes all that is written");
        for tables in [&limited, &unlimited] {
            for table in tables {
                let fastest = table.rows.iter().filter(|row| row.id != "null");
                let fastest = fastest.filter_map(|row| table.number(&row.id, "M/s")).fold(0.0, f64::max);
                match table.number(&row.id, "M/s") {
                    Some(rate) if rate >= fastest => write!(out, " **{rate:.1}** |"),
                    Some(rate) => write!(out, " {rate:.1} |"),
                    None => write!(out, " – |"),
                }
                .expect("a string takes all that is written");
            }
            if let Some(table) = tables.first() {
                let hits = table.number(&row.id, "hits %");
                let hits = hits.map_or_else(|| "–".to_owned(), |hits| format!("{hits:.1}"));
                write!(out, " {hits} |").expect("a string takes all that is written");
            }
        }
        // In the storm there is one of ours for each lock.
        let id = row.id.strip_suffix("-sieve").unwrap_or(&row.id);
        let text = |table: Option<&Table>, column: &str| {
            let cell =
                table.and_then(|table| table.rows.iter().find(|row| row.id == id)?.cells.get(table.column(column)?));
            cell.map_or("–".to_owned(), ToString::to_string)
        };
        line(
            out,
            format_args!(
                " {} | {} | {} | {} |",
                text(storm("with traffic"), "read ms"),
                text(storm("with traffic"), "write ms"),
                text(storm("with traffic"), "memory back s"),
                text(storm("without traffic"), "memory back s"),
            ),
        );
    }
    out.push('\n');
}

/// Numbers, the best of them in bold.
fn cells(numbers: &[Option<f64>], better: fn(f64, f64) -> f64, decimals: usize, out: &mut String) {
    let best = numbers.iter().flatten().copied().reduce(better);
    for number in numbers {
        match number {
            Some(number) if Some(*number) == best => write!(out, " **{number:.decimals$}** |"),
            Some(number) => write!(out, " {number:.decimals$} |"),
            None => write!(out, " – |"),
        }
        .expect("a string takes all that is written");
    }
    out.push('\n');
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    writeln!(out, "{text}").expect("a string takes all that is written");
}
