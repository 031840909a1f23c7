//! The two interrupt controllers. Intel 8259A datasheet, "Programming the 8259A"; JOS
//! `kern/picirq.c`.
//!
//! IRQ 0 to 15 become vectors 32 to 47. Ends of interrupt are sent by hand, before the handler does
//! its work: the kernel runs with interrupts off, so the next one waits in any case.

use crate::x86::port::outb;

/// IRQ 0's vector.
pub const IRQ_OFFSET: u8 = 32;
/// The timer.
pub const IRQ_TIMER: u8 = 0;
/// The keyboard.
pub const IRQ_KEYBOARD: u8 = 1;
/// Where the second controller reports to the first.
const IRQ_SLAVE: u8 = 2;
/// COM1.
pub const IRQ_SERIAL: u8 = 4;
/// Reported when an interrupt went away before it was taken.
pub const IRQ_SPURIOUS: u8 = 7;

const MASTER: u16 = 0x20;
const SLAVE: u16 = 0xA0;

const ICW1_EDGE_ICW4: u8 = 0x11;
const ICW4_8086: u8 = 0x01;
const OCW2_END_OF_INTERRUPT: u8 = 0x20;

/// The lines we listen to.
const ENABLED: [u8; 4] = [IRQ_TIMER, IRQ_KEYBOARD, IRQ_SLAVE, IRQ_SERIAL];

/// Remaps and unmasks.
pub fn init() {
    //   controller  vector of line 0     wiring
    for (controller, offset, cascade) in [
        (MASTER, IRQ_OFFSET, 1 << IRQ_SLAVE),
        (SLAVE, IRQ_OFFSET + 8, IRQ_SLAVE),
    ] {
        outb(controller, ICW1_EDGE_ICW4);
        outb(controller + 1, offset);
        outb(controller + 1, cascade);
        outb(controller + 1, ICW4_8086);
    }
    let enabled = ENABLED.iter().fold(0u16, |mask, irq| mask | 1 << irq);
    outb(MASTER + 1, !enabled as u8);
    outb(SLAVE + 1, (!enabled >> 8) as u8);

    crate::print!("enabled interrupts:");
    ENABLED.iter().for_each(|irq| crate::print!(" {irq}"));
    crate::println!();
}

/// Lets the controllers report the next interrupt.
pub fn end_of_interrupt(irq: u8) {
    if irq >= 8 {
        outb(SLAVE, OCW2_END_OF_INTERRUPT);
    }
    outb(MASTER, OCW2_END_OF_INTERRUPT);
}
