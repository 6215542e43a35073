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

    /// What one group has left. The kernel gives back pages of files, and what it keeps to be faster, before a limit is
    /// reached.
    fn of_group(folder: &Path) -> Option<u64> {
        let read = |file: &str| fs::read_to_string(folder.join(file)).ok();
        let most: u64 = read("memory.max")?.trim().parse().ok()?;
        let used: u64 = read("memory.current")?.trim().parse().ok()?;
        let reclaimable = read("memory.stat").map_or(0, |stat| reclaimable(&stat));
        Some(most.saturating_sub(used.saturating_sub(reclaimable)))
    }

    /// `inactive_file 4096`, and others like it.
    pub(super) fn reclaimable(stat: &str) -> u64 {
        let lines = stat.lines().filter_map(|line| line.split_once(' '));
        let lines = lines.filter(|(name, _)| ["inactive_file", "active_file", "slab_reclaimable"].contains(name));
        lines.filter_map(|(_, bytes)| bytes.trim().parse::<u64>().ok()).sum()
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
        system::{of_machine, reclaimable},
    };

    #[test]
    fn the_files_of_the_kernel_are_read() {
        let meminfo = "MemTotal:       24630000 kB\nMemFree:         1024 kB\nMemAvailable:    2048 kB\n";
        assert_eq!(of_machine(meminfo), Some(2 << 20));
        assert_eq!(of_machine("MemTotal: 1 kB\n"), None);
        assert_eq!(reclaimable("anon 1\ninactive_file 4096\nactive_file 7\nslab_unreclaimable 8\n"), 4103);
        assert_eq!(reclaimable("anon 1\n"), 0);
        // Whatever this machine says, or does not say.
        let _ = available();
    }
}
