//! Without `membarrier`, readers pass a fence.

use super::{Count, Counted, Map, join, key};
use std::{
    env,
    process::Command,
    sync::atomic::{AtomicBool, Ordering::SeqCst},
    thread,
};

/// Set in the process that has no `membarrier`.
const WITHOUT: &str = "RCU_WITHOUT_MEMBARRIER";

/// Has the kernel refuse `membarrier` to this process from now on, as sandboxes do.
#[allow(unsafe_code, reason = "there is no safe way to enter a sandbox")]
fn forbid() {
    let statement = |code: u32, k: i64| libc::sock_filter {
        code: u16::try_from(code).expect("a code"),
        jt: 0,
        jf: 0,
        k: u32::try_from(k).expect("a constant"),
    };
    let mut filter = [
        // The number of the system call.
        statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0),
        libc::sock_filter { jf: 1, ..statement(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, libc::SYS_membarrier) },
        statement(libc::BPF_RET | libc::BPF_K, i64::from(libc::SECCOMP_RET_ERRNO) | i64::from(libc::ENOSYS)),
        statement(libc::BPF_RET | libc::BPF_K, i64::from(libc::SECCOMP_RET_ALLOW)),
    ];
    let program = libc::sock_fprog { len: 4, filter: filter.as_mut_ptr() };
    // SAFETY: the program lives as long as the call, which only reads it.
    unsafe {
        assert_eq!(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
        assert_eq!(libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program), 0);
        assert_eq!(libc::syscall(libc::SYS_membarrier, 0, 0, 0), -1);
    }
}

#[test]
fn without_membarrier() {
    if env::var_os(WITHOUT).is_none() {
        let test = env::current_exe().expect("this program");
        let status = Command::new(test)
            .args(["--exact", "sandbox::without_membarrier", "--test-threads=1"])
            .env(WITHOUT, "1")
            .status()
            .expect("it starts");
        assert!(status.success(), "{status}");
        return;
    }
    forbid();
    let (count, is_over) = (Count::default(), AtomicBool::new(false));
    let map = Map::<String, Counted>::new();
    thread::scope(|scope| {
        let readers = [(); 2].map(|()| {
            scope.spawn(|| {
                while !is_over.load(SeqCst) {
                    map.with(&key(1), Counted::check);
                }
            })
        });
        for number in 0..20_000 {
            map.insert(key(1), count.value(number));
        }
        is_over.store(true, SeqCst);
        join(readers);
    });
    assert!(count.get() < 10_000, "{} values", count.get());
    drop(map);
    assert_eq!(count.get(), 0);
}
