//! Enters the kernel monitor by `int3`. JOS `user/breakpoint.c`.

#![no_std]
#![no_main]
#![expect(unsafe_code, reason = "the fault it is about")]

use core::arch::asm;

jos::program!(main);

fn main() {
    // SAFETY: a trap that changes nothing.
    unsafe { asm!("int3") };
}
