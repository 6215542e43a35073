//! The threads that serve the requests.

use crate::{Request, Shop, day::Day};
use hdrhistogram::Histogram;
use std::{
    hint, panic,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

/// How often the caller is let have a look, per replay.
const LOOKS: u32 = 192;
/// The longest time that the histogram tells apart.
const LONGEST: Duration = Duration::from_mins(1);

/// How a replay went.
pub(crate) struct Outcome {
    pub(crate) elapsed: Duration,
    /// How long each request took to serve, in nanoseconds, to two digits.
    pub(crate) latency: Histogram<u64>,
}

impl Outcome {
    /// Requests served per second.
    #[allow(clippy::cast_precision_loss, reason = "a rate")]
    pub(crate) fn rate(&self) -> f64 {
        self.latency.len() as f64 / self.elapsed.as_secs_f64()
    }
}

/// Serves every request once, at its time of the day. The trace does not say when they came, so they are spread evenly.
/// `look` is told the time every now and then.
pub(crate) fn paced(
    shop: &Shop,
    requests: &[Request],
    threads: usize,
    day: Day,
    look: impl FnMut(Duration),
) -> Outcome {
    #[allow(clippy::cast_precision_loss, reason = "a trace is not that long")]
    let due = |index: usize| day.lasts.mul_f64(index as f64 / requests.len() as f64);
    let start = Instant::now();
    let requests_of = |thread| {
        requests.iter().enumerate().skip(thread).step_by(threads).map(move |(index, &request)| {
            if let Some(early) = due(index).checked_sub(start.elapsed()) {
                thread::sleep(early);
            }
            request
        })
    };
    serve(shop, threads, start, day.lasts / LOOKS, look, requests_of)
}

/// Serves the requests over and over for a time, as fast as it goes.
pub(crate) fn flat_out(shop: &Shop, requests: &[Request], threads: usize, lasts: Duration) -> Outcome {
    let is_over = AtomicBool::new(false);
    let start = Instant::now();
    let look = |elapsed| {
        if elapsed >= lasts {
            is_over.store(true, Ordering::Relaxed);
        }
    };
    let requests_of = |thread| {
        let is_over = &is_over;
        let own_start = requests.len() / threads * thread;
        requests.iter().cycle().skip(own_start).copied().take_while(|_| !is_over.load(Ordering::Relaxed))
    };
    serve(shop, threads, start, lasts / LOOKS, look, requests_of)
}

/// Has each thread serve its requests, and measures how long each takes.
fn serve<I: Iterator<Item = Request>>(
    shop: &Shop,
    threads: usize,
    start: Instant,
    look_every: Duration,
    mut look: impl FnMut(Duration),
    requests_of: impl Fn(usize) -> I + Sync,
) -> Outcome {
    let work = |thread| {
        let mut latency = histogram();
        for request in requests_of(thread) {
            let start = Instant::now();
            let page = hint::black_box(shop.serve(request));
            latency.saturating_record(nanos(start.elapsed()));
            drop(page);
        }
        latency
    };
    let work = &work;
    thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|thread| scope.spawn(move || work(thread))).collect();
        while threads.iter().any(|thread| !thread.is_finished()) {
            thread::sleep(look_every);
            look(start.elapsed());
        }
        let mut latency = histogram();
        for thread in threads {
            let of_thread = thread.join().unwrap_or_else(|panic| panic::resume_unwind(panic));
            latency.add(of_thread).expect("all have the same bounds");
        }
        Outcome { elapsed: start.elapsed(), latency }
    })
}

fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, nanos(LONGEST), 2).expect("the bounds are in order")
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
