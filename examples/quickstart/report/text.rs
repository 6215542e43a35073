//! The report for a terminal.

use super::{Report, fill, policies, words};
use crate::{ShopViews, replay::Outcome};
use sharded::Policy;
use std::{
    fmt::{self, Write as _},
    path::Path,
};

/// Columns of the longest bar.
const BAR: usize = 40;
/// The most bars of a chart.
const BARS: usize = 16;

pub(crate) fn page(report: &Report, html: &Path) -> String {
    let mut page = String::new();
    write(&mut page, report, html).expect("a string takes all that is written");
    page
}

fn write(out: &mut String, report: &Report, html: &Path) -> fmt::Result {
    let Report { trace, day, threads, paced, flat_out, .. } = report;
    let requests = trace.requests.len();
    writeln!(out, "A web shop's day in {}\n", words::time(day.lasts))?;
    writeln!(out, "  trace     {}", trace.source)?;
    writeln!(
        out,
        "            {}; its {} taken as pages, visitors made up, requests spread evenly over a day",
        words::of(requests, "request", "requests"),
        words::of(trace.unique_pages, "key", "keys"),
    )?;
    writeln!(
        out,
        "  time      {} times faster: an hour of the shop takes {}",
        words::rate(day.pace()),
        words::time(day.lasts.div_f64(crate::day::Day::HOURS)),
    )?;
    writeln!(
        out,
        "  served    {} in {} by {}: {} per second",
        words::of(requests, "request", "requests"),
        words::time(paced.elapsed),
        words::of(*threads, "thread", "threads"),
        words::rate(paced.rate()),
    )?;
    writeln!(out, "  latency   {} (one session, one counter, one page)", latency(paced))?;
    writeln!(
        out,
        "  pages     {} of the requests found their page in the cache",
        words::percent(report.page_hit_ratio())
    )?;
    writeln!(
        out,
        "  gone      {} entries expired, {} evicted",
        words::count(report.expired()),
        words::count(report.evicted())
    )?;
    writeln!(out, "  views     most of page {}\n", report.favourites())?;

    fields(out, report)?;
    shards(out, report)?;
    memory(out, report)?;

    writeln!(
        out,
        "The same day once more, without waiting between requests, over and over for {}:",
        words::time(flat_out.elapsed)
    )?;
    writeln!(
        out,
        "  {} requests per second by {}",
        words::rate(flat_out.rate()),
        words::of(*threads, "thread", "threads")
    )?;
    writeln!(out, "  latency   {}\n", latency(flat_out))?;
    writeln!(out, "With plots: {}", html.display())
}

fn latency(outcome: &Outcome) -> String {
    let at = |quantile| words::nanos(outcome.latency.value_at_quantile(quantile));
    format!("p50 {}, p99 {}, p99.9 {}", at(0.5), at(0.99), at(0.999))
}

fn fields(out: &mut String, report: &Report) -> fmt::Result {
    writeln!(out, "At the end of the day")?;
    writeln!(
        out,
        "  {:<10}{:>8}{:>9}{:>10}{:>10}   declared: an entry is",
        "field", "stored", "hits", "expired", "evicted"
    )?;
    for (field, policy) in report.fields().iter().zip(policies()) {
        writeln!(
            out,
            "  {:<10}{:>8}{:>9}{:>10}{:>10}   {policy}",
            field.name,
            words::count(field.len as u64),
            words::percent(field.stats.hit_ratio()),
            words::count(field.stats.expired),
            words::count(field.stats.evicted),
        )?;
    }
    writeln!(out)
}

fn shards(out: &mut String, report: &Report) -> fmt::Result {
    let Some(field) = report.field(ShopViews::NAME) else { return Ok(()) };
    let shards = field.stats.shard_sizes.len();
    writeln!(
        out,
        "How the {} of `{}` lie in its {}",
        words::of(field.len, "entry", "entries"),
        field.name,
        words::of(shards, "shard", "shards")
    )?;
    let bars = fill(&field.stats.shard_sizes, BARS);
    let most = bars.iter().copied().max().unwrap_or(0).max(1);
    for (index, &entries) in bars.iter().enumerate() {
        let first = index * shards / bars.len();
        let bar = "█".repeat((entries * BAR).div_ceil(most));
        writeln!(out, "  {first:>5} {bar:<BAR$} {}", words::count(entries as u64))?;
    }
    writeln!(out)
}

fn memory(out: &mut String, report: &Report) -> fmt::Result {
    writeln!(out, "Memory per entry")?;
    if report.memory.is_empty() {
        writeln!(out, "  not measured: this system does not tell what memory a process has")?;
    }
    for fill in &report.memory {
        writeln!(
            out,
            "  {:<10}{:.0} bytes, of which {} are the key and the value (resident memory, {} put in)",
            fill.field,
            fill.per_entry(),
            fill.payload,
            words::count(crate::memory::ENTRIES),
        )?;
    }
    writeln!(out)
}
