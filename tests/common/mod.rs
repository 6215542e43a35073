//! Parts of the runtime's tests: policies, hashers that collide, values that count themselves, threads.

#![allow(dead_code, unreachable_pub, reason = "every suite uses a part of it")]

pub mod counted;
pub mod fuse;
pub mod hashers;
pub mod locks;
pub mod policy;
pub mod threads;

/// The message of a panic.
pub fn message(payload: &(dyn std::any::Any + Send)) -> String {
    payload
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| payload.downcast_ref::<&str>().map(|&s| s.to_owned()))
        .unwrap_or_else(|| "a panic without a message".to_owned())
}

/// Ignores the result of a call, of any type.
pub fn ignore<T>(_: T) {}

/// Runs something that must panic, and returns the message.
#[track_caller]
pub fn panics<R>(run: impl FnOnce() -> R) -> String {
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)) {
        Ok(_) => panic!("this should have panicked"),
        Err(payload) => message(&*payload),
    }
}

/// Waits until a condition holds. How soon is not tested.
#[track_caller]
pub fn eventually(what: &str, holds: impl Fn() -> bool) {
    let start = std::time::Instant::now();
    while !holds() {
        assert!(start.elapsed() < std::time::Duration::from_mins(2), "not in time: {what}");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}
