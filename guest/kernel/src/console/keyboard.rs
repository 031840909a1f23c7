//! The keyboard: an 8042 that speaks scan code set 1, US layout. JOS `kern/console.c`, "keyboard
//! input code".

use crate::cell::KernelCell;
use crate::x86::port::inb;

const STATUS: u16 = 0x64;
const DATA: u16 = 0x60;
const STATUS_HAS_DATA: u8 = 0x01;
const STATUS_FROM_MOUSE: u8 = 0x20;

const RELEASED: u8 = 0x80;
const EXTENDED: u8 = 0xE0;

/// Keys by scan code, 0 where there is no character.
const PLAIN: &[u8; 58] =
    b"\0\x1b1234567890-=\x08\tqwertyuiop[]\n\0asdfghjkl;'`\0\\zxcvbnm,./\0*\0 ";
const SHIFTED: &[u8; 58] =
    b"\0\x1b!@#$%^&*()_+\x08\tQWERTYUIOP{}\n\0ASDFGHJKL:\"~\0|ZXCVBNM<>?\0*\0 ";

const KEY_CONTROL: u8 = 0x1D;
const KEY_SHIFT_LEFT: u8 = 0x2A;
const KEY_SHIFT_RIGHT: u8 = 0x36;
const KEY_CAPS_LOCK: u8 = 0x3A;

/// Keys that change what others mean.
struct Modifiers {
    control: bool,
    shift: bool,
    caps_lock: bool,
    extended: bool,
}

static MODIFIERS: KernelCell<Modifiers> = KernelCell::new(Modifiers {
    control: false,
    shift: false,
    caps_lock: false,
    extended: false,
});

/// A character that was typed. An absent controller reads as 0xFF; it has nothing to say.
pub fn getc() -> Option<u8> {
    loop {
        let status = inb(STATUS);
        if status == 0xFF || status & STATUS_HAS_DATA == 0 {
            return None;
        }
        let code = inb(DATA);
        if status & STATUS_FROM_MOUSE != 0 {
            continue;
        }
        if let Some(byte) = MODIFIERS.borrow().interpret(code) {
            return Some(byte);
        }
    }
}

impl Modifiers {
    fn interpret(&mut self, code: u8) -> Option<u8> {
        if code == EXTENDED {
            self.extended = true;
            return None;
        }
        let extended = core::mem::take(&mut self.extended);
        let (key, down) = (code & !RELEASED, code & RELEASED == 0);
        match key {
            KEY_CONTROL => self.control = down,
            KEY_SHIFT_LEFT | KEY_SHIFT_RIGHT => self.shift = down,
            KEY_CAPS_LOCK => self.caps_lock ^= down,
            _ if extended || !down => {}
            _ => return self.character(key),
        }
        None
    }

    fn character(&self, key: u8) -> Option<u8> {
        let map = if self.shift { SHIFTED } else { PLAIN };
        let mut byte = *map.get(usize::from(key)).filter(|byte| **byte != 0)?;
        if self.caps_lock && byte.is_ascii_alphabetic() {
            byte ^= 0x20;
        }
        if self.control {
            Some(byte & 0x1F)
        } else {
            Some(byte)
        }
    }
}
