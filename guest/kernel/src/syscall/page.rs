//! System calls on memory.

use super::SysResult;
use crate::env::{EnvTable, Live, Relation};
use crate::mem::page::Page;
use abi::{EnvId, Perm, SysError, UserPage};

/// Maps a page of zeros at `va` in the address space of `envid`; what was there is unmapped.
///
/// `BadEnv`: no such environment, or neither the caller nor a child of it. `Inval`: `va` not
/// page-aligned or not below `UTOP`; `perm` not what a user mapping may have. `NoMem`: no page for
/// the memory or for a page table.
#[inline(never)]
pub fn sys_page_alloc(envs: &mut EnvTable, envid: EnvId, va: u32, perm: u32) -> SysResult {
    let env = envs.envid2env(envid, Relation::SelfOrChild)?;
    let va = UserPage::new(va)?;
    let perm = Perm::from_bits(perm)?;
    let page = Page::alloc_zeroed()?;
    env.space().page_insert(va, page, perm)?; // #page-alloc
    Ok(0)
}

/// Maps the page at `srcva` of `srcenvid` also at `dstva` of `dstenvid`.
///
/// As `sys_page_alloc`; and `Inval` when nothing is at `srcva`, or `perm` asks to write what is
/// mapped read-only.
#[inline(never)]
pub fn sys_page_map(
    envs: &mut EnvTable,
    srcenvid: EnvId,
    srcva: u32,
    dstenvid: EnvId,
    dstva: u32,
    perm: u32,
) -> SysResult {
    let source = envs.envid2env(srcenvid, Relation::SelfOrChild)?;
    let (srcva, dstva) = (UserPage::new(srcva)?, UserPage::new(dstva)?);
    let perm = Perm::from_bits(perm)?;
    let (page, writable) = source.space().page_lookup(srcva).ok_or(SysError::Inval)?;
    if perm.writable() && !writable {
        return Err(SysError::Inval);
    }
    let destination = envs.envid2env(dstenvid, Relation::SelfOrChild)?;
    destination.space().page_insert(dstva, page, perm)?;
    Ok(0)
}

/// Unmaps what is at `va`; nothing there is no error.
#[inline(never)]
pub fn sys_page_unmap(envs: &mut EnvTable, envid: EnvId, va: u32) -> SysResult {
    let env = envs.envid2env(envid, Relation::SelfOrChild)?;
    env.space().page_remove(UserPage::new(va)?); // #page-unmap
    Ok(0)
}
