//! The command line as words, and numbers as digits.

use crate::machine::serial::Serial;

/// Most bytes of the command line that are kept.
pub const COMMAND_LINE_MAX: usize = 256;

/// The boot loader's command line.
pub struct CommandLine {
    bytes: [u8; COMMAND_LINE_MAX],
    length: usize,
}

impl CommandLine {
    /// A copy of `text`, as far as there is room.
    pub fn new(text: &[u8]) -> CommandLine {
        let length = text.len().min(COMMAND_LINE_MAX);
        let mut bytes = [0; COMMAND_LINE_MAX];
        bytes[..length].copy_from_slice(&text[..length]);
        CommandLine { bytes, length }
    }

    /// The word at `index`, from 0, which is the kernel's name; empty where there is none.
    pub fn word(&self, index: usize) -> &[u8] {
        self.bytes[..self.length]
            .split(|&byte| byte == b' ')
            .filter(|word| !word.is_empty())
            .nth(index)
            .unwrap_or(&[])
    }

    /// The word at `index` as a decimal number.
    pub fn number(&self, index: usize) -> Option<u32> {
        core::str::from_utf8(self.word(index)).ok()?.parse().ok()
    }
}

/// Writes `value` without leading zeros.
pub fn write_decimal(serial: &mut Serial, value: u32) {
    if value >= 10 {
        write_decimal(serial, value / 10);
    }
    serial.byte(b'0' + (value % 10) as u8);
}

/// Writes `value` as eight digits.
pub fn write_hex(serial: &mut Serial, value: u32) {
    for digit in (0..8).rev() {
        serial.byte(b"0123456789abcdef"[(value >> (digit * 4) & 15) as usize]);
    }
}
