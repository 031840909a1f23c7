//! Tries to raise a page fault by `int 14`; only the kernel may. JOS `user/softint.c`.

#![no_std]
#![no_main]
#![expect(unsafe_code, reason = "the fault it is about")]

use core::arch::asm;

jos::program!(main);

fn main() {
    // SAFETY: a general protection fault, and no more.
    unsafe { asm!("int 14") };
}
