//! The two barriers between a reader and a writer. Each stores, passes its barrier, and loads. At least one of them
//! sees the store of the other, as with two full fences.

#[cfg(not(loom))]
mod imp {
    use crate::memory::sys::barrier::in_all_threads;
    use std::sync::atomic::{
        AtomicBool,
        Ordering::{Acquire, Release, SeqCst},
        compiler_fence, fence,
    };

    /// Whether readers leave the fence to writers. Set once the system has shown that it has a barrier in all threads.
    static IS_ASYMMETRIC: AtomicBool = AtomicBool::new(false);

    #[inline]
    pub(in super::super) fn light() {
        // Acquire, with the release in `heavy`: the loads of a reader that relies on it come later.
        if IS_ASYMMETRIC.load(Acquire) {
            // Stops the compiler from reordering. The system's barrier stops the processor.
            compiler_fence(SeqCst);
        } else {
            full();
        }
    }

    #[cold]
    #[inline(never)]
    fn full() {
        fence(SeqCst);
    }

    /// `false`: the barrier took no effect.
    ///
    /// A system whose barrier fails here has none yet: it begins with a registration, and ends never. So a reader that
    /// relies on the barrier reads after this fence, and sees what was stored before it. All other readers pass a fence
    /// of their own.
    pub(in super::super) fn heavy() -> bool {
        // With the fence of readers.
        fence(SeqCst);
        if in_all_threads() {
            IS_ASYMMETRIC.store(true, Release);
            return true;
        }
        // If readers rely on a barrier that the system has withdrawn, as a sandbox may, there is no other way.
        !IS_ASYMMETRIC.load(Acquire)
    }
}

#[cfg(loom)]
mod imp {
    use loom::sync::atomic::{Ordering::SeqCst, fence};

    pub(in super::super) fn light() {
        fence(SeqCst);
    }

    pub(in super::super) fn heavy() -> bool {
        fence(SeqCst);
        true
    }
}

pub(super) use imp::{heavy, light};
