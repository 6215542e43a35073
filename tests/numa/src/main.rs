//! Checks NUMA placement against what the kernel itself says of each page.
//!
//! As process 1 of a virtual machine (see `.ci/numa`) it runs the scenarios that the kernel's command line names, each
//! in a process of its own, reports each on a line, and powers the machine off. Elsewhere it runs those that are named:
//!
//! ```text
//! cargo run -p sharded-numa-check -- pages spread
//! ```

#[cfg(target_os = "linux")]
mod init;
#[cfg(target_os = "linux")]
mod kernel;
#[cfg(target_os = "linux")]
mod machine;
#[cfg(target_os = "linux")]
mod scenarios;
#[cfg(target_os = "linux")]
mod seccomp;
#[cfg(target_os = "linux")]
mod subject;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    if std::process::id() == 1 {
        init::run();
    }
    scenarios::main(&std::env::args().skip(1).collect::<Vec<_>>())
}

#[cfg(not(target_os = "linux"))]
fn main() -> std::process::ExitCode {
    eprintln!("only Linux tells where a page is");
    std::process::ExitCode::FAILURE
}
