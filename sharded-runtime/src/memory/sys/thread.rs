//! The CPUs of threads.

use std::io;

/// The CPU of the calling thread, which may change at any time. `None` if the system doesn't say.
pub(crate) fn current_cpu() -> Option<u32> {
    system::current_cpu()
}

/// The CPUs that a thread may run on.
pub(crate) use system::Affinity;

/// The CPUs that the calling thread may run on. `None` if the system doesn't say.
pub(crate) fn affinity() -> Option<Affinity> {
    system::affinity()
}

/// Restricts the calling thread, and threads that it starts later, to these CPUs.
///
/// # Errors
///
/// If the system refuses, for example an empty set, or can't: only Linux can. Then nothing changes.
pub(crate) fn pin(cpus: &[u32]) -> io::Result<()> {
    system::pin(cpus)
}

#[cfg(target_os = "linux")]
mod system {
    use rustix::thread::{CpuSet, sched_getaffinity, sched_getcpu, sched_setaffinity};
    use std::io;

    pub(crate) type Affinity = CpuSet;

    pub(super) fn affinity() -> Option<Affinity> {
        // Fails if there are more CPUs than a set has room for.
        sched_getaffinity(None).ok()
    }

    pub(super) fn current_cpu() -> Option<u32> {
        u32::try_from(sched_getcpu()).ok()
    }

    pub(super) fn pin(cpus: &[u32]) -> io::Result<()> {
        let mut set = CpuSet::new();
        // A set has room for 1024 CPUs. Higher ones are left out.
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
