//! Reads null. JOS `user/faultread.c`.

#![no_std]
#![no_main]
#![expect(unsafe_code, reason = "the fault it is about")]

use core::arch::asm;
use jos::println;

jos::program!(main);

fn main() {
    let address = core::ptr::null::<u32>();
    // SAFETY: a page fault, and no more. In assembly, since the compiler may assume that this does
    // not happen.
    let value: u32 = unsafe {
        let value;
        asm!("mov {}, [{}]", out(reg) value, in(reg) address);
        value
    };
    println!("I read {value:08x} from location 0!");
}
