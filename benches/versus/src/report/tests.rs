//! The report shows what was measured.

use super::{Report, Run, colours, html, plots, readme};
use crate::{
    caches::Lifetime,
    machine::Machine,
    table::{About, Cell, Row, Table},
    work::Work,
};
use sharded_bench_common::plot::{COLOURS, Style, Weight};
use std::collections::BTreeMap;

fn table(work: Work, threads: usize, columns: &[&str], rows: &[(&str, &[Cell])]) -> Table {
    Table {
        title: format!("{} <{threads}>", work.name()),
        about: About { work: work.name().into(), subject: "u64 -> u64".into(), threads, entries: 1000 },
        columns: columns.iter().map(|&column| column.to_owned()).collect(),
        rows: rows.iter().map(|(id, cells)| Row::new(id, &format!("name of {id}"), cells.to_vec())).collect(),
        notes: Vec::new(),
    }
}

fn run(tables: Vec<Table>) -> Run {
    Run {
        date: "2026-11-01".into(),
        command: "measure & keep".into(),
        commit: "abc".into(),
        machine: Machine::look(true),
        versions: BTreeMap::from([("scc".into(), "1.2.3".into())]),
        tables,
    }
}

fn hits(threads: usize, of_scc: f64) -> Table {
    let cells = |rate: f64, ratio: f64| [Cell::of(rate, 2), Cell::of(ratio, 2)];
    let rows = [("hand", cells(10.0, 1.0)), ("scc", cells(of_scc, of_scc / 10.0)), ("mutex", cells(11.0, 1.1))];
    table(Work::Hit, threads, &["M/s", "to hand"], &rows.each_ref().map(|(id, cells)| (*id, &cells[..])))
}

fn some() -> Report {
    let mut report = Report::default();
    report.add(run(vec![hits(1, 20.0), hits(2, 5.0)]));
    let mut pauses = table(Work::Pauses, 1, &["p50 ns"], &[("scc", &[Cell::of(120.0, 0)])]);
    pauses.rows[0].curve = vec![(0.5, 120.0), (0.9, 300.0), (0.999, 5e4), (1.0, 2e7)];
    let never = Cell::Text("never".into());
    let storm = table(Work::Storm, 2, &["read ms", "memory back s"], &[("moka", &[Cell::of(3.5, 2), never])]);
    report.add(run(vec![pauses, storm]));
    report
}

#[test]
fn what_is_kept_is_read_again() {
    let report = some();
    let text = serde_json::to_string(&report).unwrap();
    let read: Report = serde_json::from_str(&text).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), text);
    let tables = |report: &Report| report.tables().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(tables(&read), tables(&report));
}

#[test]
fn what_is_measured_again_replaces_what_was_there() {
    let mut report = some();
    report.add(run(vec![hits(1, 30.0)]));
    let rates: Vec<_> = report.of_work("hit").map(|table| (table.about.threads, table.number("scc", "M/s"))).collect();
    assert_eq!(rates, [(2, Some(5.0)), (1, Some(30.0))]);
    // A run of which nothing is left says nothing any more.
    report.add(run(vec![hits(1, 1.0), hits(2, 1.0)]));
    assert_eq!(report.runs.len(), 2);
}

#[test]
fn every_figure_is_on_the_page_and_nothing_comes_from_elsewhere() {
    let report = some();
    let page = html::of(&report);
    for table in report.tables() {
        for cell in table.rows.iter().flat_map(|row| &row.cells) {
            assert!(page.contains(&format!("<td>{cell}</td>")), "{cell}");
        }
    }
    assert!(page.contains("measure &amp; keep") && page.contains("hit &lt;1&gt;"), "text is escaped");
    for elsewhere in ["<script", "<link", "src=", "@import", "url("] {
        assert!(!page.contains(elsewhere), "{elsewhere}");
    }
}

#[test]
fn lines_go_through_the_measured_points_in_order() {
    let plots = plots::rates(&some());
    assert_eq!(plots.len(), 1);
    assert_eq!(plots[0].places, [(0.0, "1".to_owned()), (1.0, "2".to_owned())]);
    let scc = plots[0].series.iter().find(|series| series.name == "name of scc").unwrap();
    assert_eq!(scc.points, [(0.0, 20.0), (1.0, 5.0)]);
    // Nine tenths are the first place, all of them the last; what is below is not drawn.
    let pauses = plots::pauses(&some());
    let places: Vec<String> = pauses[0].series[0].points.iter().map(|point| format!("{:.2}", point.0)).collect();
    assert_eq!(places, ["0.00", "2.00", "5.00"]);
}

#[test]
fn ours_and_the_two_best_peers_are_coloured() {
    let scores = [("hand", 9.0), ("scc", 3.0), ("papaya", 1.0), ("mutex", 0.5), ("flurry", 2.0)];
    let styles = colours::in_plot(scores.map(|(id, score)| (id, Some(score))));
    let weights: Vec<Weight> = styles.iter().map(|style| style.weight).collect();
    assert_eq!(weights, [Weight::Normal, Weight::Normal, Weight::Faint, Weight::Bold, Weight::Normal]);
    let grey = |style: &Style| style.colour == COLOURS[7];
    assert!(grey(&styles[2]) && styles.iter().filter(|style| grey(style)).count() == 1);
    // Without a score a system is not among the best.
    let styles = colours::in_plot([("scc", None), ("papaya", Some(1.0)), ("flurry", Some(0.1))]);
    assert_eq!(styles[0].weight, Weight::Faint);
}

#[test]
fn a_plot_shows_its_units_and_conditions() {
    let page = html::of(&some());
    for text in ["million operations per second", "threads", "2026-11-01", "cores"] {
        assert!(page.contains(text), "{text}");
    }
    let plot = &plots::rates(&some())[0];
    assert!(plot.conditions.ends_with("2026-11-01"), "{}", plot.conditions);
}

#[test]
fn caches_with_and_without_a_ttl_have_plots_and_columns_of_their_own() {
    let requests = |lifetime: Lifetime, rate: f64| {
        let cells = [Cell::of(rate, 2), Cell::of(80.0, 1)];
        let mut table = table(Work::GetOrInsert, 1, &["M/s", "hits %"], &[("quick_cache", &cells)]);
        table.about.subject = format!("u64 -> u64, {}", lifetime.name());
        table
    };
    let mut report = some();
    report.add(run(vec![requests(Lifetime::Limited, 3.25), requests(Lifetime::Unlimited, 8.75)]));
    let titles: Vec<String> = plots::rates(&report).into_iter().map(|plot| plot.title).collect();
    assert_eq!(titles.iter().filter(|title| title.starts_with("Cache")).count(), 2, "{titles:?}");
    let text = format!("{}\n{}\n", readme::BEGIN, readme::END);
    let text = readme::with_table(&text, &report, "report.svg").unwrap();
    assert!(text.contains("| **3.2** | 80.0 | **8.8** | 80.0 |"), "{text}");
}

#[test]
fn the_readme_changes_between_its_markers_only() {
    let text = format!("before\n{}\noutdated\n{}\nafter\n", readme::BEGIN, readme::END);
    let once = readme::with_table(&text, &some(), "reports/report.svg").unwrap();
    assert!(once.starts_with("before\n") && once.ends_with("\nafter\n") && !once.contains("outdated"), "{once}");
    assert_eq!(readme::with_table(&once, &some(), "reports/report.svg").unwrap(), once);
    // The rival's win is shown as one.
    assert!(once.contains("**2.00**") && once.contains("**1.10**") && once.contains("| 0.50 |"), "{once}");
    assert!(readme::with_table("no markers", &some(), "").is_err());
}
