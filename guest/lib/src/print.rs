//! Formatted output. JOS `lib/printf.c`: collects up to 256 bytes, so that a line reaches the
//! console in one piece.

use crate::syscall::sys_cputs;
use core::fmt;

struct Buffer {
    bytes: [u8; 256],
    length: usize,
}

impl Buffer {
    fn flush(&mut self) {
        sys_cputs(&self.bytes[..self.length]);
        self.length = 0;
    }
}

impl fmt::Write for Buffer {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text.as_bytes();
        while !rest.is_empty() {
            if self.length == self.bytes.len() {
                self.flush();
            }
            let count = rest.len().min(self.bytes.len() - self.length);
            self.bytes[self.length..self.length + count].copy_from_slice(&rest[..count]);
            self.length += count;
            rest = &rest[count..];
        }
        Ok(())
    }
}

/// What `print!` calls; `end` is printed last.
#[inline(never)]
pub fn print(arguments: fmt::Arguments<'_>, end: &str) {
    let mut buffer = Buffer {
        bytes: [0; 256],
        length: 0,
    };
    // The buffer's `write_str` does not fail; a `Display` that does has printed what it could.
    let _ = fmt::write(&mut buffer, arguments);
    let _ = fmt::Write::write_str(&mut buffer, end);
    buffer.flush();
}

/// JOS's `cprintf`.
#[macro_export]
macro_rules! print {
    ($($argument:tt)*) => { $crate::print::print(format_args!($($argument)*), "") };
}

/// JOS's `cprintf`, and a newline.
#[macro_export]
macro_rules! println {
    () => { $crate::print::print(format_args!(""), "\n") };
    ($($argument:tt)*) => { $crate::print::print(format_args!($($argument)*), "\n") };
}
