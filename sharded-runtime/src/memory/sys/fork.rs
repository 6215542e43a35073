//! Whether the process is a child of `fork`.

/// How many times `fork` has led to this process since it was first asked. Whoever keeps this number sees later whether it is in the
/// same process still, without a system call.
pub(crate) fn generation() -> u32 {
    system::generation()
}

#[cfg(target_os = "linux")]
mod system {
    use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};

    /// Relaxed, here and below: it changes while the process has a single thread.
    static FORKS: AtomicU32 = AtomicU32::new(0);

    pub(super) fn generation() -> u32 {
        static IS_WATCHED: AtomicBool = AtomicBool::new(false);
        if !IS_WATCHED.load(Relaxed) && watch() {
            IS_WATCHED.store(true, Relaxed);
        }
        FORKS.load(Relaxed)
    }

    /// Says whether there was memory for it. Twice does no harm.
    #[cold]
    fn watch() -> bool {
        unsafe extern "C" fn in_child() {
            FORKS.fetch_add(1, Relaxed);
        }
        // SAFETY: the function may run in a child of a process with threads, since all it does is to add to an atomic number.
        unsafe { libc::pthread_atfork(None, None, Some(in_child)) == 0 }
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    pub(super) fn generation() -> u32 {
        std::process::id()
    }
}
