//! Page faults, and what makes the TLB forget.

#![expect(unsafe_code, reason = "touches pages of the window")]

use crate::machine::paging::{WINDOW_PAGES, clear_window, invalidate, map, reload, word};

/// Frames that `invlpg` and `cr3` use.
const FRAMES: u32 = 64;

/// Touches 1,024 pages that are not there; the page fault's handler maps each.
pub fn fault(repetitions: u32) -> u32 {
    let mut checksum = 0u32;
    for repetition in 0..repetitions {
        clear_window();
        for page in 0..WINDOW_PAGES {
            let touched = word(page, page % 1024 * 4);
            // SAFETY: the handler maps it.
            unsafe {
                touched.write_volatile(repetition ^ page);
                checksum = checksum
                    .rotate_left(1)
                    .wrapping_add(touched.read_volatile());
            }
        }
    }
    clear_window();
    checksum
}

/// A thousand times: maps another frame to a page, tells the TLB, touches it.
pub fn invlpg(repetitions: u32) -> u32 {
    const PAGES: u32 = 8;
    const ROUNDS: u32 = 125;
    clear_frames();
    let mut checksum = 0u32;
    for repetition in 0..repetitions {
        for round in 0..ROUNDS {
            for page in 0..PAGES {
                map(page, (page * 8 + round + repetition) % FRAMES);
                invalidate(page);
                let touched = word(page, 16);
                // SAFETY: mapped.
                unsafe {
                    let value = touched.read_volatile().wrapping_add(page + round);
                    touched.write_volatile(value);
                    checksum = checksum.rotate_left(1).wrapping_add(value);
                }
            }
        }
    }
    clear_window();
    checksum
}

/// A hundred times: reloads CR3, then reads and writes a word of each of 32 pages.
pub fn cr3(repetitions: u32) -> u32 {
    const PAGES: u32 = 32;
    const RELOADS: u32 = 100;
    clear_frames();
    (0..PAGES).for_each(|page| map(page, page));
    reload();
    let mut checksum = 0u32;
    for _ in 0..repetitions {
        for _ in 0..RELOADS {
            reload();
            for page in 0..PAGES {
                let touched = word(page, page * 64);
                // SAFETY: mapped.
                unsafe {
                    let value = touched.read_volatile().wrapping_add(page);
                    touched.write_volatile(value);
                    checksum = checksum.rotate_left(1).wrapping_add(value);
                }
            }
        }
    }
    clear_window();
    checksum
}

/// The first frames of the window hold zeros, whatever ran before.
fn clear_frames() {
    (0..FRAMES).for_each(|page| map(page, page));
    reload();
    for page in 0..FRAMES {
        // SAFETY: mapped, a whole page.
        unsafe { word(page, 0).write_bytes(0, 1024) };
    }
}
