//! Where a thread runs.

/// The CPU that the calling thread is on now: it may be on another one a moment later. `None` where the system doesn't say.
pub(crate) fn current_cpu() -> Option<u32> {
    system::current_cpu()
}

#[cfg(target_os = "linux")]
mod system {
    use rustix::thread::sched_getcpu;

    pub(super) fn current_cpu() -> Option<u32> {
        u32::try_from(sched_getcpu()).ok()
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    pub(super) fn current_cpu() -> Option<u32> {
        None
    }
}
