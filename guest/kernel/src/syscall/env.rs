//! System calls on environments.

use super::{SysResult, user_mem_assert};
use crate::env::{Ending, EnvTable, Relation, curenv_id, env_destroy};
use crate::mem::user::{Access, UserSlice};
use abi::memlayout::{GD_UD, GD_UT};
use abi::trap::FL_IF;
use abi::{EnvId, EnvStatus, SysError, Trapframe, VirtAddr};

/// What a program may choose in EFLAGS: the arithmetic flags, TF and DF.
const FL_USER: u32 = 0x0DD5;

/// The caller's id.
#[inline(never)]
pub fn sys_getenvid(envs: &mut EnvTable) -> SysResult {
    Ok(envs.current().id.0)
}

/// Ends an environment: the caller, or a child of it.
#[inline(never)]
pub fn sys_env_destroy(envs: &mut EnvTable, envid: EnvId) -> SysResult {
    let id = envs.envid2env(envid, Relation::SelfOrChild)?.id;
    let current = curenv_id();
    if id == current {
        crate::println!("[{current}] exiting gracefully");
        env_destroy(envs, id, Ending::Exit);
    } else {
        crate::println!("[{current}] destroying {id}");
        env_destroy(envs, id, Ending::Killed);
    }
    Ok(0)
}

/// Lets another environment run.
#[inline(never)]
pub fn sys_yield() -> SysResult {
    Ok(0) // `syscall` asks for the rescheduling
}

/// A child with the caller's registers, an empty address space, and 0 as its result. Not runnable
/// yet.
#[inline(never)]
pub fn sys_exofork(envs: &mut EnvTable) -> SysResult {
    let parent = envs.current();
    let (parent_id, mut tf, name) = (parent.id, parent.tf, parent.name);
    tf.regs.eax = 0;
    let child = envs.alloc(parent_id)?;
    child.tf = tf;
    child.name = name;
    Ok(child.id.0)
}

/// Makes an environment runnable or not.
#[inline(never)]
pub fn sys_env_set_status(envs: &mut EnvTable, envid: EnvId, status: u32) -> SysResult {
    let env = envs.envid2env(envid, Relation::SelfOrChild)?;
    env.status = [EnvStatus::Runnable, EnvStatus::NotRunnable]
        .into_iter()
        .find(|allowed| *allowed as u32 == status)
        .ok_or(SysError::Inval)?;
    Ok(0)
}

/// Sets an environment's registers; segments, privilege and the interrupt flag stay what they must
/// be.
#[inline(never)]
pub fn sys_env_set_trapframe(
    envs: &mut EnvTable,
    frame: &Trapframe,
    envid: EnvId,
    tf: VirtAddr,
) -> SysResult {
    let id = envs.envid2env(envid, Relation::SelfOrChild)?.id;
    let range = UserSlice::of::<Trapframe>(tf);
    let wanted: Trapframe =
        user_mem_assert(envs, frame, range, Access::Read, |checked| checked.read())
            .ok_or(SysError::Fault)?;
    envs.envid2env(id, Relation::SelfOrChild)?.tf = Trapframe {
        regs: wanted.regs,
        eip: wanted.eip,
        esp: wanted.esp,
        eflags: wanted.eflags & FL_USER | FL_IF,
        cs: GD_UT | 3,
        ds: GD_UD | 3,
        es: GD_UD | 3,
        ss: GD_UD | 3,
        ..Trapframe::default()
    };
    Ok(0)
}

/// Sets where an environment's page faults go. Whether anything is there shows at the first fault.
#[inline(never)]
pub fn sys_env_set_pgfault_upcall(
    envs: &mut EnvTable,
    envid: EnvId,
    upcall: VirtAddr,
) -> SysResult {
    envs.envid2env(envid, Relation::SelfOrChild)?.pgfault_upcall = upcall;
    Ok(0)
}
