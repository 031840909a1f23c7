//! Divides by zero, as the CPU does it: Rust's own `/` would panic first. JOS `user/divzero.c`.

#![no_std]
#![no_main]
#![expect(unsafe_code, reason = "the fault it is about")]

use core::arch::asm;
use jos::println;

jos::program!(main);

fn main() {
    let (one, zero) = (1, 0);
    let quotient: u32;
    // SAFETY: a divide error, and no more.
    unsafe { asm!("div {}", in(reg) zero, inout("eax") one => quotient, inout("edx") 0 => _) };
    println!("1/0 is {quotient:08x}!");
}
