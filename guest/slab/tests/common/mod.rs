//! A page source on the host that catches what a real one would not: pages used after they went
//! back, pages that went back twice or were never out, and memory that is taken for zeroed.

#![expect(unsafe_code, reason = "an arena of raw memory")]

use slab::{PAGE_SIZE, PageSource};
use std::alloc::{Layout, alloc, dealloc};
use std::ptr::NonNull;

/// In pages that nobody has.
const POISON: u8 = 0xDD;
/// In pages as they are handed out.
const DIRT: u8 = 0xCC;

/// An arena of pages; more than that there is not.
pub struct HostPages {
    arena: NonNull<u8>,
    layout: Layout,
    mapped: Vec<bool>,
}

impl HostPages {
    pub fn new(pages: usize) -> HostPages {
        // Aligned so far that every alignment a test asks for can be had.
        let layout = Layout::from_size_align(pages * PAGE_SIZE, 64 * PAGE_SIZE).unwrap();
        // SAFETY: the size is not 0.
        let arena = NonNull::new(unsafe { alloc(layout) }).expect("host memory");
        // SAFETY: just allocated.
        unsafe { arena.write_bytes(POISON, layout.size()) };
        HostPages {
            arena,
            layout,
            mapped: vec![false; pages],
        }
    }

    /// Pages that are out.
    pub fn mapped(&self) -> usize {
        self.mapped.iter().filter(|mapped| **mapped).count()
    }

    fn page(&mut self, index: usize) -> &mut [u8] {
        // SAFETY: within the arena; only called for pages that nobody has.
        unsafe {
            let start = self.arena.add(index * PAGE_SIZE).as_ptr();
            std::slice::from_raw_parts_mut(start, PAGE_SIZE)
        }
    }
}

// SAFETY: pages are handed out once until they come back, from one live allocation.
unsafe impl PageSource for HostPages {
    fn map(&mut self, count: usize, align: usize) -> Option<NonNull<u8>> {
        assert!(count > 0 && align.is_power_of_two() && align >= PAGE_SIZE);
        let step = align / PAGE_SIZE;
        let last = self.mapped.len().checked_sub(count)?;
        let free = |start: &usize| !self.mapped[*start..*start + count].contains(&true);
        let start = (0..=last).step_by(step).find(free)?;
        for index in start..start + count {
            let intact = self.page(index).iter().all(|byte| *byte == POISON);
            assert!(intact, "page {index} was written to after it went back");
            self.page(index).fill(DIRT);
            self.mapped[index] = true;
        }
        // SAFETY: within the arena.
        Some(unsafe { self.arena.add(start * PAGE_SIZE) })
    }

    unsafe fn unmap(&mut self, start: NonNull<u8>, count: usize) {
        let offset = start.addr().get() - self.arena.addr().get();
        assert!(offset.is_multiple_of(PAGE_SIZE), "{start:p} is no page");
        for index in offset / PAGE_SIZE..offset / PAGE_SIZE + count {
            assert!(
                self.mapped[index],
                "page {index} is given back but was not out"
            );
            self.mapped[index] = false;
            self.page(index).fill(POISON);
        }
    }
}

impl Drop for HostPages {
    fn drop(&mut self) {
        // SAFETY: allocated with this layout.
        unsafe { dealloc(self.arena.as_ptr(), self.layout) };
    }
}
