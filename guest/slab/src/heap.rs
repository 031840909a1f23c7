//! The heap: one cache per size class, and runs of pages for what is larger.

#![expect(unsafe_code, reason = "passes raw memory on")]

use crate::cache::Cache;
use crate::class::{CLASSES, class_for};
use crate::source::{PAGE_SIZE, PageSource};
use core::alloc::Layout;
use core::ptr::{self, NonNull};

/// What the heap holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Stats {
    /// Objects and runs that are allocated.
    pub live: usize,
    /// Pages that are slabs.
    pub slab_pages: usize,
    /// Pages in runs.
    pub run_pages: usize,
}

/// An allocator. Null means that the source has no more pages; nothing else fails.
pub struct Heap<Source> {
    /// One per size class, in the order of `CLASSES`.
    pub caches: [Cache; CLASSES.len()],
    /// Objects and runs that are allocated.
    pub live: usize,
    /// Pages in runs.
    pub run_pages: usize,
    source: Source,
}

impl<Source> Heap<Source> {
    /// A heap that has nothing yet.
    pub const fn new(source: Source) -> Heap<Source> {
        let mut caches = [const { Cache::new(0) }; CLASSES.len()];
        let mut index = 0;
        while index < CLASSES.len() {
            caches[index].object_size = CLASSES[index];
            index += 1;
        }
        Heap {
            caches,
            live: 0,
            run_pages: 0,
            source,
        }
    }

    /// What the heap holds.
    pub fn stats(&self) -> Stats {
        let slabs = |cache: &Cache| cache.partial.length + cache.full.length + cache.empty.length;
        Stats {
            live: self.live,
            slab_pages: self.caches.iter().map(slabs).sum(),
            run_pages: self.run_pages,
        }
    }

    /// Where pages come from.
    pub fn source(&self) -> &Source {
        &self.source
    }
}

/// Pages that a request takes which no class serves.
const fn pages_for(size: usize) -> usize {
    size.div_ceil(PAGE_SIZE)
}

impl<Source: PageSource> Heap<Source> {
    /// Memory for `layout`, whose size must not be 0; null when there is none.
    pub fn allocate(&mut self, layout: Layout) -> *mut u8 {
        let found = match class_for(layout) {
            Some(class) => self.caches[class].allocate(&mut self.source),
            None => self.allocate_run(layout),
        };
        match found {
            Some(memory) => {
                self.live += 1;
                memory.as_ptr()
            }
            None => ptr::null_mut(),
        }
    }

    /// Takes memory back.
    ///
    /// # Safety
    /// `memory` must come from `allocate` with this `layout`, and not be used any more.
    pub unsafe fn release(&mut self, memory: NonNull<u8>, layout: Layout) {
        match class_for(layout) {
            // SAFETY: the same layout leads to the same cache.
            Some(class) => unsafe { self.caches[class].release(memory, &mut self.source) },
            None => {
                let count = pages_for(layout.size());
                self.run_pages -= count;
                // SAFETY: the same layout means the same number of pages.
                unsafe { self.source.unmap(memory, count) };
            }
        }
        self.live -= 1;
    }

    /// Changes the size of an allocation, in place where class or number of pages allow it. Null,
    /// and the old memory still there, when there is none.
    ///
    /// # Safety
    /// As `release`; `new_size` must not be 0, nor overflow when rounded up to the alignment.
    pub unsafe fn reallocate(
        &mut self,
        memory: NonNull<u8>,
        layout: Layout,
        new_size: usize,
    ) -> *mut u8 {
        // SAFETY: the caller's promise.
        let new_layout = unsafe { Layout::from_size_align_unchecked(new_size, layout.align()) };
        match (class_for(layout), class_for(new_layout)) {
            (Some(old), Some(new)) if old == new => return memory.as_ptr(),
            (None, None) if pages_for(new_size) <= pages_for(layout.size()) => {
                let (kept, count) = (pages_for(new_size), pages_for(layout.size()));
                if kept < count {
                    self.run_pages -= count - kept;
                    // SAFETY: the tail of a run that is ours; nothing uses it once the size is the
                    // new one.
                    unsafe {
                        self.source
                            .unmap(memory.add(kept * PAGE_SIZE), count - kept)
                    };
                }
                return memory.as_ptr();
            }
            _ => {}
        }
        let moved = self.allocate(new_layout);
        if !moved.is_null() {
            // SAFETY: two allocations of at least so many bytes; the old one is released once.
            unsafe {
                ptr::copy_nonoverlapping(memory.as_ptr(), moved, layout.size().min(new_size));
                self.release(memory, layout);
            }
        }
        moved
    }

    /// Gives the reserve of empty slabs back to the source.
    pub fn trim(&mut self) {
        self.caches
            .iter_mut()
            .for_each(|cache| cache.trim(&mut self.source));
    }

    fn allocate_run(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        let count = pages_for(layout.size());
        let run = self.source.map(count, layout.align().max(PAGE_SIZE))?; // #run-grow
        self.run_pages += count;
        Some(run)
    }
}
