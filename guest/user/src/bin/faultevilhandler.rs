//! Has an upcall in the kernel's memory: each fault to it faults again, until the exception stack
//! is full. JOS `user/faultevilhandler.c`.

#![no_std]
#![no_main]
#![expect(unsafe_code, reason = "the fault it is about")]

use core::arch::asm;
use jos::abi::memlayout::{PGSIZE, UXSTACKTOP};
use jos::syscall::{sys_env_set_pgfault_upcall, sys_page_alloc};
use jos::{EnvId, Perm};

jos::program!(main);

fn main() {
    let stack = (UXSTACKTOP - PGSIZE) as *mut u8;
    // SAFETY: nothing is mapped there.
    unsafe { sys_page_alloc(EnvId::NONE, stack, Perm::WRITE) }
        .expect("a page for the exception stack");
    // SAFETY: it cannot be executed, and that is the point.
    unsafe { sys_env_set_pgfault_upcall(EnvId::NONE, 0xF010_0020) }
        .expect("the kernel takes any upcall");
    // SAFETY: a page fault, and no more.
    unsafe { asm!("mov dword ptr [{}], 0", in(reg) 0) };
}
