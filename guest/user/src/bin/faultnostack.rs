//! Has an upcall but no exception stack. JOS `user/faultnostack.c`.

#![no_std]
#![no_main]
#![expect(unsafe_code, reason = "the fault it is about")]

use core::arch::asm;
use jos::EnvId;
use jos::syscall::sys_env_set_pgfault_upcall;

jos::program!(main);

unsafe extern "C" {
    /// From the user library's pfentry.S.
    fn pgfault_upcall();
}

fn main() {
    // SAFETY: it is never called: the kernel finds no stack for it.
    let set =
        unsafe { sys_env_set_pgfault_upcall(EnvId::NONE, pgfault_upcall as *const () as u32) };
    set.expect("the kernel takes any upcall");
    // SAFETY: a page fault, and no more.
    unsafe { asm!("mov dword ptr [{}], 0", in(reg) 0) };
}
