//! As `faultalloc`, but the first access is the kernel's, in a system call: that is not reflected
//! to the handler. JOS `user/faultallocbad.c`.

#![no_std]
#![no_main]
#![expect(unsafe_code, reason = "touches memory that its handler maps")]

use jos::abi::{Syscall, UTrapframe, VirtAddr};
use jos::alloc::format;
use jos::pgfault::set_pgfault_handler;
use jos::println;
use jos::syscall::{sys_page_alloc, syscall};
use jos::{EnvId, Perm};

jos::program!(main);

/// Maps a page where the fault was, and writes a line there: over the end of the page, if it must.
fn handler(frame: &mut UTrapframe) {
    let va = frame.fault_va;
    println!("fault {va:x}");
    let page = VirtAddr(va).page_start().0 as *mut u8;
    // SAFETY: nothing is mapped there, or there would be no fault.
    if let Err(error) = unsafe { sys_page_alloc(EnvId::NONE, page, Perm::WRITE) } {
        panic!("allocating at {va:x} in page fault handler: {error}");
    }
    let line = format!("this string was faulted in at {va:x}");
    for (index, byte) in line.bytes().chain([0]).enumerate() {
        // SAFETY: the page is there now; where it ends, the next fault maps one more.
        unsafe { (va as *mut u8).add(index).write_volatile(byte) };
    }
}

fn main() {
    set_pgfault_handler(handler);
    // SAFETY: the kernel checks the address, and that is the point.
    let printed = unsafe { syscall(Syscall::Cputs as u32, [0xDEAD_BEEF, 4, 0, 0, 0]) };
    println!("the kernel printed it: {printed:?}");
}
