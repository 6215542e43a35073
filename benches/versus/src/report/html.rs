//! The report as a page.

use super::{Report, colours, plots};
use crate::{table::Table, work::Work};
use sharded_bench_common::{
    page::{self, escape},
    plot::{self, Lines},
};
use std::fmt::Write as _;

/// A section: its works, its title, and how to read it.
struct Section {
    title: &'static str,
    works: &'static [Work],
    text: &'static str,
}

const SECTIONS: [Section; 10] = [
    Section {
        title: "Throughput",
        works: &[
            Work::Hit,
            Work::HitZipf,
            Work::HitHot,
            Work::ReadHeavy,
            Work::Exchange,
            Work::HalfIncrement,
            Work::Increment,
            Work::RapidGrow,
            Work::GetMany,
            Work::InsertMany,
            Work::ExchangeMany,
        ],
        text: "Systems take turns of 50 ms within one run, round after round. M/s: medians over the rounds. “to hand”: the rate by that of the \
               shards written by hand in the same round, the median of these ratios, and where half of them lie. Where the quartiles of two \
               systems overlap, call them equal.",
    },
    Section {
        title: "Caches: get or insert",
        works: &[Work::GetOrInsert],
        text: "A key is looked up, and its entry inserted if it is missing. All have a capacity. With a ttl, quick_cache and foyer, which have no \
               expiry, keep the deadline beside the value: an Instant, or a time of the coarse clock that sharded reads. Without a ttl no \
               system reads a clock. The last column is the share of the requests that were hits.",
    },
    Section {
        title: "Transactions",
        works: &[Work::Transfers],
        text: "A transfer takes one unit from a random account and adds it to another one. “single calls” is not atomic: it shows what the \
               two changes cost alone. fast-stm has a transactional variable for each account, in a map without a lock.",
    },
    Section {
        title: "Insert pauses",
        works: &[Work::Pauses],
        text: "Each insert timed by itself while a map grows from nothing, each system in a process of its own. “(nothing)” is the same loop \
               without a map: what it shows is the machine's doing.",
    },
    Section {
        title: "Flags",
        works: &[Work::Flags],
        text: "Each read timed by itself, of 1,000 keys that all threads read and one thread replaces every second. “(nothing)” is the same \
               loop without a map: what it shows is the machine's doing.",
    },
    Section {
        title: "Memory",
        works: &[Work::Memory],
        text: "Resident bytes per entry: grown; at the worst point of the growth, by the entries there were then; after half of the entries were \
               replaced; three seconds after 99 % were removed, by the entries there had been; and after a call to shrink where there is one.",
    },
    Section {
        title: "Expiry storm",
        works: &[Work::Storm],
        text: "A million entries have the same deadline. Longest read and write of others from then until the memory is back, and how long that \
               takes. What has to be told to remove what has expired is told every tenth of a second by a thread of its own.",
    },
    Section {
        title: "Hit ratio",
        works: &[Work::HitRatio],
        text: "Recorded traces; real caches run three times with other keys. belady is the optimum, which knows the future.",
    },
    Section {
        title: "Instructions",
        works: &[Work::Instructions],
        text: "Per operation on one thread, counted by callgrind, the loop around them left out. No noise, and no word about cache misses.",
    },
    Section {
        title: "Build time",
        works: &[Work::BuildTime],
        text: "Seconds to build each library and all that it depends on from nothing, optimised.",
    },
];

/// The page.
pub(super) fn of(report: &Report) -> String {
    let mut body = String::new();
    runs(report, &mut body);
    for section in &SECTIONS {
        let tables: Vec<&Table> = section.works.iter().flat_map(|work| report.of_work(work.name())).collect();
        if tables.is_empty() {
            continue;
        }
        write(&mut body, format_args!("<h2>{}</h2>\n<p>{}</p>\n", section.title, escape(section.text)));
        pictures(report, section, &mut body);
        write(
            &mut body,
            format_args!("<details{}><summary>Tables</summary>\n", if tables.len() < 5 { " open" } else { "" }),
        );
        for table in tables {
            table_of(table, &mut body);
        }
        body += "</details>\n";
    }
    page::page("sharded beside its rivals", &body)
}

/// The machine and the versions of each run, without those that equal the previous run's. Then dates and commands.
fn runs(report: &Report, body: &mut String) {
    let mut said = String::new();
    for run in &report.runs {
        let machine = run.machine.to_string();
        let (machine, noise) = machine.split_once('\n').unwrap_or((&machine, ""));
        let versions: Vec<String> = run.versions.iter().map(|(name, version)| format!("{name} {version}")).collect();
        let subject = format!("{}<br>{}", escape(machine), escape(&versions.join(", ")));
        if subject != said {
            write(body, format_args!("<p class=\"note\">{subject}</p>\n"));
        }
        if said.is_empty() {
            let open = if report.runs.len() < 3 { " open" } else { "" };
            write(body, format_args!("<details{open}><summary>Runs</summary>\n"));
        }
        write(
            body,
            format_args!(
                "<p class=\"note\">{}, commit {}: <code>{}</code><br>{}</p>\n",
                escape(&run.date),
                escape(&run.commit),
                escape(&run.command),
                escape(noise.lines().next().unwrap_or_default())
            ),
        );
        said = subject;
    }
    if !said.is_empty() {
        *body += "</details>\n";
    }
}

fn pictures(report: &Report, section: &Section, body: &mut String) {
    let lines: Vec<Lines> = match section.works {
        [Work::GetOrInsert] => {
            plots::rates(report).into_iter().filter(|plot| plot.title.starts_with("Cache")).collect()
        }
        [Work::Hit, ..] => plots::rates(report).into_iter().filter(|plot| !plot.title.starts_with("Cache")).collect(),
        [Work::Pauses] => plots::pauses(report),
        [Work::HitRatio] => plots::hit_ratios(report),
        _ => Vec::new(),
    };
    if !lines.is_empty() {
        *body += &plot::grid(&lines, 2);
    }
    let dots = match section.works {
        [Work::Memory] => plots::memory(report),
        [Work::Storm] => plots::storm(report),
        _ => Vec::new(),
    };
    for plot in dots {
        *body += &plot.svg();
    }
}

fn table_of(table: &Table, body: &mut String) {
    write(
        body,
        format_args!("<div class=\"scroll\"><table><caption>{}</caption>\n<tr><th></th>", escape(&table.title)),
    );
    for column in &table.columns {
        write(body, format_args!("<th>{}</th>", escape(column)));
    }
    *body += "</tr>\n";
    for row in &table.rows {
        let class = if colours::is_ours(&row.id) { " class=\"ours\"" } else { "" };
        write(body, format_args!("<tr{class}><td>{}</td>", escape(&row.system)));
        for cell in &row.cells {
            write(body, format_args!("<td>{}</td>", escape(&cell.to_string().replace("..", " – "))));
        }
        *body += "</tr>\n";
    }
    *body += "</table></div>\n";
    for note in &table.notes {
        write(body, format_args!("<p class=\"note\">{}</p>\n", escape(note)));
    }
}

fn write(body: &mut String, text: std::fmt::Arguments<'_>) {
    body.write_fmt(text).expect("a string takes all that is written");
}
