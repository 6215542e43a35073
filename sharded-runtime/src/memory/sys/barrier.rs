//! A barrier that one thread has all others execute.

/// Has every thread of the process pass a full memory barrier between the call and its return. Says whether it did: kernels
/// before 4.14, sandboxes and other systems may not.
pub(crate) fn in_all_threads() -> bool {
    system::in_all_threads()
}

#[cfg(target_os = "linux")]
mod system {
    use crate::memory::sys::fork::generation;
    use rustix::{
        io::Errno,
        thread::{MembarrierCommand, membarrier},
    };
    use std::{
        sync::atomic::{AtomicU32, Ordering::Relaxed},
        thread,
    };

    pub(super) fn in_all_threads() -> bool {
        match membarrier(MembarrierCommand::PrivateExpedited) {
            Err(Errno::PERM) => {
                // A process has to say once that it will ask for it, which may take tens of milliseconds.
                // The last process in which that was begun, by its `generation`. (Not a `Once`: a child of `fork` does not have the thread that
                // was to end it.)
                static REGISTERED_IN: AtomicU32 = AtomicU32::new(u32::MAX);
                let process = generation();
                // Relaxed: the kernel is all that others see of it.
                if REGISTERED_IN.swap(process, Relaxed) != process {
                    let register = || membarrier(MembarrierCommand::RegisterPrivateExpedited).is_ok();
                    // Without a thread for it, it stays as it is.
                    let _ = thread::Builder::new().name("sharded-barrier".to_owned()).spawn(register);
                }
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

#[cfg(all(test, target_os = "linux", not(loom)))]
mod tests {
    use std::{thread, time::Duration};

    /// The kernel keeps it with the memory of a process, which a child copies.
    #[test]
    fn a_child_of_fork_is_registered_as_its_parent_is() {
        // Where the kernel or a sandbox has no such barrier, there is nothing to inherit.
        let registers =
            || (0..200).any(|_| super::in_all_threads() || (thread::sleep(Duration::from_millis(5)), false).1);
        if !registers() {
            return;
        }
        // SAFETY: the child makes system calls alone, and ends.
        let child = unsafe {
            match libc::fork() {
                0 => libc::_exit(i32::from(!super::in_all_threads())),
                child => child,
            }
        };
        let mut status = 0;
        // SAFETY: it is this test's own child.
        let ended = unsafe { libc::waitpid(child, &raw mut status, 0) };
        assert!(ended == child && libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0, "status {status:#x}");
    }
}
