//! Asks the kernel to print more than is mapped: the string is fine, its length is not. JOS
//! `user/buggyhello2.c`.

#![no_std]
#![no_main]
#![expect(unsafe_code, reason = "a system call as no wrapper would make it")]

use jos::abi::Syscall;
use jos::println;
use jos::syscall::syscall;

jos::program!(main);

fn main() {
    let text = "hello, world\n";
    // SAFETY: the kernel checks the length, and that is the point.
    let printed = unsafe {
        syscall(
            Syscall::Cputs as u32,
            [text.as_ptr() as u32, 1024 * 1024 * 1024, 0, 0, 0],
        )
    };
    println!("the kernel printed it: {printed:?}");
}
