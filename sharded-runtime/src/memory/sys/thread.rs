//! Where a thread runs, and where it may.

use std::io;

/// The CPU that the calling thread is on now: it may be on another one a moment later. `None` where the system doesn't say.
pub(crate) fn current_cpu() -> Option<u32> {
    system::current_cpu()
}

/// The CPUs that a thread may run on.
pub(crate) use system::Affinity;

/// Those of the calling thread. `None` where the system doesn't say.
pub(crate) fn affinity() -> Option<Affinity> {
    system::affinity()
}

/// Lets the calling thread, and those that it starts from here on, run on these CPUs only.
///
/// # Errors
///
/// Where the system refuses, as it does for none, and can't do it: only Linux can. Then everything is as before.
pub(crate) fn pin(cpus: &[u32]) -> io::Result<()> {
    system::pin(cpus)
}

#[cfg(target_os = "linux")]
mod system {
    use rustix::thread::{CpuSet, sched_getaffinity, sched_getcpu, sched_setaffinity};
    use std::io;

    pub(crate) type Affinity = CpuSet;

    pub(super) fn affinity() -> Option<Affinity> {
        // More CPUs than a set has room for are an error.
        sched_getaffinity(None).ok()
    }

    pub(super) fn current_cpu() -> Option<u32> {
        u32::try_from(sched_getcpu()).ok()
    }

    pub(super) fn pin(cpus: &[u32]) -> io::Result<()> {
        let mut set = CpuSet::new();
        // The set has room for 1024; a machine with more runs the thread on those that fit.
        cpus.iter().map(|&cpu| cpu as usize).filter(|&cpu| cpu < CpuSet::MAX_CPU).for_each(|cpu| set.set(cpu));
        Ok(sched_setaffinity(None, &set)?)
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use std::io;

    #[derive(PartialEq, Eq)]
    pub(crate) enum Affinity {}

    pub(super) fn affinity() -> Option<Affinity> {
        None
    }

    pub(super) fn current_cpu() -> Option<u32> {
        None
    }

    pub(super) fn pin(_: &[u32]) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
