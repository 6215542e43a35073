//! Running user code whose panic must not go further.

use std::{
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
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
