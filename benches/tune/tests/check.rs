//! The command in a user's CI: what its exit status says.

mod common;

use common::sharded_tune;
use std::process::Output;

/// A cache that scans pollute under `Lru`, and whose misses cost so much that hits decide, whatever else the machine
/// does. So small that the hits are known in a small part of the time, where nothing is optimised, too.
const POLLUTED: &str =
    "--mix load=100 --keys 800 --skew 0.8 --scan 50 --capacity 100 --evict Lru --miss 10ms --threads 1 --time 10s";

fn polluted(check: &str) -> Output {
    sharded_tune(&POLLUTED.split(' ').chain(["--check", check]).collect::<Vec<_>>())
}

fn said(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text)).concat()
}

#[test]
fn a_policy_that_is_too_far_off_fails() {
    let output = polluted("2");
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("% off, and 2 % are allowed"), "{}", said(&output));
    let output = polluted("90");
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
}

#[test]
fn what_can_not_be_read_is_neither() {
    for (name, text) in [("foreign", "{\"kind\":\"something else\"}"), ("damaged", "{\"kind\":\"sharded load\",")] {
        let path = std::env::temp_dir().join(format!("sharded-tune-{name}-{}.json", std::process::id()));
        std::fs::write(&path, text).expect("a temporary file");
        let path = path.to_str().expect("a path in UTF-8");
        let output = sharded_tune(&[path, "--check", "2"]);
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        assert!(String::from_utf8_lossy(&output.stderr).contains(path), "{}", said(&output));
        std::fs::remove_file(path).expect("it is there");
    }
}
