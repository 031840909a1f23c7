//! The timer that ends time slices. Intel 8254 datasheet, "Mode 2: Rate Generator"; JOS
//! `kern/kclock.c`.

use crate::x86::port::outb;

const COUNTER_0: u16 = 0x40;
const CONTROL: u16 = 0x43;
const COUNTER_0_BOTH_BYTES_RATE: u8 = 0x34;

const CLOCK_HZ: u32 = 1_193_182;
/// Time slices a second, as in JOS.
const SLICES_HZ: u32 = 100;

/// Starts IRQ 0 at 100 Hz.
pub fn init() {
    let divisor = ((CLOCK_HZ + SLICES_HZ / 2) / SLICES_HZ) as u16;
    outb(CONTROL, COUNTER_0_BOTH_BYTES_RATE);
    outb(COUNTER_0, divisor as u8);
    outb(COUNTER_0, (divisor >> 8) as u8);
}
