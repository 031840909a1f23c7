//! System calls for messages: a word, and perhaps a page.

use super::SysResult;
use crate::env::{EnvTable, Live, Relation, curenv_id};
use abi::memlayout::UTOP;
use abi::{EnvId, EnvStatus, Perm, SysError, UserPage, VirtAddr};

/// Sends `value` to an environment that waits in `sys_ipc_recv`, and the page at `srcva` if that is
/// below `UTOP`.
///
/// `IpcNotRecv`: it does not wait. `Inval`: as `sys_page_map`. `NoMem`: no page table for the page.
/// The receiver goes on waiting then.
#[inline(never)]
pub fn sys_ipc_try_send(
    envs: &mut EnvTable,
    envid: EnvId,
    value: u32,
    srcva: VirtAddr,
    perm: u32,
) -> SysResult {
    let target = envs.envid2env(envid, Relation::Any)?;
    if !target.ipc.recving {
        return Err(SysError::IpcNotRecv);
    }
    let target_id = target.id;

    let page = if srcva.0 < UTOP {
        let perm = Perm::from_bits(perm)?;
        let (page, writable) = envs
            .current()
            .space()
            .page_lookup(UserPage::new(srcva.0)?)
            .ok_or(SysError::Inval)?;
        if perm.writable() && !writable {
            return Err(SysError::Inval);
        }
        Some((page, perm))
    } else {
        None
    };

    let target = envs.envid2env(target_id, Relation::Any)?;
    target.ipc.perm = 0;
    // A page moves when one side offers it and the other wants it.
    if let (Some((page, perm)), Ok(dstva)) = (page, UserPage::new(target.ipc.dstva.0)) {
        target.space().page_insert(dstva, page, perm)?;
        target.ipc.perm = perm.bits();
    }
    target.ipc.recving = false;
    target.ipc.value = value;
    target.ipc.from = curenv_id();
    target.status = EnvStatus::Runnable;
    Ok(0)
}

/// Waits for a message; a page, if one comes, is mapped at `dstva` if that is below `UTOP`.
#[inline(never)]
pub fn sys_ipc_recv(envs: &mut EnvTable, dstva: VirtAddr) -> SysResult {
    if dstva.0 < UTOP {
        UserPage::new(dstva.0)?;
    }
    let env = envs.current();
    env.ipc.recving = true;
    env.ipc.dstva = dstva;
    env.status = EnvStatus::NotRunnable;
    Ok(0) // what it finds in %eax when it runs again
}
