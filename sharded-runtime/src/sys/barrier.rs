//! A barrier that one thread has all others execute.

/// Has every thread of the process pass a full memory barrier between the call and its return. Says whether it did: kernels
/// before 4.14, sandboxes and other systems may not.
pub(crate) fn in_all_threads() -> bool {
    system::in_all_threads()
}

#[cfg(target_os = "linux")]
mod system {
    use rustix::thread::{MembarrierCommand, membarrier};

    pub(super) fn in_all_threads() -> bool {
        // A process has to say once that it will ask for it.
        membarrier(MembarrierCommand::PrivateExpedited).is_ok()
            || (membarrier(MembarrierCommand::RegisterPrivateExpedited).is_ok()
                && membarrier(MembarrierCommand::PrivateExpedited).is_ok())
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    pub(super) fn in_all_threads() -> bool {
        false
    }
}
