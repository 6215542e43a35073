//! A bank: transfers between two accounts, which change two entries at one moment.

use super::{Work, count};
use crate::{
    args::Args,
    banks::{self, BALANCE, Contender, Driver, Kind, Orders},
    entries::{Entry, Integers},
    stats::Sorted,
    systems::{BASELINE, Role},
    table::{About, Cell, Row, Table},
    turns::{self, End, Turns},
};

const ACCOUNTS: u64 = 1_000_000;
const THREADS: [usize; 3] = [1, 2, 4];

/// A table for each number of threads.
pub(crate) fn run(args: &Args, print: &mut dyn FnMut(Table)) {
    let accounts = args.entries_or(ACCOUNTS);
    let takes_part = |contender: &Contender| {
        contender.id == BASELINE || args.systems.is_empty() || args.systems.iter().any(|name| name == contender.id)
    };
    let contenders: Vec<_> = banks::all().into_iter().filter(takes_part).collect();
    for threads in args.threads_or(&THREADS) {
        let orders = Orders::for_threads(Kind::Transfer, threads, accounts);
        let mut lanes: Vec<(Box<dyn Driver>, Vec<Orders>)> =
            contenders.iter().map(|contender| ((contender.build)(accounts), orders.clone())).collect();
        let what = format!("{}, {threads} thread(s)", Work::Transfers.name());
        let turns = turns::interleave(lanes.len(), args.rounds, &what, |lane| {
            let (bank, orders) = &mut lanes[lane];
            turns::take(orders, End::After(args.slice()), |orders| bank.batch(orders))
        });
        let title = format!("{what}, {} accounts, {} rounds", count(accounts), args.rounds);
        let about =
            About { work: Work::Transfers.name().into(), subject: Integers::NAME.into(), threads, entries: accounts };
        let totals: Vec<u64> = lanes.iter().map(|(bank, _)| bank.total()).collect();
        print(table(title, about, &contenders, &turns, &totals));
    }
}

fn table(title: String, about: About, contenders: &[Contender], turns: &[Turns], totals: &[u64]) -> Table {
    let hand = contenders.iter().position(|contender| contender.id == BASELINE).expect("it always takes part");
    let row = |(contender, of_one): (&Contender, &Turns)| {
        let rates = Sorted::new(of_one.rates.iter().copied());
        let ratios = Sorted::ratios(&of_one.rates, &turns[hand].rates);
        let cells = vec![
            Cell::median(&rates, 2),
            Cell::range(rates.range(), 1),
            Cell::median(&ratios, 2),
            Cell::range(ratios.quartiles(), 2),
        ];
        Row::new(contender.id, contender.name, cells)
    };
    let is_wrong = |contender: &Contender, of_one: &Turns, total: u64| {
        of_one.noted > 0 || contender.role != Role::Floor && total != about.entries * BALANCE
    };
    let wrong = contenders
        .iter()
        .zip(turns)
        .zip(totals)
        .filter(|((contender, of_one), total)| is_wrong(contender, of_one, **total));
    let notes =
        wrong.map(|((contender, _), _)| format!("{} gave WRONG ANSWERS or lost money", contender.name)).collect();
    Table {
        title,
        columns: ["M/s", "range", "to hand", "quartiles"].map(str::to_owned).to_vec(),
        rows: contenders.iter().zip(turns).map(row).collect(),
        notes,
        about,
    }
}
