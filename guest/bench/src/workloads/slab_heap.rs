//! The guest's slab allocator (slab/), over pages of an arena instead of system calls.

#![expect(unsafe_code, reason = "implements and uses the allocator's contract")]

use crate::machine::memory::ARENA;
use crate::random::Random;
use core::alloc::Layout;
use core::ptr::NonNull;
use slab::{Heap, PAGE_SIZE, PageSource};

const OPERATIONS: u32 = 2_000;
const OBJECTS: usize = 512;
const SIZE_MAX: u32 = 1024;
const PAGES: usize = ARENA.bytes as usize / PAGE_SIZE;

/// Single pages of the arena; those that came back are given out first.
struct Pages {
    free: [u32; PAGES],
    count: usize,
}

// SAFETY: each page is in `free` or given out, never both.
unsafe impl PageSource for Pages {
    fn map(&mut self, count: usize, align: usize) -> Option<NonNull<u8>> {
        if count != 1 || align > PAGE_SIZE || self.count == 0 {
            return None;
        }
        self.count -= 1;
        NonNull::new(self.free[self.count] as *mut u8)
    }

    unsafe fn unmap(&mut self, start: NonNull<u8>, _count: usize) {
        self.free[self.count] = start.as_ptr() as u32;
        self.count += 1;
    }
}

/// Two thousand times: takes an object of a random size, or gives back the one in its place.
pub fn slab(repetitions: u32) -> u32 {
    let mut free = [0; PAGES];
    for (index, page) in free.iter_mut().enumerate() {
        *page = ARENA.start + (index * PAGE_SIZE) as u32;
    }
    let mut heap = Heap::new(Pages { free, count: PAGES });
    let mut objects: [Option<(NonNull<u32>, Layout)>; OBJECTS] = [None; OBJECTS];
    let mut random = Random::new(2);
    let mut checksum = 0u32;
    for _ in 0..repetitions {
        for _ in 0..OPERATIONS {
            let number = random.next();
            let place = &mut objects[number as usize % OBJECTS];
            // SAFETY: an object is written and read while it is ours, and given back with its layout.
            unsafe {
                if let Some((object, layout)) = place.take() {
                    checksum = checksum.rotate_left(1) ^ object.read();
                    heap.release(object.cast(), layout);
                } else {
                    let size = 4 + (number >> 16) % SIZE_MAX;
                    let layout = Layout::from_size_align_unchecked(size as usize, 4);
                    if let Some(object) = NonNull::new(heap.allocate(layout).cast::<u32>()) {
                        object.write(number ^ object.as_ptr() as u32);
                        *place = Some((object, layout));
                    }
                }
            }
        }
    }
    checksum
}
