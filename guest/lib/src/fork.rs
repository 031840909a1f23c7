//! Copy-on-write `fork`, all in user mode. JOS `lib/fork.c`.
//!
//! Both sides get every writable page read-only and marked `PTE_COW`; whoever writes first faults,
//! and gets a copy.

#![expect(unsafe_code, reason = "maps and unmaps our own pages")]

use crate::memory::{page_directory, page_table, uvpt};
use crate::pgfault::{give_exception_stack, set_pgfault_handler};
use crate::syscall::{
    sys_env_set_status, sys_exofork, sys_page_alloc, sys_page_map, sys_page_unmap,
};
use abi::memlayout::{PFTEMP, PGSIZE, PTSIZE, USTACKTOP};
use abi::perm::{PTE_COW, PTE_P, PTE_SYSCALL, PTE_W};
use abi::trap::FEC_WR;
use abi::{EnvId, EnvStatus, Perm, SysError, UTrapframe, VirtAddr};

/// A write to a copy-on-write page: puts a writable copy there.
fn pgfault(frame: &mut UTrapframe) {
    let va = VirtAddr(frame.fault_va);
    let wrote_to_cow = frame.err & FEC_WR != 0 && uvpt(va) & PTE_COW != 0;
    assert!(
        wrote_to_cow,
        "page fault at va {:08x} ip {:08x} err {:x}",
        va.0, frame.eip, frame.err
    );

    let page = va.page_start().0 as *mut u8;
    let copy = PFTEMP as *mut u8;
    // SAFETY: nothing else uses PFTEMP; the copy has the same bytes, so nobody can tell.
    let copied = unsafe {
        sys_page_alloc(EnvId::NONE, copy, Perm::WRITE)
            .inspect(|()| copy.copy_from_nonoverlapping(page, PGSIZE as usize))
            .and_then(|()| sys_page_map(EnvId::NONE, copy, EnvId::NONE, page, Perm::WRITE))
            .and_then(|()| sys_page_unmap(EnvId::NONE, copy))
    };
    copied.unwrap_or_else(|error| panic!("copy-on-write at va {:08x}: {error}", va.0));
}

/// Maps our page at `va` in the child too; copy-on-write on both sides if it can be written.
fn duppage(child: EnvId, va: VirtAddr, entry: u32) -> Result<(), SysError> {
    let page = va.0 as *mut u8;
    let us = EnvId::NONE;
    // SAFETY: the child has nothing there yet; on our side the same page stays.
    unsafe {
        if entry & (PTE_W | PTE_COW) == 0 {
            return sys_page_map(us, page, child, page, Perm::from_bits(entry & PTE_SYSCALL)?);
        }
        // The child first: once ours is read-only, a write of ours would get a copy that the child
        // does not see.
        sys_page_map(us, page, child, page, Perm::COW)?;
        sys_page_map(us, page, us, page, Perm::COW)
    }
}

/// `duppage` for every page we have below the exception stack.
///
/// Counts by hand: iterators over two thousand entries are dear when unoptimised. Reads each table
/// at once: a page that changes meanwhile (our stack, by a fault in between) stays writable or
/// copy-on-write, which here is the same.
fn duplicate_all(child: EnvId) -> Result<(), SysError> {
    let directory = page_directory();
    let mut va = VirtAddr(0);
    while va.0 < USTACKTOP {
        if directory[va.pdx()] & PTE_P != 0 {
            let table = page_table(va);
            let mut ptx = 0;
            while ptx < table.len() {
                let page = VirtAddr(va.0 + ptx as u32 * PGSIZE);
                if table[ptx] & PTE_P != 0 && page.0 < USTACKTOP {
                    duppage(child, page, table[ptx])?;
                }
                ptx += 1;
            }
        }
        va = VirtAddr(va.0 + PTSIZE);
    }
    Ok(())
}

/// Makes a child that goes on here, with a copy of all our memory. 0 in the child, its id in the
/// parent.
pub fn fork() -> Result<EnvId, SysError> {
    set_pgfault_handler(pgfault);
    // SAFETY: the child gets this stack below, before it runs.
    let child = unsafe { sys_exofork() }?;
    if child == EnvId::NONE {
        return Ok(child); // we are the child
    }
    duplicate_all(child)?;
    give_exception_stack(child)?;
    sys_env_set_status(child, EnvStatus::Runnable)?;
    Ok(child)
}
