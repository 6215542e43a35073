//! Running user code whose panic must not propagate, or not yet.

use std::{
    any::Any,
    mem,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    thread,
};

/// The result of user code, or `None` if it panics.
pub(crate) fn contain<R>(run: impl FnOnce() -> R) -> Option<R> {
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(result) => Some(result),
        Err(payload) => {
            // The drop of the payload may panic as well. The payload of that second panic is leaked, because this could
            // go on for ever.
            let _ = catch_unwind(AssertUnwindSafe(|| drop(payload))).map_err(mem::forget);
            None
        }
    }
}

/// Runs calls that may panic, all of them, and propagates the first panic at the [end](Drops::end).
///
/// Without this, a second `Drop` that panics would abort the process.
#[derive(Debug, Default)]
pub(crate) struct Drops {
    first: Option<Box<dyn Any + Send>>,
}

impl Drops {
    #[inline]
    pub(crate) fn end(self) {
        if let Some(panic) = self.first {
            propagate(panic);
        }
    }

    /// Runs a call that may panic.
    pub(crate) fn watch(&mut self, run: impl FnOnce()) {
        let mut run = Some(run);
        self.watch_call(&mut || {
            if let Some(run) = run.take() {
                run();
            }
        });
    }

    /// Like [`watch`](Drops::watch), compiled once.
    pub(crate) fn watch_call(&mut self, call: &mut dyn FnMut()) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(call)) {
            match self.first {
                None => self.first = Some(panic),
                Some(_) => mem::forget(panic),
            }
        }
    }
}

/// What a function is about to return. If a panic passes, it is dropped, and its own panic is contained, since that
/// would abort the process.
#[derive(Debug)]
pub(crate) struct Pending<T>(Option<T>);

impl<T> Pending<T> {
    #[inline]
    pub(crate) fn new(value: T) -> Self {
        Pending(Some(value))
    }

    #[inline]
    pub(crate) fn take(mut self) -> T {
        self.0.take().expect("only this takes it")
    }
}

impl<T> Drop for Pending<T> {
    #[inline]
    fn drop(&mut self) {
        if let Some(value) = self.0.take() {
            contain(move || drop(value));
        }
    }
}

/// Propagates a panic, unless another one passes.
#[cold]
#[inline(never)]
fn propagate(panic: Box<dyn Any + Send>) {
    if thread::panicking() {
        // The drop of a payload may panic.
        mem::forget(panic);
    } else {
        resume_unwind(panic);
    }
}
