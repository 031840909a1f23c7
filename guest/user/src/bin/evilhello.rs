//! Asks the kernel to print its own memory. JOS `user/evilhello.c`.

#![no_std]
#![no_main]
#![expect(unsafe_code, reason = "a system call as no wrapper would make it")]

use jos::abi::Syscall;
use jos::println;
use jos::syscall::syscall;

jos::program!(main);

fn main() {
    // SAFETY: the kernel checks the address, and that is the point.
    let printed = unsafe { syscall(Syscall::Cputs as u32, [0xF010_000C, 100, 0, 0, 0]) };
    println!("the kernel printed it: {printed:?}");
}
