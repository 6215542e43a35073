//! The machine around a scenario: its nodes, its file systems, and what can be switched.

#![allow(unsafe_code, reason = "system calls")]

use crate::kernel::checked;
use std::{
    ffi::CString,
    fs, io,
    path::{Path, PathBuf},
    ptr,
};

/// What the kernel says this machine is.
#[derive(Debug)]
pub(crate) struct Machine {
    /// In the order of their numbers.
    pub(crate) nodes: Vec<Node>,
}

#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) number: usize,
    pub(crate) cpus: Vec<usize>,
    pub(crate) bytes: usize,
}

impl Machine {
    pub(crate) fn read() -> io::Result<Self> {
        let numbers = parse_list(&fs::read_to_string("/sys/devices/system/node/online")?)?;
        let node = |number: usize| {
            let cpus = parse_list(&fs::read_to_string(node_file(number, "cpulist"))?)?;
            Ok(Node { number, cpus, bytes: node_memory(number, "MemTotal")? })
        };
        Ok(Machine { nodes: numbers.into_iter().map(node).collect::<io::Result<_>>()? })
    }

    pub(crate) fn numbers(&self) -> Vec<usize> {
        self.nodes.iter().map(|node| node.number).collect()
    }

    /// Those on which a thread can run.
    pub(crate) fn with_cpus(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter().filter(|node| !node.cpus.is_empty())
    }
}

fn node_file(number: usize, name: &str) -> PathBuf {
    PathBuf::from(format!("/sys/devices/system/node/node{number}/{name}"))
}

/// A line of the node's `meminfo`, in bytes.
pub(crate) fn node_memory(number: usize, name: &str) -> io::Result<usize> {
    // Node 0 MemTotal:         245212 kB
    let text = fs::read_to_string(node_file(number, "meminfo"))?;
    let value = text.lines().find_map(|line| line.split_once(&format!(" {name}:"))).map(|(_, value)| value);
    kilobytes(value)
}

/// A line of `/proc/self/smaps_rollup`, in bytes.
pub(crate) fn own_memory(name: &str) -> io::Result<usize> {
    let text = fs::read_to_string("/proc/self/smaps_rollup")?;
    kilobytes(text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')))
}

fn kilobytes(value: Option<&str>) -> io::Result<usize> {
    let number = value.and_then(|value| value.trim().strip_suffix(" kB")?.parse::<usize>().ok());
    number.map(|number| number << 10).ok_or_else(|| io::Error::other("no such line, or not in kB"))
}

/// A line of `/proc/thread-self/status`.
pub(crate) fn own_status(name: &str) -> io::Result<String> {
    let text = fs::read_to_string("/proc/thread-self/status")?;
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    value.map(|value| value.trim().to_owned()).ok_or_else(|| io::Error::other(format!("no {name}")))
}

/// Numbers as the kernel lists them: `0-1,4`.
pub(crate) fn parse_list(text: &str) -> io::Result<Vec<usize>> {
    let mut numbers = Vec::new();
    for part in text.trim().split(',').filter(|part| !part.is_empty()) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let parse = |text: &str| text.parse::<usize>().map_err(io::Error::other);
        numbers.extend(parse(first)?..=parse(last)?);
    }
    Ok(numbers)
}

/// As [`parse_list`] reads them.
pub(crate) fn list(numbers: &[usize]) -> String {
    numbers.iter().map(usize::to_string).collect::<Vec<_>>().join(",")
}

/// Moves this process into a cpuset of these processors and nodes. The cgroup stays when it ends.
pub(crate) fn enter_cpuset(name: &str, cpus: &[usize], nodes: &[usize]) -> io::Result<()> {
    let root = Path::new("/sys/fs/cgroup");
    let group = root.join(name);
    write(root.join("cgroup.subtree_control"), "+cpuset")?;
    fs::create_dir_all(&group)?;
    write(group.join("cpuset.cpus"), &list(cpus))?;
    write(group.join("cpuset.mems"), &list(nodes))?;
    write(group.join("cgroup.procs"), "0")
}

/// Whether the kernel moves pages to the threads that use them. Of a page that it is about to move, Linux 6.1 says that
/// there is none, so that pages are counted while it is off.
pub(crate) fn set_balancing(on: bool) -> io::Result<()> {
    let switch = Path::new("/proc/sys/kernel/numa_balancing");
    if !on && !switch.exists() {
        return Ok(());
    }
    write(switch, if on { "1" } else { "0" })
}

/// Has it do so soon.
pub(crate) fn balance_soon() -> io::Result<()> {
    // It waits a second before it looks at a new process, and longer between looks the less there is to do.
    let knobs = Path::new("/sys/kernel/debug/sched/numa_balancing");
    write(knobs.join("scan_delay_ms"), "10")?;
    write(knobs.join("scan_period_min_ms"), "10")?;
    write(knobs.join("scan_period_max_ms"), "100")
}

/// Lets those have huge pages who ask for them: a small machine starts without.
pub(crate) fn allow_huge_pages() -> io::Result<()> {
    let switch = Path::new("/sys/kernel/mm/transparent_hugepage/enabled");
    if fs::read_to_string(switch)?.contains("[never]") { write(switch, "madvise") } else { Ok(()) }
}

/// How ready the OOM killer is to end this process: from -1000, never, to 1000.
pub(crate) fn set_oom_score(score: i32) -> io::Result<()> {
    write("/proc/self/oom_score_adj", &score.to_string())
}

/// Writes to a file that is there, and names it where that fails.
fn write(path: impl AsRef<Path>, text: &str) -> io::Result<()> {
    let path = path.as_ref();
    fs::write(path, text).map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}

/// The value of a parameter of the kernel's command line.
pub(crate) fn parameter(name: &str) -> Option<String> {
    let line = fs::read_to_string("/proc/cmdline").ok()?;
    line.split_whitespace().find_map(|word| word.strip_prefix(name)?.strip_prefix('=').map(str::to_owned))
}

/// What process 1 finds missing.
pub(crate) fn mount_all() -> io::Result<()> {
    mount("proc", "/proc")?;
    mount("sysfs", "/sys")?;
    mount("devtmpfs", "/dev")?;
    mount("cgroup2", "/sys/fs/cgroup")?;
    mount("debugfs", "/sys/kernel/debug")
}

fn mount(kind: &str, at: &str) -> io::Result<()> {
    let failed = |error| io::Error::other(format!("{kind} at {at}: {error}"));
    // Those in sysfs are there, and can't be made.
    fs::create_dir_all(at).map_err(failed)?;
    let (kind_c, at_c) = (CString::new(kind)?, CString::new(at)?);
    // SAFETY: both are strings that end in zero; these file systems take no data.
    let result = unsafe { libc::mount(kind_c.as_ptr(), at_c.as_ptr(), kind_c.as_ptr(), 0, ptr::null()) };
    checked(result.into()).map(drop).map_err(|error| failed(io::Error::other(error)))
}

/// All that the kernel has kept of its log.
pub(crate) fn kernel_log() -> io::Result<String> {
    const READ_ALL: libc::c_int = 3;
    let mut text = vec![0; 256 << 10];
    let length = libc::c_int::try_from(text.len()).map_err(io::Error::other)?;
    // SAFETY: the buffer is as long as is said.
    let read = checked(unsafe { libc::klogctl(READ_ALL, text.as_mut_ptr().cast(), length) }.into())?;
    text.truncate(usize::try_from(read).map_err(io::Error::other)?);
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// Ends the virtual machine.
pub(crate) fn power_off() -> ! {
    // SAFETY: nothing is on a disk that could be lost.
    unsafe {
        libc::sync();
        libc::reboot(libc::RB_POWER_OFF);
    }
    // Where it can't be powered off, the kernel panics when process 1 ends, which ends it too.
    std::process::exit(1)
}
