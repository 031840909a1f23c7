//! The heap of every user program: the slab allocator on `sys_page_alloc` and `sys_page_unmap`.
//!
//! Which addresses are free is not kept anywhere: the page tables at `UVPT` know.

#![expect(unsafe_code, reason = "implements the allocator's contract")]

use crate::memory::is_mapped;
use crate::syscall::{sys_page_alloc, sys_page_unmap};
use abi::memlayout::{UHEAP, UHEAPLIM};
use abi::{EnvId, Perm, VirtAddr};
use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::ptr::NonNull;
use slab::{Heap, PAGE_SIZE, PageSource, Stats};

/// Pages from the kernel, mapped between `UHEAP` and `UHEAPLIM`.
pub struct KernelPages {
    /// No page below this is free.
    lowest_free: usize,
}

// SAFETY: `find` chooses addresses where nothing is mapped, and `sys_page_alloc` maps pages that
// are ours alone.
unsafe impl PageSource for KernelPages {
    fn map(&mut self, count: usize, align: usize) -> Option<NonNull<u8>> {
        let start = self.find(count, align)?;
        for index in 0..count {
            let page = (start + index * PAGE_SIZE) as *mut u8;
            // SAFETY: nothing is mapped there.
            if unsafe { sys_page_alloc(EnvId::NONE, page, Perm::WRITE) }.is_err() {
                // SAFETY: the pages before this one are new.
                unsafe { self.unmap(NonNull::new(start as *mut u8)?, index) };
                return None;
            }
        }
        if start == self.lowest_free {
            self.lowest_free = start + count * PAGE_SIZE;
        }
        NonNull::new(start as *mut u8) // #heap-growth
    }

    unsafe fn unmap(&mut self, start: NonNull<u8>, count: usize) {
        for index in 0..count {
            // SAFETY: the caller's promise. It cannot fail: the address is a page of ours.
            let unmapped =
                unsafe { sys_page_unmap(EnvId::NONE, start.as_ptr().add(index * PAGE_SIZE)) };
            assert!(unmapped.is_ok(), "a page of the heap cannot be unmapped");
        }
        self.lowest_free = self.lowest_free.min(start.addr().get()); // #heap-shrink
    }
}

impl KernelPages {
    /// The lowest `count` pages in a row where nothing is mapped.
    fn find(&self, count: usize, align: usize) -> Option<usize> {
        const HEAP_PAGES: usize = (UHEAPLIM - UHEAP) as usize / PAGE_SIZE;
        if count > HEAP_PAGES || align > HEAP_PAGES * PAGE_SIZE {
            return None; // and nothing below overflows
        }
        let align_up = |address: usize| (address + align - 1) & !(align - 1);
        let mut start = align_up(self.lowest_free);
        let mut length = 0;
        while length < count {
            let page = start + length * PAGE_SIZE;
            if page >= UHEAPLIM as usize {
                return None;
            }
            if is_mapped(VirtAddr(page as u32)) {
                start = align_up(page + PAGE_SIZE);
                length = 0;
            } else {
                length += 1;
            }
        }
        Some(start)
    }
}

/// The allocator as Rust wants it.
pub struct UserHeap(UnsafeCell<Heap<KernelPages>>);

// SAFETY: an environment is one thread. The page-fault handler, which interrupts it anywhere, does
// not allocate.
unsafe impl Sync for UserHeap {}

/// The heap of this environment.
#[global_allocator]
pub static HEAP: UserHeap = UserHeap(UnsafeCell::new(Heap::new(KernelPages {
    lowest_free: UHEAP as usize,
})));

impl UserHeap {
    #[expect(
        clippy::mut_from_ref,
        reason = "the borrow ends with each call below; see the `Sync` above"
    )]
    fn heap(&self) -> &mut Heap<KernelPages> {
        // SAFETY: one thread, and no call below calls back.
        unsafe { &mut *self.0.get() }
    }

    /// What the heap holds.
    pub fn stats(&self) -> Stats {
        self.heap().stats()
    }

    /// Gives pages that only wait for reuse back to the kernel.
    pub fn trim(&self) {
        self.heap().trim();
    }
}

// SAFETY: `Heap` keeps the contract: blocks do not overlap, are large enough and aligned, null
// means out of memory.
unsafe impl GlobalAlloc for UserHeap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.heap().allocate(layout)
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        let Some(memory) = NonNull::new(memory) else {
            return;
        };
        // SAFETY: the caller's promise.
        unsafe { self.heap().release(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        let Some(memory) = NonNull::new(memory) else {
            return core::ptr::null_mut();
        };
        // SAFETY: the caller's promise.
        unsafe { self.heap().reallocate(memory, layout, new_size) }
    }
}
