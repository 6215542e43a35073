//! A cache of the topology of this machine.
//!
//! Reading it takes some tens of system calls. What a process may use depends on the CPUs that its threads may run on,
//! so there is one entry for each set of CPUs of a thread that builds a store.

use super::{nodes::Topology, system};
use crate::memory::sys::thread::{self, Affinity};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// The most entries. A process with pinned threads has about as many sets as CPUs.
const MOST: usize = 1024;

/// The topology as read by a thread with a given set of CPUs.
#[derive(Default)]
struct Machine {
    topology: OnceLock<Topology>,
    cpus: OnceLock<usize>,
}

/// The topology when a thread with the CPUs of the calling one first asked. O(sets of CPUs), and one system call.
pub(crate) fn topology() -> Topology {
    machine().topology.get_or_init(system::current).clone()
}

/// The number of CPUs that the process may use, at least one, when a thread with the CPUs of the calling one first
/// asked.
pub(crate) fn cpus() -> usize {
    *machine().cpus.get_or_init(|| std::thread::available_parallelism().map_or(1, usize::from))
}

fn machine() -> Arc<Machine> {
    static KNOWN: Mutex<Vec<(Option<Affinity>, Arc<Machine>)>> = Mutex::new(Vec::new());
    let affinity = thread::affinity();
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, machine)) = known.iter().find(|(cpus, _)| *cpus == affinity) {
        return Arc::clone(machine);
    }
    if known.len() == MOST {
        known.clear();
    }
    let machine = Arc::<Machine>::default();
    known.push((affinity, Arc::clone(&machine)));
    machine
}
