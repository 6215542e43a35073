//! The compiler's messages about mistakes: no file under `tests/ui` compiles, for the reasons in its `.stderr`.
//!
//! Read a changed `.stderr` as the user would: it names the token, the reason and the cure. Then bless it with
//! `TRYBUILD=overwrite cargo test --test ui`. One case alone: `cargo test --test ui -- ui trybuild=no_bound`.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The compiler whose wording the `.stderr` files have: the `rust-version` of Cargo.toml.
const RUSTC: &str = concat!("rustc ", env!("CARGO_PKG_RUST_VERSION"), ".");

#[test]
fn ui() {
    let version = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into())).arg("--version").output();
    let version = String::from_utf8(version.unwrap().stdout).unwrap();
    if !version.starts_with(RUSTC) {
        // Other compilers put the same errors into other words.
        eprintln!("skipped: tests/ui has the words of {RUSTC}*, and this is {version}");
        return;
    }
    trybuild::TestCases::new().compile_fail("tests/ui/*/*.rs");
}

/// Where an error points into the standard library, the compiler quotes it only if its source, the component
/// `rust-src`, is installed. So a case is written in a way that it points elsewhere.
#[test]
fn no_expectation_depends_on_the_source_of_the_standard_library() {
    let mut expectations = 0;
    for path in cases().filter(|path| path.extension().is_some_and(|extension| extension == "stderr")) {
        let errors = fs::read_to_string(&path).unwrap();
        let points_there =
            ["--> $RUST", "::: $RUST", "--> /rustc/", "::: /rustc/"].iter().any(|at| errors.contains(at));
        assert!(!points_there, "{} points into the standard library:\n{errors}", path.display());
        expectations += 1;
    }
    assert!(expectations > 100, "only {expectations} expectations");
}

/// All files of `tests/ui`.
fn cases() -> impl Iterator<Item = PathBuf> {
    let files = |folder: PathBuf| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui");
    files(folder).filter(|path| path.is_dir()).flat_map(files)
}

/// All mistakes of a declaration are told at once.
#[test]
fn five_mistakes_give_five_errors() {
    let errors = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui/several/five_mistakes.stderr");
    let errors = fs::read_to_string(errors).unwrap();
    assert_eq!(errors.lines().filter(|line| line.starts_with("error")).count(), 5, "{errors}");
}
