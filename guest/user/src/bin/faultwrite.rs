//! Writes null. JOS `user/faultwrite.c`.

#![no_std]
#![no_main]
#![expect(unsafe_code, reason = "the fault it is about")]

use core::arch::asm;

jos::program!(main);

fn main() {
    let address = core::ptr::null_mut::<u32>();
    // SAFETY: a page fault, and no more. In assembly, since the compiler may assume that this does
    // not happen.
    unsafe { asm!("mov dword ptr [{}], 0", in(reg) address) };
}
