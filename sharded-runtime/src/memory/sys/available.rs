//! How much more memory this process can have.

/// Bytes that the machine, and the control groups of this process, have left now, as far as the system says: what could
/// be taken without swapping. Other processes may take them first. `None` if it says nothing.
pub(crate) fn available() -> Option<u64> {
    system::available()
}

#[cfg(target_os = "linux")]
mod system {
    use std::{fs, path::Path};

    /// Where the control groups are (version 2).
    const GROUPS: &str = "/sys/fs/cgroup";

    pub(super) fn available() -> Option<u64> {
        let machine = fs::read_to_string("/proc/meminfo").ok().and_then(|info| of_machine(&info));
        let groups = fs::read_to_string("/proc/self/cgroup").ok().and_then(|groups| of_groups(&groups));
        machine.into_iter().chain(groups).min()
    }

    /// `MemAvailable:    1024 kB`
    pub(super) fn of_machine(meminfo: &str) -> Option<u64> {
        let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
        Some(line.trim().strip_suffix("kB")?.trim_end().parse::<u64>().ok()? << 10)
    }

    /// The least that this group and those above it have left.
    fn of_groups(groups: &str) -> Option<u64> {
        let group = groups.lines().find_map(|line| line.strip_prefix("0::/"))?;
        let folder = Path::new(GROUPS).join(group);
        folder.ancestors().take_while(|folder| folder.starts_with(GROUPS)).filter_map(of_group).min()
    }

    /// What one group has left. The pages of files that it does not use are given back before a limit is reached.
    fn of_group(folder: &Path) -> Option<u64> {
        let read = |file: &str| fs::read_to_string(folder.join(file)).ok();
        let most: u64 = read("memory.max")?.trim().parse().ok()?;
        let used: u64 = read("memory.current")?.trim().parse().ok()?;
        let files = read("memory.stat").and_then(|stat| inactive_files(&stat)).unwrap_or(0);
        Some(most.saturating_sub(used.saturating_sub(files)))
    }

    /// `inactive_file 4096`
    pub(super) fn inactive_files(stat: &str) -> Option<u64> {
        stat.lines().find_map(|line| line.strip_prefix("inactive_file "))?.trim().parse().ok()
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    pub(super) fn available() -> Option<u64> {
        None
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::{
        available,
        system::{inactive_files, of_machine},
    };

    #[test]
    fn the_files_of_the_kernel_are_read() {
        let meminfo = "MemTotal:       24630000 kB\nMemFree:         1024 kB\nMemAvailable:    2048 kB\n";
        assert_eq!(of_machine(meminfo), Some(2 << 20));
        assert_eq!(of_machine("MemTotal: 1 kB\n"), None);
        assert_eq!(inactive_files("anon 1\ninactive_file 4096\nactive_file 7\n"), Some(4096));
        assert_eq!(inactive_files("anon 1\n"), None);
        // A machine with a kernel since 3.14 says it. There is some, since this runs.
        assert!(available().is_none_or(|bytes| bytes > 0));
    }
}
