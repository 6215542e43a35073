//! A barrier that one thread has all others execute.

/// Has every thread of the process pass a full memory barrier between the call and its return. Says whether it did: kernels
/// before 4.14, sandboxes and other systems may not.
pub(crate) fn in_all_threads() -> bool {
    system::in_all_threads()
}

#[cfg(target_os = "linux")]
mod system {
    use rustix::{
        io::Errno,
        thread::{MembarrierCommand, membarrier},
    };
    use std::{sync::Once, thread};

    pub(super) fn in_all_threads() -> bool {
        match membarrier(MembarrierCommand::PrivateExpedited) {
            Err(Errno::PERM) => {
                // A process has to say once that it will ask for it, which may take tens of milliseconds.
                static REGISTER: Once = Once::new();
                REGISTER.call_once(|| {
                    let register = || membarrier(MembarrierCommand::RegisterPrivateExpedited).is_ok();
                    // Without a thread for it, it stays as it is.
                    let _ = thread::Builder::new().name("sharded-barrier".to_owned()).spawn(register);
                });
                false
            }
            result => result.is_ok(),
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    pub(super) fn in_all_threads() -> bool {
        false
    }
}
