//! Builds an example from its current source.

use serde_json::Value;
use std::{
    env,
    ffi::OsStr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Builds an example in the target directory and the profile of this test, and returns the program's path.
///
/// `cargo test` builds all examples before the tests. `cargo test --test …` does not, and would run a stale program.
pub(crate) fn build(name: &str) -> PathBuf {
    let test = env::current_exe().expect("the path of this test");
    let profile = test.ancestors().nth(2).expect("<target>/<profile>/deps/<test>");
    let target = profile.parent().expect("<target>/<profile>");
    let profile = profile.file_name().expect("the folder of a profile");
    let build = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--message-format", "json", "--example", name, "--target-dir"])
        .arg(target)
        .arg("--profile")
        .arg(if profile == "debug" { OsStr::new("dev") } else { profile })
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stderr(Stdio::inherit())
        .output()
        .expect("cargo runs");
    assert!(build.status.success(), "the example {name} does not build");
    // The path depends on cargo's target.
    let messages = build.stdout.split(|&byte| byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok());
    let of_example = |message: &Value| message["target"]["name"] == name && message["target"]["kind"][0] == "example";
    let program = messages.filter(of_example).find_map(|message| message["executable"].as_str().map(PathBuf::from));
    program.filter(|program| Path::exists(program)).expect("cargo says where the program is")
}
