//! The report as one self-contained page.

use super::{Report, plots, policies, svg::escape, words};
use crate::{day::Day, replay::Outcome};

pub(crate) fn page(report: &Report) -> String {
    let Report { trace, day, threads, paced, flat_out, .. } = report;
    let at = |outcome: &Outcome, quantile| words::nanos(outcome.latency.value_at_quantile(quantile));
    let tiles: String = [
        (words::count(trace.requests.len() as u64), "requests served".to_owned()),
        (words::percent(report.page_hit_ratio()), "found their page".to_owned()),
        (words::count(report.expired()), "entries expired".to_owned()),
        (words::count(report.evicted()), "entries evicted".to_owned()),
        (at(paced, 0.99), format!("p99 (p50 {}, p99.9 {})", at(paced, 0.5), at(paced, 0.999))),
        (words::rate(flat_out.rate()), "requests per second without waiting".to_owned()),
    ]
    .map(|(figure, name)| format!("<div><b>{figure}</b><span>{name}</span></div>\n"))
    .concat();
    format!(
        include_str!("page.html"),
        style = include_str!("page.css"),
        length = words::time(day.lasts),
        requests = words::of(trace.requests.len(), "request", "requests"),
        elapsed = words::time(paced.elapsed),
        threads = words::of(*threads, "thread", "threads"),
        rate = words::rate(paced.rate()),
        pace = words::rate(day.pace()),
        hour = words::time(day.lasts.div_f64(Day::HOURS)),
        tiles = tiles,
        declaration = escape(declaration()),
        fields = fields(report),
        favourites = report.favourites(),
        stored = plots::stored(report),
        hit_ratio = plots::hit_ratio(report),
        gone = plots::gone(report),
        latency = plots::latency(report),
        memory = plots::memory(report),
        shards = plots::shards(report),
        source = escape(&trace.source),
        unique = words::count(trace.unique_pages as u64),
        filled = words::count(crate::memory::ENTRIES),
        flat_out = words::time(flat_out.elapsed),
    )
}

/// The store as it stands in the source.
fn declaration() -> &'static str {
    let source = include_str!("../main.rs");
    let from = source.find("#[sharded(").unwrap_or(source.len());
    let to = source[from..].find("\n}\n").map_or(source.len(), |end| from + end + "\n}".len());
    &source[from..to]
}

fn fields(report: &Report) -> String {
    let rows = report.fields().iter().zip(policies()).map(|(field, policy)| {
        format!(
            "<tr><td class=\"key {0}\"><code>{0}</code></td><td>{policy}</td><td class=\"number\">{1}</td>\
             <td class=\"number\">{2}</td><td class=\"number\">{3}</td><td class=\"number\">{4}</td></tr>\n",
            field.name,
            words::count(field.len as u64),
            words::percent(field.stats.hit_ratio()),
            words::count(field.stats.expired),
            words::count(field.stats.evicted),
        )
    });
    rows.collect()
}
