//! What is under test, as the scenarios see it: a store of some shards, of which each has a home.
//!
//! This is a stand-in that places memory by itself, to show that the scenarios see what they are there to see.

use crate::{
    kernel::{self, HUGE_PAGE, Mapping, Source},
    machine::{self, Machine},
};
use std::{io, thread};

/// How a store is declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Declared {
    /// Shards take turns on the nodes.
    Spread,
    /// The same, in huge pages.
    SpreadHuge,
    /// All shards are on the node of the thread that builds the store.
    Local,
    /// Nothing is said of nodes.
    Off,
}

const SHARDS: usize = 64;
const ENTRIES: usize = 20_000;
const BYTES_OF_ENTRY: usize = 256;

/// A store and what keys it has.
#[derive(Debug)]
pub(crate) struct Store {
    shards: Vec<Shard>,
}

#[derive(Debug)]
struct Shard {
    home: Option<usize>,
    memory: Mapping,
}

impl Store {
    /// Builds it and fills it, both from the calling thread.
    pub(crate) fn filled(declared: Declared) -> io::Result<Self> {
        let store = Self::build(declared)?;
        store.fill();
        Ok(store)
    }

    /// An empty one.
    pub(crate) fn build(declared: Declared) -> io::Result<Self> {
        let spread = allowed_nodes()?;
        let (_, here) = kernel::here()?;
        let mut bytes = (ENTRIES / SHARDS + 1) * BYTES_OF_ENTRY;
        if declared == Declared::SpreadHuge {
            bytes = bytes.next_multiple_of(HUGE_PAGE);
        }
        let mut shards = Vec::new();
        for number in 0..SHARDS {
            let memory = Mapping::new(bytes)?;
            let wish = match declared {
                Declared::Spread | Declared::SpreadHuge => Some(spread[number % spread.len()]),
                Declared::Local => Some(here),
                Declared::Off => None,
            };
            let home = wish.filter(|&node| memory.take(Source::Rather(node)).is_ok());
            memory.want_huge_pages(declared == Declared::SpreadHuge)?;
            shards.push(Shard { home, memory });
        }
        Ok(Store { shards })
    }

    pub(crate) fn fill(&self) {
        self.shards.iter().for_each(|shard| shard.memory.touch());
    }

    /// By shard: the node that the store says it is meant to be on.
    pub(crate) fn homes(&self) -> Vec<Option<usize>> {
        self.shards.iter().map(|shard| shard.home).collect()
    }

    /// By shard: the address of each entry.
    pub(crate) fn entries(&self) -> Vec<Vec<usize>> {
        self.shards.iter().map(|shard| shard.memory.addresses().collect()).collect()
    }

    /// Reads every entry, from the calling thread.
    pub(crate) fn read_all(&self) {
        self.shards.iter().for_each(|shard| shard.memory.touch());
    }
}

/// Runs the work on each node that has processors, on a thread that stays there, and answers what came of it.
pub(crate) fn on_each_node<R: Send>(work: impl Fn(usize) -> R + Sync) -> io::Result<Vec<R>> {
    let machine = Machine::read()?;
    let work = &work;
    thread::scope(|scope| {
        let start = |node: &machine::Node| {
            let (number, cpus) = (node.number, node.cpus.clone());
            scope.spawn(move || kernel::pin(&cpus).map(|()| work(number)))
        };
        let threads: Vec<_> = machine.with_cpus().map(start).collect();
        threads.into_iter().map(|thread| thread.join().expect("the work does not panic")).collect()
    })
}

fn allowed_nodes() -> io::Result<Vec<usize>> {
    let allowed = machine::parse_list(&machine::own_status("Mems_allowed_list")?)?;
    let machine = Machine::read()?;
    Ok(machine.with_cpus().map(|node| node.number).filter(|node| allowed.contains(node)).collect())
}
