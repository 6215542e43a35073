//! A web shop's day in some seconds: its live state is declared below, a recorded trace of requests is replayed against
//! it from several threads, and what happened is printed and drawn.
//!
//! `cargo run --release --example quickstart` (`-- --help` for the options)
//!
//! | file | what is in it |
//! |---|---|
//! | `main.rs` | the store, its use, and the course of the program |
//! | `options.rs` | the command line |
//! | `trace.rs` | reading the recorded requests, by `regular.rs` of the tuner |
//! | `day.rs` | the time scale: how long a shop's day takes here |
//! | `replay.rs` | the threads that serve the requests |
//! | `watch.rs` | what is seen of the store meanwhile |
//! | `memory.rs` | how much memory an entry takes |
//! | `report/` | the same figures as text and as a page with plots |

mod day;
mod memory;
mod options;
#[path = "../../benches/tune/src/regular.rs"]
mod regular;
mod replay;
mod report;
mod trace;
mod watch;

use day::Day;
use options::{Command, Options};
use report::Report;
use sharded::{Policy, sharded};
use std::{cmp::Reverse, collections::HashMap, error::Error, io::Write, process::ExitCode, sync::Arc, time::Duration};
use trace::{Request, Trace};

/// The live state of a web shop.
#[sharded(shards = 16)]
struct Shop {
    /// The pages that each visitor has seen. Every request keeps the session alive.
    #[shard(idle = "30m")]
    sessions: HashMap<u64, Vec<u64>>,

    /// Pages as they were last rendered: none older than two hours, and the 2,000 most worth keeping.
    #[shard(ttl = "2h", capacity = 2_000, evict = Sieve)]
    pages: HashMap<u64, Arc<str>>,

    /// How often each page was asked for.
    #[shard(unbounded = "one entry per page of the shop")]
    views: HashMap<u64, u64>,
}

impl Shop {
    /// Answers a request.
    fn serve(&self, Request { visitor, page }: Request) -> Arc<str> {
        self.sessions().upsert(visitor, || vec![page], |seen| seen.push(page));
        self.views().upsert(page, || 1, |views| *views += 1);
        self.pages().get_or_insert_with(page, || render(page))
    }

    /// The pages that were asked for most, with how often.
    fn most_viewed(&self, count: usize) -> Vec<(u64, u64)> {
        let mut pages = self.views().to_vec();
        pages.sort_unstable_by_key(|&(page, views)| (Reverse(views), page));
        pages.truncate(count);
        pages
    }

    /// The shop as declared, but for a day that is over in some seconds: its times are shortened as the day is.
    fn open(day: Day) -> Shop {
        Shop::builder()
            .sessions(|declared| declared.idle(day.shorten(ShopSessions::IDLE)))
            .pages(|declared| declared.ttl(day.shorten(ShopPages::TTL)))
            .build()
    }
}

/// Stands for the work that a cached page saves.
fn render(page: u64) -> Arc<str> {
    format!("<!doctype html><title>Page {page}</title><h1>Page {page}</h1>").into()
}

/// Replays the trace, and writes down what happened.
fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let trace = Trace::open(options.trace.as_deref())?;
    let mut page = options.create_html()?;
    let memory = memory::measure();

    let day = Day::of_seconds(options.seconds);
    let shop = Shop::open(day);
    let mut watch = watch::Watch::new(day, trace.requests.len());
    let paced = replay::paced(&shop, &trace.requests, options.threads, day, |elapsed| watch.look(&shop, elapsed));
    let samples = watch.end(&shop, paced.elapsed);
    let most_viewed = shop.most_viewed(5);
    let flat_out = replay::flat_out(&shop, &trace.requests, options.threads, Duration::from_secs(1));

    let report = Report { trace, day, threads: options.threads, paced, flat_out, samples, most_viewed, memory };
    page.write_all(report::html::page(&report).as_bytes()).map_err(|error| options.html_error(&error))?;
    options::print(&report::text::page(&report, &options.html))?;
    Ok(())
}

fn main() -> ExitCode {
    match Command::parse() {
        Ok(Command::Help) => options::exit(options::print(options::HELP)),
        Ok(Command::Run(options)) => options::exit(run(&options)),
        Err(mistake) => options::refuse(&mistake),
    }
}
