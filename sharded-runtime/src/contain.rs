//! Running user code whose panic must not go further, or not yet.

use std::{
    any::Any,
    mem,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    thread,
};

/// The result of user code, or `None` where it panics.
pub(crate) fn contain<R>(run: impl FnOnce() -> R) -> Option<R> {
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(result) => Some(result),
        Err(payload) => {
            // The payload is the user's too, so its `Drop` may panic. The payload of that second panic is leaked, or this would have no end.
            let _ = catch_unwind(AssertUnwindSafe(|| drop(payload))).map_err(mem::forget);
            None
        }
    }
}

/// Runs what may panic, one after the other, however many of them do; the first panic goes on at the [end](Drops::end).
///
/// Left to themselves, the second `Drop` that panics would abort the process.
#[derive(Default)]
pub(crate) struct Drops {
    first: Option<Box<dyn Any + Send>>,
}

impl Drops {
    pub(crate) fn end(self) {
        match self.first {
            Some(panic) if !thread::panicking() => resume_unwind(panic),
            // What a panic carries may panic again when it is dropped.
            panic => mem::forget(panic),
        }
    }

    /// Runs what may panic.
    pub(crate) fn watch(&mut self, run: impl FnOnce()) {
        let mut run = Some(run);
        self.watch_call(&mut || {
            if let Some(run) = run.take() {
                run();
            }
        });
    }

    /// Makes a call that may panic.
    pub(crate) fn watch_call(&mut self, call: &mut dyn FnMut()) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(call)) {
            match self.first {
                None => self.first = Some(panic),
                Some(_) => mem::forget(panic),
            }
        }
    }
}
