//! Port input and output.
//!
//! These are safe functions: no device of this machine does DMA, so no port write can change memory
//! behind Rust's back.

#![expect(unsafe_code, reason = "instructions")]

use core::arch::asm;

/// Reads a byte.
pub fn inb(port: u16) -> u8 {
    let value: u8;
    // SAFETY: see the module's description.
    unsafe {
        asm!("in al, dx", out("al") value, in("dx") port, options(nomem, nostack, preserves_flags))
    };
    value
}

/// Writes a byte.
pub fn outb(port: u16, value: u8) {
    // SAFETY: see the module's description.
    unsafe {
        asm!("out dx, al", in("al") value, in("dx") port, options(nomem, nostack, preserves_flags))
    };
}

/// Writes four bytes.
pub fn outl(port: u16, value: u32) {
    // SAFETY: see the module's description.
    unsafe {
        asm!("out dx, eax", in("eax") value, in("dx") port, options(nomem, nostack, preserves_flags))
    };
}
