//! The contenders of a comparison, and their turns.

pub(crate) use sharded_bench_common::turns::{End, Turn};

use crate::{
    entries::Entry,
    systems::{BASELINE, Contender, Role},
};
use indicatif::{ProgressBar, ProgressStyle};
use sharded_bench_common::turns;

/// The systems of most measurements. Systems for one thread take part only if there is one thread.
///
/// The shards written by hand always take part, because the others are compared with them.
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

/// The index of the shards written by hand.
pub(crate) fn baseline<E>(contenders: &[Contender<E>]) -> usize {
    contenders.iter().position(|contender| contender.id == BASELINE).expect("always among them")
}

/// All turns of one contender.
#[derive(Clone, Debug, Default)]
pub(crate) struct Turns {
    pub(crate) rates: Vec<f64>,
    pub(crate) done: u64,
    pub(crate) noted: u64,
}

/// Gives each contender a turn in each round, and one before the first round to warm up.
pub(crate) fn interleave(
    contenders: usize,
    rounds: usize,
    what: &str,
    mut turn: impl FnMut(usize) -> Turn,
) -> Vec<Turns> {
    let bar = progress((rounds + 1) * contenders, what);
    let mut all = vec![Turns::default(); contenders];
    for round in 0..=rounds {
        for contender in turns::order(round, contenders) {
            let Turn { rate, done, noted } = turn(contender);
            let of_one = &mut all[contender];
            of_one.done += done;
            of_one.noted += noted;
            if round > 0 {
                of_one.rates.push(rate);
            }
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    all
}

/// A progress bar on a terminal. It is drawn only between turns.
pub(crate) fn progress(steps: usize, what: &str) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg:<40} {bar:30} {pos}/{len} {eta}").expect("a valid template");
    ProgressBar::new(steps as u64).with_style(style).with_message(what.to_owned())
}

/// One system's turn, with a thread for each script. Each thread is pinned to a core of its own while there are cores
/// left.
///
/// `batch` does the next [`BATCH`](crate::script::BATCH) operations of a script. The rate is in million operations per
/// second.
pub(crate) fn take<S: Send>(scripts: &mut [S], end: End, batch: impl Fn(&mut S) -> u64 + Sync) -> Turn {
    let cores = core_affinity::get_core_ids().unwrap_or_default();
    let pin = |thread: usize| {
        if !cores.is_empty() {
            core_affinity::set_for_current(cores[thread % cores.len()]);
        }
    };
    let turn = turns::take(scripts, end, pin, batch);
    Turn { rate: turn.rate / 1e6, ..turn }
}
