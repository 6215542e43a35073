//! What was read of this machine, kept for the stores that are built later.
//!
//! To read it takes some tens of system calls. What a process may use depends on the CPUs that its threads may run on, so it is read
//! once for each set of CPUs that a thread which builds a store may run on.

use super::{nodes::Topology, system};
use crate::memory::sys::thread::{self, Affinity};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Sets of CPUs for which it is kept. A process whose threads are pinned has about as many as CPUs.
const MOST: usize = 1024;

/// What a thread with some set of CPUs has found.
#[derive(Default)]
struct Machine {
    topology: OnceLock<Topology>,
    cpus: OnceLock<usize>,
}

/// The topology, as it was when a thread like the calling one first asked. O(sets of CPUs), and one system call.
pub(crate) fn topology() -> Topology {
    machine().topology.get_or_init(system::current).clone()
}

/// How many CPUs the process may use at the same time, as it was when a thread like the calling one first asked. One at least.
pub(crate) fn cpus() -> usize {
    *machine().cpus.get_or_init(|| std::thread::available_parallelism().map_or(1, usize::from))
}

fn machine() -> Arc<Machine> {
    static KNOWN: Mutex<Vec<(Option<Affinity>, Arc<Machine>)>> = Mutex::new(Vec::new());
    let affinity = thread::affinity();
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, machine)) = known.iter().find(|(of, _)| *of == affinity) {
        return Arc::clone(machine);
    }
    if known.len() == MOST {
        known.clear();
    }
    let machine = Arc::<Machine>::default();
    known.push((affinity, Arc::clone(&machine)));
    machine
}
