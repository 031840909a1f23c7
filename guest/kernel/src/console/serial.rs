//! COM1, a 16550. National Semiconductor PC16550D datasheet, "Register Summary".

use crate::x86::port::{inb, outb};

const COM1: u16 = 0x3F8;
/// Receiver and transmitter; the divisor's low byte while `LINE_DLAB` is set.
const DATA: u16 = COM1;
/// Interrupt enable; the divisor's high byte while `LINE_DLAB` is set.
const INTERRUPTS: u16 = COM1 + 1;
const FIFO: u16 = COM1 + 2;
const LINE: u16 = COM1 + 3;
const MODEM: u16 = COM1 + 4;
const STATUS: u16 = COM1 + 5;

const LINE_DLAB: u8 = 0x80;
const LINE_8N1: u8 = 0x03;
const MODEM_DTR_RTS_OUT2: u8 = 0x0B; // a PC gates the interrupt with OUT2
const INTERRUPT_RECEIVED: u8 = 0x01;
const STATUS_RECEIVED: u8 = 0x01;
const STATUS_TRANSMITTER_EMPTY: u8 = 0x20;

const CLOCK_HZ: u32 = 115_200;
const BAUD: u32 = 9600;

/// A transmitter that stays busy for so many looks is not there. JOS waits as often.
const LOOKS_MAX: u32 = 12_800;

/// 9600 baud, 8 data bits, interrupt on receipt, no FIFO.
pub fn init() {
    let divisor = (CLOCK_HZ / BAUD) as u16;
    outb(FIFO, 0);
    outb(LINE, LINE_DLAB);
    outb(DATA, divisor as u8);
    outb(INTERRUPTS, (divisor >> 8) as u8);
    outb(LINE, LINE_8N1);
    outb(MODEM, MODEM_DTR_RTS_OUT2);
    outb(INTERRUPTS, INTERRUPT_RECEIVED);
    while getc().is_some() {}
}

/// Sends a byte.
pub fn putc(byte: u8) {
    for _ in 0..LOOKS_MAX {
        if inb(STATUS) & STATUS_TRANSMITTER_EMPTY != 0 {
            break;
        }
    }
    outb(DATA, byte);
}

/// A byte that was received. An absent port reads as 0xFF throughout; it has nothing to say.
pub fn getc() -> Option<u8> {
    let status = inb(STATUS);
    (status != 0xFF && status & STATUS_RECEIVED != 0).then(|| inb(DATA))
}
