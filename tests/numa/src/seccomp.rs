//! Taking the right to place memory away from this process, as the default profile of container engines does.

#![allow(unsafe_code, reason = "system calls")]

use crate::kernel::checked;
use std::{io, mem::offset_of};

/// What is refused, with `EPERM`.
const REFUSED: [libc::c_long; 5] =
    [libc::SYS_mbind, libc::SYS_set_mempolicy, libc::SYS_get_mempolicy, libc::SYS_move_pages, libc::SYS_migrate_pages];

/// Refuses it to the calling thread and all that it starts from now on, for good.
pub(crate) fn refuse_placement() -> io::Result<()> {
    let mut filter =
        vec![statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, word(offset_of!(libc::seccomp_data, nr)))];
    for call in REFUSED {
        // The next one where it is this call, else the one behind that.
        filter.push(jump(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, word(call), 0, 1));
        filter.push(statement(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ERRNO | word::<_, u32>(libc::EPERM)));
    }
    filter.push(statement(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ALLOW));

    let program = libc::sock_fprog { len: word(filter.len()), filter: filter.as_mut_ptr() };
    // SAFETY: the program is as long as it says, and the kernel checks and copies it.
    unsafe {
        checked(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0).into())?;
        checked(libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program).into())?;
    }
    Ok(())
}

fn statement(code: u32, value: u32) -> libc::sock_filter {
    jump(code, value, 0, 0)
}

fn jump(code: u32, value: u32, yes: u8, no: u8) -> libc::sock_filter {
    libc::sock_filter { code: word(code), jt: yes, jf: no, k: value }
}

/// A small constant in the width that is asked for.
fn word<N, W>(number: N) -> W
where
    W: TryFrom<N>,
    W::Error: std::fmt::Debug,
{
    W::try_from(number).expect("these are small")
}
