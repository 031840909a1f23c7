//! Large uninitialised data is zero, and ends where it should. JOS `user/testbss.c`.

#![no_std]
#![no_main]
#![expect(unsafe_code, reason = "the fault it is about")]

use core::arch::asm;
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
use jos::println;

jos::program!(main);

const COUNT: usize = 1024 * 1024 / 4;

static ARRAY: [AtomicU32; COUNT] = [const { AtomicU32::new(0) }; COUNT];

fn main() {
    println!("Making sure bss works right...");
    for (index, word) in ARRAY.iter().enumerate().step_by(64) {
        assert!(word.load(Relaxed) == 0, "bigarray[{index}] isn't cleared!");
        word.store(index as u32, Relaxed);
    }
    for (index, word) in ARRAY.iter().enumerate().step_by(64) {
        assert!(
            word.load(Relaxed) == index as u32,
            "bigarray[{index}] didn't hold its value!"
        );
    }
    println!("Yes, good.  Now doing a wild write off the end...");
    let beyond = ARRAY.as_ptr_range().end.wrapping_add(1024);
    // SAFETY: a page fault, and no more. In assembly, since the compiler may assume that this does
    // not happen.
    unsafe { asm!("mov dword ptr [{}], 0", in(reg) beyond) };
    panic!("SHOULD HAVE TRAPPED!!!");
}
