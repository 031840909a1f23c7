//! COM1. National Semiconductor PC16550D datasheet, "Register Summary".

use super::{inb, outb};

const DATA: u16 = 0x3F8;
const STATUS: u16 = DATA + 5;
const STATUS_TRANSMITTER_EMPTY: u8 = 0x20;

/// The port.
pub struct Serial;

impl Serial {
    /// Sends a byte as soon as the one before has gone.
    pub fn byte(&mut self, byte: u8) {
        while inb(STATUS) & STATUS_TRANSMITTER_EMPTY == 0 {}
        outb(DATA, byte);
    }

    /// Sends a text.
    pub fn text(&mut self, text: &str) {
        text.bytes().for_each(|byte| self.byte(byte));
    }
}
