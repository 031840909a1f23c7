//! Memory before there is a page allocator: the tables that live for ever. JOS `boot_alloc`.

#![expect(unsafe_code, reason = "makes Rust values of raw memory")]

use crate::symbols::{boot_stack, kernel_end};
use crate::x86::memory::zero;
use abi::memlayout::{KERNBASE, PGSIZE, PHYSMEM_MAX, round_up};
use abi::{PageInfo, PhysAddr};

/// Types for which all bytes zero is a value.
///
/// # Safety
/// That is the promise.
pub unsafe trait ZeroIsValid {}

// SAFETY: integers.
unsafe impl ZeroIsValid for PageInfo {}
// SAFETY: integers, `false`, `EnvStatus::Free`, and `None` for the page directory, whose niche is
// 0.
unsafe impl ZeroIsValid for crate::env::Env {}

/// Hands out memory from the end of what the boot loader placed, and never takes it back.
pub struct BootAlloc {
    next: u32,
}

impl BootAlloc {
    /// Starts after the kernel and after `loaded_end`.
    pub fn new(loaded_end: PhysAddr) -> BootAlloc {
        let kernel_end = kernel_end() - KERNBASE;
        BootAlloc {
            next: round_up(kernel_end.max(loaded_end.0)),
        }
    }

    /// A zeroed, page-aligned table of `count` records.
    pub fn table<T: ZeroIsValid>(&mut self, count: usize) -> &'static mut [T] {
        const { assert!(align_of::<T>() <= PGSIZE as usize) };
        let start = self.next;
        let size = count * size_of::<T>();
        self.next = round_up(start + size as u32);
        assert!(self.next <= PHYSMEM_MAX, "out of memory at boot");
        let table = (KERNBASE + start) as *mut T;
        // SAFETY: entry.S maps this memory; `next` has moved on, so nobody else gets it; zero is a
        // valid `T`.
        unsafe {
            zero(table.cast(), size);
            core::slice::from_raw_parts_mut(table, count)
        }
    }

    /// The first byte that was not handed out, on a page boundary: the page allocator's from now
    /// on.
    pub fn end(self) -> PhysAddr {
        PhysAddr(self.next)
    }
}

/// Where a table from `BootAlloc` lies. JOS `PADDR`.
pub fn physical<T>(table: &[T]) -> PhysAddr {
    PhysAddr(table.as_ptr() as u32 - KERNBASE)
}

/// Where the stack that entry.S set up lies.
pub fn physical_boot_stack() -> PhysAddr {
    PhysAddr(boot_stack() - KERNBASE)
}
