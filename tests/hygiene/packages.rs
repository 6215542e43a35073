//! The crate under another name and behind another crate, in packages of their own.

use std::{env, fs, path::Path, process::Command};

/// Runs the tests of `tests/fixtures/renamed`. Its dependencies are built once, into a folder of their own.
#[test]
fn the_crate_renamed_and_behind_another() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let package = root.join("tests/fixtures/renamed");
    // The package stands outside the workspace; it uses the versions that that is locked to.
    fs::copy(root.join("Cargo.lock"), package.join("Cargo.lock")).expect("the lock can be copied");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("renamed");
    let output = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["test", "--offline", "--quiet", "--manifest-path"])
        .arg(package.join("Cargo.toml"))
        .env("CARGO_TARGET_DIR", target)
        .output()
        .expect("cargo runs");
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    assert!(out.contains("test result: ok. 1 passed"), "{out}\n{err}");
}
