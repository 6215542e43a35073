//! The crate under another name and behind another crate, and crates of older editions, in packages of their own.

use std::{env, fs, path::Path, process::Command};

#[test]
fn the_crate_renamed_and_behind_another() {
    test("renamed");
}

#[test]
fn a_crate_of_edition_2021() {
    test("edition_2021");
}

#[test]
fn a_crate_of_edition_2018() {
    test("edition_2018");
}

/// Runs the tests of `tests/fixtures/<package>`. The dependencies are built once, into a folder of their own.
fn test(package: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let package = root.join("tests/fixtures").join(package);
    // The package stands outside the workspace; it uses the versions that that is locked to.
    fs::copy(root.join("Cargo.lock"), package.join("Cargo.lock")).expect("the lock can be copied");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("packages");
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
