//! The screen: 25 lines of 80 cells at 0xB8000, and the 6845's cursor. JOS `kern/console.c`,
//! "text-mode CGA/VGA".

#![expect(unsafe_code, reason = "text memory")]

use crate::cell::KernelCell;
use crate::x86::memory::copy;
use crate::x86::port::outb;
use abi::memlayout::KERNBASE;

const CELLS: *mut u16 = (KERNBASE + 0xB_8000) as *mut u16;
const COLUMNS: usize = 80;
const SIZE: usize = 25 * COLUMNS;
const BLANK: u16 = 0x0720; // light grey on black

const CRTC_INDEX: u16 = 0x3D4;
const CRTC_DATA: u16 = 0x3D5;
const CURSOR_HIGH: u8 = 14;
const CURSOR_LOW: u8 = 15;

/// Index of the cell the next character goes to.
static POSITION: KernelCell<usize> = KernelCell::new(0);

fn set_cell(index: usize, cell: u16) {
    assert!(index < SIZE, "cell {index} is off the screen");
    // SAFETY: within text memory, which is mapped at KERNBASE and which Rust knows nothing of.
    unsafe { CELLS.add(index).write_volatile(cell) };
}

/// Clears the screen.
pub fn init() {
    (0..COLUMNS).for_each(|index| set_cell(index, BLANK));
    // SAFETY: copies each line to the next one within text memory; upwards, so the first line fills
    // all.
    unsafe {
        copy(
            CELLS.cast(),
            CELLS.add(COLUMNS).cast(),
            (SIZE - COLUMNS) * 2,
        )
    };
    *POSITION.borrow() = 0;
    move_cursor(0);
}

/// Writes a character: newline, carriage return, backspace and tab do what they say.
pub fn putc(byte: u8) {
    let mut position = POSITION.borrow();
    match byte {
        b'\n' => *position += COLUMNS - *position % COLUMNS,
        b'\r' => *position -= *position % COLUMNS,
        b'\x08' if *position > 0 => {
            *position -= 1;
            set_cell(*position, BLANK);
        }
        b'\x08' => {}
        b'\t' => *position += 5,
        _ => {
            set_cell(*position, BLANK & 0xFF00 | u16::from(byte));
            *position += 1;
        }
    }
    if *position >= SIZE {
        scroll();
        *position -= COLUMNS;
    }
    move_cursor(*position);
}

fn scroll() {
    // SAFETY: all lines but the first move one up, within text memory.
    unsafe {
        copy(
            CELLS.add(COLUMNS).cast(),
            CELLS.cast(),
            (SIZE - COLUMNS) * 2,
        )
    };
    (SIZE - COLUMNS..SIZE).for_each(|index| set_cell(index, BLANK));
}

fn move_cursor(position: usize) {
    outb(CRTC_INDEX, CURSOR_HIGH);
    outb(CRTC_DATA, (position >> 8) as u8);
    outb(CRTC_INDEX, CURSOR_LOW);
    outb(CRTC_DATA, position as u8);
}
