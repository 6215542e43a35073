//! Detection of `fork`.

/// The number of forks between this process and the one that called this first. It tells without a system call whether
/// code still runs in the same process.
pub(crate) fn generation() -> u32 {
    system::generation()
}

#[cfg(target_os = "linux")]
mod system {
    use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};

    /// Relaxed, here and below: it changes only while the process has a single thread.
    static FORKS: AtomicU32 = AtomicU32::new(0);

    pub(super) fn generation() -> u32 {
        static IS_WATCHED: AtomicBool = AtomicBool::new(false);
        if !IS_WATCHED.load(Relaxed) && watch() {
            IS_WATCHED.store(true, Relaxed);
        }
        FORKS.load(Relaxed)
    }

    /// Returns whether there was memory for the handler. Two handlers do no harm.
    #[cold]
    fn watch() -> bool {
        unsafe extern "C" fn in_child() {
            FORKS.fetch_add(1, Relaxed);
        }
        // SAFETY: the handler may run in a child of a process with threads, because it only adds to an atomic.
        unsafe { libc::pthread_atfork(None, None, Some(in_child)) == 0 }
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    pub(super) fn generation() -> u32 {
        std::process::id()
    }
}
