//! Without `membarrier`, readers pass a fence, also where it is withdrawn after they have relied on it.

use super::{Count, Counted, Map, join, key};
use std::{
    env,
    process::Command,
    sync::{
        Barrier,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    thread,
    time::Duration,
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

/// Whether this is the process for a test that enters a sandbox. If not, runs the test in one.
fn is_child(test: &str) -> bool {
    if env::var_os(WITHOUT).is_some() {
        return true;
    }
    let program = env::current_exe().expect("this program");
    let status = Command::new(program)
        .args(["--exact", test, "--test-threads=1"])
        .env(WITHOUT, "1")
        .status()
        .expect("it starts");
    assert!(status.success(), "{status}");
    false
}

#[test]
fn without_membarrier() {
    if !is_child("sandbox::without_membarrier") {
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
    count.wait_for(0);
}

/// Waits until the library has registered the process for `membarrier`. `false` if the system has none.
#[allow(unsafe_code, reason = "std has no such call")]
fn is_registered() -> bool {
    let expedited = libc::MEMBARRIER_CMD_PRIVATE_EXPEDITED;
    // SAFETY: it takes no memory of this process.
    let is = || unsafe { libc::syscall(libc::SYS_membarrier, expedited, 0, 0) == 0 };
    (0..400).any(|_| is() || (thread::sleep(Duration::from_millis(5)), false).1)
}

#[test]
fn membarrier_is_withdrawn() {
    if !is_child("sandbox::membarrier_is_withdrawn") {
        return;
    }
    let (count, is_over) = (Count::default(), AtomicBool::new(false));
    let map = Map::<String, Counted>::new();
    map.insert(key(1), count.value(1));
    if !is_registered() {
        return;
    }
    // From the next grace period on readers rely on it.
    map.insert(key(1), count.value(1));
    map.sweep();
    let read = || assert!(map.with(&key(1), Counted::check).is_some());
    read();
    let (sleep, wake) = (Barrier::new(3), Barrier::new(3));
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            while !is_over.load(SeqCst) {
                read();
            }
        });
        // One reads again later. The other ends.
        let idle = [true, false].map(|again| {
            let (sleep, wake) = (&sleep, &wake);
            scope.spawn(move || {
                read();
                sleep.wait();
                wake.wait();
                if again {
                    read();
                }
                wake.wait();
            })
        });
        sleep.wait();
        forbid();
        let write = || (0..20_000).for_each(|number| drop(map.insert(key(1), count.value(number))));
        write();
        assert!(count.get() > 15_000, "two threads have not noticed, and {} values are left", count.get());
        wake.wait();
        wake.wait();
        join(idle);
        write();
        assert!(count.get() < 10_000, "{} values", count.get());
        is_over.store(true, SeqCst);
        join([reader]);
    });
    drop(map);
    count.wait_for(0);
}
