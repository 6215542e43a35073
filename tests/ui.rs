//! What the compiler says of a mistake: every file under `tests/ui` does not compile, for the reasons in its `.stderr`.
//!
//! Read a changed `.stderr` as the user would: it names the token, the reason and the cure. Then bless it with
//! `TRYBUILD=overwrite cargo test --test ui`. One case alone: `cargo test --test ui -- ui trybuild=no_bound`.

use std::{fs, path::Path};

#[test]
fn ui() {
    trybuild::TestCases::new().compile_fail("tests/ui/*/*.rs");
}

/// All mistakes of a declaration are told at once.
#[test]
fn five_mistakes_give_five_errors() {
    let errors = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui/several/five_mistakes.stderr");
    let errors = fs::read_to_string(errors).unwrap();
    assert_eq!(errors.lines().filter(|line| line.starts_with("error")).count(), 5, "{errors}");
}
