//! Handles a page fault by ending. JOS `user/faultdie.c`.

#![no_std]
#![no_main]
#![expect(unsafe_code, reason = "the fault it is about")]

use core::arch::asm;
use jos::abi::UTrapframe;
use jos::pgfault::set_pgfault_handler;
use jos::println;

jos::program!(main);

fn handler(frame: &mut UTrapframe) {
    println!(
        "i faulted at va {:x}, err {:x}",
        frame.fault_va,
        frame.err & 7
    );
    jos::exit();
}

fn main() {
    set_pgfault_handler(handler);
    // SAFETY: a page fault, which `handler` takes.
    unsafe { asm!("mov dword ptr [{}], 0", in(reg) 0xDEAD_BEEFu32) };
}
