//! A path may name anything. What is no regular file, or is longer than any file of its kind, is refused at once, with
//! the reason.

use sharded_tune::{
    source::{SourceError, apply},
    workload::{Workload, WorkloadError},
};
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    sync::mpsc,
    thread,
    time::Duration,
};

/// An empty folder of this test's, which goes when this is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("sharded-tune-{test}-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        Folder(folder)
    }

    fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).expect("removed");
    }
}

/// What a call answers that must not wait.
fn at_once<R: Send + 'static>(call: impl FnOnce() -> R + Send + 'static) -> R {
    let (answer, answered) = mpsc::channel();
    thread::spawn(move || answer.send(call()));
    answered.recv_timeout(Duration::from_mins(1)).expect("it waits, or reads for ever")
}

/// Why this is refused as a workload, and as a source file.
fn refusals(path: &Path) -> [String; 2] {
    let (workload, source) = (path.to_owned(), path.to_owned());
    let workload = at_once(move || Workload::read(&workload)).expect_err("it is no workload");
    let source = at_once(move || apply(&source, "Shop", "carts", &[])).expect_err("it is no source file");
    assert!(matches!(workload, WorkloadError::Io(_) | WorkloadError::Foreign(_)), "{workload}");
    [workload.to_string(), source.to_string()]
}

#[cfg(target_os = "linux")]
#[test]
fn a_pipe_is_refused() {
    let folder = Folder::new("pipe");
    let pipe = folder.join("workload.rs");
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, mode, 0).expect("a pipe");
    for why in refusals(&pipe) {
        assert!(why.contains("it is a pipe or a device"), "{why}");
    }
    // Beside a source file it is passed over.
    fs::write(folder.join("state.rs"), "#[sharded] struct Shop { carts: M }").expect("written");
    let root = folder.0.clone();
    let changed = at_once(move || apply(&root, "Shop", "carts", &[("lock", "Mutex".to_owned())]));
    assert_eq!(changed.expect("it is declared"), folder.join("state.rs"));
}

#[cfg(unix)]
#[test]
fn a_device_without_an_end_is_refused() {
    for why in refusals(Path::new("/dev/zero")) {
        assert!(why.contains("it is a pipe or a device"), "{why}");
    }
}

#[test]
fn a_folder_is_no_load() {
    let folder = Folder::new("folder");
    let error = Workload::read(&folder.0).expect_err("it is a folder");
    assert_eq!(error.to_string(), "it is a folder");
}

#[test]
fn a_file_that_is_too_long_is_refused() {
    let folder = Folder::new("long");
    let long = folder.join("workload.rs");
    // It has no contents on the disk.
    File::create(&long).and_then(|file| file.set_len((256 << 20) + 1)).expect("a sparse file");
    let [workload, source] = refusals(&long);
    assert_eq!(workload, "not a workload file: it has more than 256 MiB");
    assert!(source.ends_with("it has more than 16 MiB"), "{source}");
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let folder = Folder::new("missing");
    let missing = folder.join("state.rs");
    let error = apply(&missing, "Shop", "carts", &[]).expect_err("it is not there");
    assert!(matches!(&error, SourceError::Io(path, _) if *path == missing), "{error}");
}
