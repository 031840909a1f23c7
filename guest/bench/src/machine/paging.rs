//! Page tables: memory mapped to itself in 4 KiB pages, and a window of one page table to map into.
//! SDM Vol. 3A, "32-Bit Paging".

#![expect(unsafe_code, reason = "tables the processor reads, instructions")]

use super::memory::{FRAMES, MEMORY_BYTES};
use core::arch::asm;

const PAGE_SIZE: u32 = 4096;
const ENTRIES: usize = 1024;
const TABLES: usize = MEMORY_BYTES as usize / (ENTRIES * PAGE_SIZE as usize);

const PRESENT: u32 = 1;
const WRITABLE: u32 = 2;
const USER: u32 = 4;

const CR0_PE_MP_NE_WP_PG: u32 = 0x8001_0023;

/// Linear address of the window; nothing else is up there.
pub const WINDOW: u32 = 0x4000_0000;
/// Pages that fit into it, and page frames there are for them.
pub const WINDOW_PAGES: u32 = ENTRIES as u32;

#[repr(C, align(4096))]
struct Table([u32; ENTRIES]);

static mut DIRECTORY: Table = Table([0; ENTRIES]);
static mut IDENTITY: [Table; TABLES] = [const { Table([0; ENTRIES]) }; TABLES];
static mut WINDOW_TABLE: Table = Table([0; ENTRIES]);

unsafe extern "C" {
    static user_text: u8;
    static user_stack: u8;
}

/// Fills the tables and switches paging on.
pub fn init() {
    // SAFETY: nothing else has the tables before paging is on; then all memory is where it was.
    unsafe {
        let user = [&raw const user_text as u32, &raw const user_stack as u32];
        for index in 0..TABLES {
            let table = &raw mut IDENTITY[index];
            for entry in 0..ENTRIES {
                let page = (index * ENTRIES + entry) as u32 * PAGE_SIZE;
                let ring = if user.contains(&page) { USER } else { 0 };
                (*table).0[entry] = page | PRESENT | WRITABLE | ring;
            }
            DIRECTORY.0[index] = table as u32 | PRESENT | WRITABLE | USER;
        }
        DIRECTORY.0[(WINDOW >> 22) as usize] = &raw const WINDOW_TABLE as u32 | PRESENT | WRITABLE;
        reload();
        asm!("mov cr0, {}", in(reg) CR0_PE_MP_NE_WP_PG, options(nostack));
    }
}

/// The window's page `page` is frame `frame` from now on; the TLB may know better.
#[inline(always)]
pub fn map(page: u32, frame: u32) {
    debug_assert!(page < WINDOW_PAGES && frame < WINDOW_PAGES);
    let entry = (FRAMES.start + frame * PAGE_SIZE) | PRESENT | WRITABLE;
    // SAFETY: in bounds; frames belong to the window alone.
    unsafe { (&raw mut WINDOW_TABLE.0[page as usize]).write_volatile(entry) };
}

/// Nothing is mapped in the window any more.
pub fn clear_window() {
    for page in 0..ENTRIES {
        // SAFETY: in bounds.
        unsafe { (&raw mut WINDOW_TABLE.0[page]).write_volatile(0) };
    }
    reload();
}

/// A page fault: maps the page of the window that was touched. @returns false outside of the window
pub fn map_touched(address: u32) -> bool {
    let page = address.wrapping_sub(WINDOW) / PAGE_SIZE;
    if page >= WINDOW_PAGES {
        return false;
    }
    map(page, page);
    true
}

/// Forgets the TLB.
#[inline(always)]
pub fn reload() {
    // SAFETY: the directory maps all memory to itself.
    unsafe { asm!("mov cr3, {}", in(reg) &raw const DIRECTORY, options(nostack)) };
}

/// Forgets the TLB's entry for a page of the window.
#[inline(always)]
pub fn invalidate(page: u32) {
    // SAFETY: costs a page walk at worst.
    unsafe { asm!("invlpg [{}]", in(reg) WINDOW + page * PAGE_SIZE, options(nostack)) };
}

/// The word at `offset` in a page of the window.
#[inline(always)]
pub fn word(page: u32, offset: u32) -> *mut u32 {
    (WINDOW + page * PAGE_SIZE + offset) as *mut u32
}
