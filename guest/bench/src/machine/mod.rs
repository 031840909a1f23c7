//! The processor's tables and the few devices.

#![expect(unsafe_code, reason = "port output, instructions")]

pub mod memory;
pub mod multiboot;
pub mod paging;
pub mod segments;
pub mod serial;
pub mod trap;

use core::arch::asm;

/// `isa-debug-exit` of QEMU, and of Ringside's board.
const DEBUG_EXIT: u16 = 0xF4;

/// Segments, traps, paging and x87, in that order.
pub fn init() {
    segments::init();
    trap::init();
    paging::init();
    // SAFETY: CR0 has EM and TS off since `paging::init`.
    unsafe { asm!("fninit", options(nomem, nostack)) };
}

/// Writes a byte to a port.
fn outb(port: u16, value: u8) {
    // SAFETY: no device of this machine does DMA.
    unsafe { asm!("out dx, al", in("al") value, in("dx") port, options(nomem, nostack)) };
}

/// Reads a byte from a port.
fn inb(port: u16) -> u8 {
    let value: u8;
    // SAFETY: as `outb`.
    unsafe { asm!("in al, dx", out("al") value, in("dx") port, options(nomem, nostack)) };
    value
}

/// Ends the run with `verdict`; on a machine without the port, sleeps for ever.
pub fn exit(verdict: u32) -> ! {
    // SAFETY: as `outb`; interrupts are off, so nothing ends the `hlt`.
    unsafe { asm!("out dx, eax", in("eax") verdict, in("dx") DEBUG_EXIT, options(nomem, nostack)) };
    loop {
        // SAFETY: as above.
        unsafe { asm!("cli", "hlt", options(nomem, nostack)) };
    }
}
