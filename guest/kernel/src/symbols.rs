//! Addresses that only the linker knows.

#![expect(unsafe_code, reason = "symbols of boot/entry.S and boot/kernel.ld")]

use core::ptr::addr_of;

unsafe extern "C" {
    // Only the addresses mean something.
    static bootstack: u8;
    static edata: u8;
    static end: u8;
    static entry: u8;
    static etext: u8;
}

/// The kernel's first instruction.
pub fn kernel_entry() -> u32 {
    addr_of!(entry) as u32
}

/// The end of its code.
pub fn text_end() -> u32 {
    addr_of!(etext) as u32
}

/// The end of its initialised data.
pub fn data_end() -> u32 {
    addr_of!(edata) as u32
}

/// The end of all of it.
pub fn kernel_end() -> u32 {
    addr_of!(end) as u32
}

/// The bottom of the stack that entry.S set up.
pub fn boot_stack() -> u32 {
    addr_of!(bootstack) as u32
}
