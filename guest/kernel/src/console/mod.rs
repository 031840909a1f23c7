//! The console: output to the serial port and the screen, input from the serial port and the
//! keyboard. JOS `kern/console.c`.

pub mod cga;
pub mod keyboard;
pub mod serial;

use crate::cell::KernelCell;
use crate::x86::control::wait_for_interrupt;
use core::fmt;

/// Characters that have arrived and that nobody has read. Full: the newest is dropped.
struct Input {
    buffer: [u8; 512],
    read: usize,
    written: usize,
}

static INPUT: KernelCell<Input> = KernelCell::new(Input {
    buffer: [0; 512],
    read: 0,
    written: 0,
});

impl Input {
    fn push(&mut self, byte: u8) {
        let next = (self.written + 1) % self.buffer.len();
        if next != self.read {
            self.buffer[self.written] = byte;
            self.written = next;
        }
    }

    fn pop(&mut self) -> Option<u8> {
        if self.read == self.written {
            return None;
        }
        let byte = self.buffer[self.read];
        self.read = (self.read + 1) % self.buffer.len();
        Some(byte)
    }
}

/// Prepares the devices.
pub fn init() {
    serial::init();
    cga::init();
}

/// Writes a byte to every output.
pub fn putc(byte: u8) {
    serial::putc(byte);
    cga::putc(byte);
}

/// Moves what a device has to say into the input buffer: called by its interrupt, and by `getc`.
pub fn collect(next: fn() -> Option<u8>) {
    while let Some(byte) = next() {
        INPUT.borrow().push(byte);
    }
}

/// The next character, if there is one. Asks the devices, so that it also works while interrupts
/// are off.
pub fn getc() -> Option<u8> {
    collect(serial::getc);
    collect(keyboard::getc);
    INPUT.borrow().pop()
}

/// The next character; sleeps until there is one.
pub fn wait_for_char() -> u8 {
    loop {
        if let Some(byte) = getc() {
            return byte;
        }
        wait_for_interrupt();
    }
}

/// Console output as a formatting target.
pub struct Console;

impl fmt::Write for Console {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.bytes().for_each(putc);
        Ok(())
    }
}

/// What `print!` calls.
pub fn print(arguments: fmt::Arguments<'_>) {
    // The console's `write_str` does not fail; a `Display` that does has printed what it could.
    let _ = fmt::write(&mut Console, arguments);
}

/// What `println!` calls.
pub fn print_line(arguments: fmt::Arguments<'_>) {
    print(arguments);
    putc(b'\n');
}

/// JOS's `cprintf`.
#[macro_export]
macro_rules! print {
    ($($argument:tt)*) => { $crate::console::print(format_args!($($argument)*)) };
}

/// JOS's `cprintf`, and a newline.
#[macro_export]
macro_rules! println {
    () => { $crate::console::putc(b'\n') };
    ($($argument:tt)*) => { $crate::console::print_line(format_args!($($argument)*)) };
}
