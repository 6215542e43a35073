//! A memory barrier in all threads.

/// Makes every thread of the process pass a full memory barrier before this returns. Returns `false` if the system
/// can't: kernels before 4.14, some sandboxes, and other systems.
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
                // A process must register once, which may take tens of milliseconds. This is the `generation` of the
                // last process that began to register. (Not a `Once`: a child of `fork` lacks the thread that would
                // complete it.)
                static REGISTERED_IN: AtomicU32 = AtomicU32::new(u32::MAX);
                let process = generation();
                // Relaxed: only the kernel sees the registration.
                if REGISTERED_IN.swap(process, Relaxed) != process {
                    let register = || membarrier(MembarrierCommand::RegisterPrivateExpedited).is_ok();
                    // If no thread can be started, the process stays without the barrier.
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

    /// The kernel keeps the registration with the memory of the process, which a child copies.
    #[test]
    fn a_child_of_fork_is_registered_as_its_parent_is() {
        // Without such a barrier there is nothing to inherit.
        let registers =
            || (0..200).any(|_| super::in_all_threads() || (thread::sleep(Duration::from_millis(5)), false).1);
        if !registers() {
            return;
        }
        // SAFETY: the child only makes system calls, and ends.
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
