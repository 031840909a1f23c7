//! System calls: numbers and registers in, a `Result` out. JOS `kern/syscall.c`.
//!
//! Each `sys_` function takes what it was given, turns it into types that hold only what is allowed
//! (`UserPage`, `Perm`, `UserSlice`), and fails with JOS's error. Nothing here is `unsafe`, nor in
//! the modules below.

#![forbid(unsafe_code)]

mod console;
mod env;
mod ipc;
mod page;

use crate::env::{EnvTable, Live, curenv};
use crate::mem::user::{Access, BadAddress, Checked, UserSlice};
use crate::trap::{After, unhandled_user_fault};
use abi::{EnvId, PushRegs, SysError, Syscall, Trapframe, VirtAddr};

/// What a system call returns in `%eax`.
type SysResult = Result<u32, SysError>;

/// Dispatches the system call in `frame`, and puts its result into the caller's `%eax`.
#[inline(never)]
pub fn syscall(envs: &mut EnvTable, frame: &Trapframe) -> After {
    let caller = curenv();
    let PushRegs {
        eax: number,
        edx: a1,
        ecx: a2,
        ebx: a3,
        edi: a4,
        esi: a5,
        ..
    } = frame.regs;
    let call = Syscall::from_number(number);
    let result = match call {
        None => Err(SysError::Inval),
        Some(call) => match call {
            Syscall::Cputs => console::sys_cputs(envs, frame, UserSlice::new(VirtAddr(a1), a2)),
            Syscall::Cgetc => console::sys_cgetc(),
            Syscall::Getenvid => env::sys_getenvid(envs),
            Syscall::EnvDestroy => env::sys_env_destroy(envs, EnvId(a1)),
            Syscall::PageAlloc => page::sys_page_alloc(envs, EnvId(a1), a2, a3),
            Syscall::PageMap => page::sys_page_map(envs, EnvId(a1), a2, EnvId(a3), a4, a5),
            Syscall::PageUnmap => page::sys_page_unmap(envs, EnvId(a1), a2),
            Syscall::Exofork => env::sys_exofork(envs),
            Syscall::EnvSetStatus => env::sys_env_set_status(envs, EnvId(a1), a2),
            Syscall::EnvSetTrapframe => {
                env::sys_env_set_trapframe(envs, frame, EnvId(a1), VirtAddr(a2))
            }
            Syscall::EnvSetPgfaultUpcall => {
                env::sys_env_set_pgfault_upcall(envs, EnvId(a1), VirtAddr(a2))
            }
            Syscall::Yield => env::sys_yield(),
            Syscall::IpcTrySend => ipc::sys_ipc_try_send(envs, EnvId(a1), a2, VirtAddr(a3), a4),
            Syscall::IpcRecv => ipc::sys_ipc_recv(envs, VirtAddr(a1)),
        },
    };
    // The call may have ended its caller.
    if curenv().is_some() && curenv() == caller {
        envs.current().tf.regs.eax = SysError::encode(result);
    }
    if call == Some(Syscall::Yield) {
        After::Reschedule
    } else {
        After::Resume
    }
}

/// Gives `action` the range if the current environment may use it so; else destroys the
/// environment. JOS `user_mem_assert`.
pub fn user_mem_assert<T>(
    envs: &mut EnvTable,
    frame: &Trapframe,
    range: UserSlice,
    access: Access,
    action: impl FnOnce(Checked<'_>) -> T,
) -> Option<T> {
    let env = envs.current();
    match range.check(env.space(), access) {
        Ok(checked) => Some(action(checked)),
        Err(BadAddress(va)) => {
            crate::println!(
                "[{}] user_mem_check assertion failure for va {:08x}",
                env.id,
                va.0
            );
            unhandled_user_fault(envs, frame);
            None
        }
    }
}
