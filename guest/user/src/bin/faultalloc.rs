//! Maps pages on demand in its page-fault handler; the second string crosses into another page, so
//! the handler faults too. JOS `user/faultalloc.c`.

#![no_std]
#![no_main]
#![expect(unsafe_code, reason = "touches memory that its handler maps")]

use core::ffi::{CStr, c_char};
use jos::abi::{UTrapframe, VirtAddr};
use jos::alloc::format;
use jos::pgfault::set_pgfault_handler;
use jos::println;
use jos::syscall::sys_page_alloc;
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
    for va in [0xDEAD_BEEFu32, 0xCAFE_BFFE] {
        // SAFETY: the first access faults, and the handler writes a string there.
        let text = unsafe { CStr::from_ptr(touch(va)) };
        println!("{}", text.to_str().unwrap_or("(no text)"));
    }
}

/// Reads the byte at `va`, so that the fault happens here and not in the kernel.
fn touch(va: u32) -> *const c_char {
    let pointer = va as *const c_char;
    // SAFETY: the handler maps the page.
    unsafe { pointer.read_volatile() };
    pointer
}
