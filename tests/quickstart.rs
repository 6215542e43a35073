//! The quickstart example as a user runs it: its report, and the arguments that it refuses.

#[path = "common/example.rs"]
mod example;

use flate2::{Compression, write::GzEncoder};
use std::{
    env, fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::LazyLock,
    thread,
    time::{Duration, Instant},
};

fn quickstart() -> Command {
    static EXAMPLE: LazyLock<PathBuf> = LazyLock::new(|| example::build("quickstart"));
    Command::new(&*EXAMPLE)
}

/// An empty folder for the files of one test.
fn folder(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("quickstart").join(test);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder in the target directory");
    folder
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("a vector takes all");
    encoder.finish().expect("a vector takes all")
}

/// `requests` requests that go through `pages` pages over and over.
fn trace(path: &Path, requests: u64, pages: u64) {
    let keys: Vec<u8> = (0..requests).flat_map(|request| (request % pages).to_le_bytes()).collect();
    fs::write(path, gzip(&keys)).expect("the trace can be written");
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("text")
}

/// The numbers of a line, without what stands between them.
fn numbers(line: &str) -> Vec<u64> {
    let words = line.replace(',', "");
    words.split_whitespace().filter_map(|word| word.parse().ok()).collect()
}

fn line<'a>(report: &'a str, start: &str) -> &'a str {
    let found = report.lines().find(|line| line.trim_start().starts_with(start));
    found.unwrap_or_else(|| panic!("no line `{start}` in:\n{report}"))
}

fn assert_refused(output: &Output, status: i32, message: &str) {
    let complaint = text(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{complaint}");
    assert!(complaint.starts_with("quickstart: ") && complaint.contains(message), "`{message}` is not in: {complaint}");
    assert!(output.stdout.is_empty());
}

#[test]
fn reports_what_happened_in_print_and_as_a_page() {
    let folder = folder("report");
    let (requests, html) = (folder.join("a&b.u64.gz"), folder.join("new/report.html"));
    // Far more pages than the cache holds, each asked for four times.
    trace(&requests, 24_000, 6_000);
    let output = quickstart()
        .args(["--seconds", "2", "--threads", "3", "--trace"])
        .arg(&requests)
        .arg("--html")
        .arg(&html)
        .output()
        .expect("it runs");
    let report = text(&output.stdout);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(text(&output.stderr), "", "no progress bar where there is no terminal");

    assert!(report.contains("24,000 requests; its 6,000 keys"), "{report}");
    assert!(line(report, "time").contains("43,200 times faster"), "{report}");
    assert_eq!(numbers(line(report, "served"))[0], 24_000);
    assert!(line(report, "served").contains("by 3 threads"));
    for quantile in ["p50 ", "p99 ", "p99.9 "] {
        assert!(line(report, "latency").contains(quantile), "{report}");
    }
    assert!(line(report, "pages").contains('%'));
    let gone = numbers(line(report, "gone"));
    assert!(gone.len() == 2 && !gone.contains(&0), "some expired and some were evicted: {report}");
    assert!(line(report, "views").contains("(4 times)"), "{report}");

    // Every request is one view, every page stays, and each lies in one shard.
    let in_shards = report.lines().filter(|line| line.contains('█')).map(|line| numbers(line)[1]);
    let in_shards: Vec<_> = in_shards.collect();
    assert_eq!((in_shards.len(), in_shards.iter().sum()), (16, 6_000_u64));
    assert!(report.contains("bytes, of which") || report.contains("not measured"), "{report}");
    assert!(report.contains("requests per second"), "{report}");
    assert!(report.trim_end().ends_with(&format!("With plots: {}", html.display())), "{report}");

    let page = fs::read_to_string(&html).expect("the page");
    assert!(page.starts_with("<!doctype html>") && page.trim_end().ends_with("</html>"));
    assert!(page.contains("a&amp;b.u64.gz"), "names are escaped");
    assert!(page.contains("#[sharded(shards = 16)]"), "the declaration is shown");
    assert!(page.matches("<svg").count() >= 10, "every part has its plots");
    assert_eq!(page.matches("<figure").count(), page.matches("</figure>").count());
    assert!(page.contains("prefers-color-scheme: dark"));
    for foreign in ["<script", "<link", "<img", "src=", "url(", "@import", "NaN", "inf"] {
        assert!(!page.contains(foreign), "`{foreign}` has no place in a page that needs nothing but itself");
    }
}

#[test]
fn replays_the_recorded_trace_to_a_reader_that_has_left() {
    let html = folder("recorded").join("report.html");
    let mut child = quickstart()
        .args(["--seconds", "1", "--html"])
        .arg(&html)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(text(&output.stderr), "");
    let page = fs::read_to_string(&html).expect("the page");
    assert!(page.contains("95,607 requests") && page.contains("13,756 keys"));
}

#[test]
fn replays_a_trace_that_is_shorter_than_its_threads() {
    let folder = folder("short");
    trace(&folder.join("one"), 1, 1);
    let output = quickstart()
        .args(["--seconds", "1", "--threads", "4", "--trace", "one", "--html", "report.html"])
        .current_dir(&folder)
        .output()
        .expect("it runs");
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("1 request; its 1 key taken"), "{}", text(&output.stdout));
    let page = fs::read_to_string(folder.join("report.html")).expect("the page");
    assert!(!page.contains("NaN") && !page.contains("inf"));
}

#[test]
fn tells_of_its_options() {
    for option in ["--help", "-h"] {
        let output = quickstart().arg(option).output().expect("it runs");
        assert!(output.status.success());
        for option in ["--trace", "--threads", "--seconds", "--html", "--help"] {
            assert!(text(&output.stdout).contains(option));
        }
    }
}

/// Opening a pipe would wait for its other end, and a device has no end.
#[cfg(unix)]
#[test]
fn refuses_a_trace_that_is_no_regular_file() {
    let pipe = folder("pipe").join("trace");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo is part of every Unix").success());
    for path in [&pipe, Path::new("/dev/zero")] {
        let mut child = quickstart()
            .args(["--seconds", "1", "--trace"])
            .arg(path)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it runs");
        let deadline = Instant::now() + Duration::from_mins(1);
        while child.try_wait().expect("it can be asked").is_none() && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(10));
        }
        let _ = child.kill();
        let output = child.wait_with_output().expect("it has ended");
        assert_refused(&output, 1, "it is a pipe or a device, and not a regular file");
    }
}

#[test]
fn refuses_options_that_it_does_not_know() {
    let cases: [(&[&str], &str); 7] = [
        (&["--tread", "2"], "--tread"),
        (&["somewhere"], "somewhere"),
        (&["--threads"], "--threads"),
        (&["--threads", "two"], "--threads takes a number from 1 to 256, not two"),
        (&["--threads", "0"], "--threads takes a number from 1 to 256, not 0"),
        (&["--threads=257"], "--threads takes a number from 1 to 256, not 257"),
        (&["--seconds", "61"], "--seconds takes a number from 1 to 60, not 61"),
    ];
    for (options, message) in cases {
        let output = quickstart().args(options).output().expect("it runs");
        assert_refused(&output, 2, message);
        assert!(text(&output.stderr).contains("--help"));
    }
}

#[test]
fn refuses_a_trace_that_is_none() {
    let folder = folder("foreign");
    let whole = gzip(&[7; 8_000]);
    let cases = [
        ("text", b"GET /index.html".to_vec(), "it is not a gzip file"),
        ("nothing", Vec::new(), "it is not a gzip file"),
        ("empty", gzip(&[]), "it holds no requests"),
        ("odd", gzip(&[7; 15]), "it holds 15 bytes, which are no whole number of keys of 8 bytes"),
        ("torn", whole[..whole.len() / 2].to_vec(), "its gzip data is damaged"),
        ("followed", [whole.clone(), b"more".to_vec()].concat(), "its gzip data is damaged"),
    ];
    for (name, bytes, message) in cases {
        fs::write(folder.join(name), bytes).expect("the trace can be written");
        let output = quickstart().current_dir(&folder).args(["--trace", name, "--html", "page"]).output();
        assert_refused(&output.expect("it runs"), 1, &format!("can't replay {name}: {message}"));
        assert!(!folder.join("page").exists());
    }
    for unreadable in ["missing", "."] {
        let output = quickstart().current_dir(&folder).args(["--trace", unreadable, "--html", "page"]).output();
        assert_refused(&output.expect("it runs"), 1, &format!("can't replay {unreadable}: "));
    }
}

#[test]
fn refuses_a_page_that_can_not_be_written() {
    let folder = folder("unwritable");
    fs::write(folder.join("file"), "").expect("a file");
    for html in [".", "file/page.html"] {
        let output = quickstart().current_dir(&folder).args(["--html", html]).output().expect("it runs");
        assert_refused(&output, 1, &format!("can't write {html}: "));
    }
}
