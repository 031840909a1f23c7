//! Loads the task segment's selector into `%ds`. JOS `user/badsegment.c`.

#![no_std]
#![no_main]
#![expect(unsafe_code, reason = "the fault it is about")]

use core::arch::asm;

jos::program!(main);

fn main() {
    // SAFETY: a general protection fault, and no more.
    unsafe { asm!("mov ds, {:x}", in(reg) 0x28) };
}
