//! Who takes which turn.
//!
//! All systems of a comparison take turns in short slices, round after round, each round beginning with another: what the
//! machine does meanwhile falls on all of them alike.

use crate::{
    entries::Entry,
    script::BATCH,
    systems::{BASELINE, Contender, Role},
};
use indicatif::{ProgressBar, ProgressStyle};
use std::{
    sync::{
        Barrier,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// The systems that work of several kinds is asked of, those for one thread only where one thread is asked.
///
/// The shards written by hand are always among them: the others are compared with them.
pub(crate) fn rivals<E: Entry>(named: &[String], threads: usize) -> Vec<Contender<E>> {
    let takes_part = |contender: &Contender<E>| {
        let asked = named.is_empty() || contender.id == BASELINE || is_named(named, contender);
        match contender.role {
            Role::Rival => asked,
            Role::Alone => asked && threads == 1,
            Role::Expiring => is_named(named, contender),
            Role::Floor => false,
        }
    };
    crate::systems::all::<E>().into_iter().filter(takes_part).collect()
}

/// Whether the command line names this system.
pub(crate) fn is_named<E>(named: &[String], contender: &Contender<E>) -> bool {
    named.iter().any(|name| name == contender.id)
}

/// Where the shards written by hand stand among them.
pub(crate) fn baseline<E>(contenders: &[Contender<E>]) -> usize {
    contenders.iter().position(|contender| contender.id == BASELINE).expect("always among them")
}

/// What one turn showed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Turn {
    /// Million operations per second.
    pub(crate) rate: f64,
    pub(crate) done: u64,
    /// What the batches returned, added up: answers that were not as they must be, or a cache's misses.
    pub(crate) noted: u64,
}

/// All turns of one contender.
#[derive(Clone, Debug, Default)]
pub(crate) struct Turns {
    pub(crate) rates: Vec<f64>,
    pub(crate) done: u64,
    pub(crate) noted: u64,
}

/// Gives each contender a turn in each round, and one before the first to warm up.
pub(crate) fn interleave(
    contenders: usize,
    rounds: usize,
    what: &str,
    mut turn: impl FnMut(usize) -> Turn,
) -> Vec<Turns> {
    let bar = progress((rounds + 1) * contenders, what);
    let mut turns = vec![Turns::default(); contenders];
    for round in 0..=rounds {
        for place in 0..contenders {
            let contender = (round + place) % contenders;
            let Turn { rate, done, noted } = turn(contender);
            let turns = &mut turns[contender];
            turns.done += done;
            turns.noted += noted;
            if round > 0 {
                turns.rates.push(rate);
            }
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    turns
}

/// A bar on a terminal, nothing elsewhere. It is drawn between turns only.
pub(crate) fn progress(steps: usize, what: &str) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg:<40} {bar:30} {pos}/{len} {eta}").expect("a valid template");
    ProgressBar::new(steps as u64).with_style(style).with_message(what.to_owned())
}

/// When a turn is over.
#[derive(Clone, Copy, Debug)]
pub(crate) enum End {
    After(Duration),
    /// Operations of each thread.
    Done(u64),
}

/// One system's turn, with a thread for each script, pinned to a core of its own for as long as there are cores.
///
/// `batch` does the next [`BATCH`] operations of a script.
pub(crate) fn take<S: Send>(scripts: &mut [S], end: End, batch: impl Fn(&mut S) -> u64 + Sync) -> Turn {
    let cores = core_affinity::get_core_ids().unwrap_or_default();
    let is_over = AtomicBool::new(false);
    let start = Barrier::new(scripts.len() + 1);
    let limit = match end {
        End::After(_) => u64::MAX,
        End::Done(operations) => operations,
    };
    let work = |thread: usize, script: &mut S| {
        if !cores.is_empty() {
            core_affinity::set_for_current(cores[thread % cores.len()]);
        }
        let (mut done, mut noted) = (0, 0);
        start.wait();
        let began = Instant::now();
        while done < limit && !is_over.load(Ordering::Relaxed) {
            noted += batch(script);
            done += BATCH;
        }
        Share { done, noted, began, ended: Instant::now() }
    };
    let work = &work;
    let shares: Vec<Share> = thread::scope(|scope| {
        let scripts = scripts.iter_mut().enumerate();
        let threads: Vec<_> = scripts.map(|(thread, script)| scope.spawn(move || work(thread, script))).collect();
        start.wait();
        if let End::After(time) = end {
            thread::sleep(time);
            is_over.store(true, Ordering::Relaxed);
        }
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    // From the first thread's first operation to the last one's last: the threads look at the clock, for this one may be
    // kept waiting while they work.
    let began = shares.iter().map(|share| share.began).min().expect("a thread");
    let ended = shares.iter().map(|share| share.ended).max().expect("a thread");
    let done: u64 = shares.iter().map(|share| share.done).sum();
    #[allow(clippy::cast_precision_loss, reason = "a rate")]
    let millions = done as f64 / 1e6;
    let noted = shares.iter().map(|share| share.noted).sum();
    Turn { rate: millions / (ended - began).as_secs_f64(), done, noted }
}

/// One thread's part of a turn.
struct Share {
    done: u64,
    noted: u64,
    began: Instant,
    ended: Instant,
}
