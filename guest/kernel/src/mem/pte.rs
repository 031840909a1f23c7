//! Page table and page directory entries. SDM Vol. 3A, "32-Bit Paging".
//!
//! Invariant: an entry made by `set` owns one reference to the page it points to, until `take`
//! hands it back. An entry made by `set_kernel` owns none, and is never taken. Which is which
//! follows from the address: below `UTOP` entries own, above they do not; `pgdir` keeps the two
//! apart.

#![expect(unsafe_code, reason = "an entry owns the page whose address it holds")]

use crate::mem::page::Page;
use abi::PhysAddr;
use abi::memlayout::PGSIZE;
use abi::perm::{PTE_P, PTE_PS, PTE_U, PTE_W};
use core::mem::ManuallyDrop;

/// One entry. All bits zero: nothing mapped.
#[repr(transparent)]
pub struct Pte(u32);

impl Pte {
    /// The entry as the CPU reads it.
    pub fn bits(&self) -> u32 {
        self.0
    }

    /// Address of the page or page table.
    pub fn address(&self) -> PhysAddr {
        PhysAddr(self.0 & !(PGSIZE - 1))
    }

    /// Whether anything is mapped.
    pub fn present(&self) -> bool {
        self.0 & PTE_P != 0
    }

    /// In a directory: whether this maps 4 MiB, not a table.
    pub fn large(&self) -> bool {
        self.0 & PTE_PS != 0
    }

    /// Whether user mode may read, and where `write` is asked for, write.
    pub fn user_may(&self, write: bool) -> bool {
        let needed = PTE_P | PTE_U | if write { PTE_W } else { 0 };
        self.0 & needed == needed
    }

    /// Maps `page`, whose reference becomes the entry's. Returns what was mapped before.
    pub fn set(&mut self, page: Page, flags: u32) -> Option<Page> {
        let before = self.take();
        self.0 = page.into_raw().0 | flags | PTE_P;
        before
    }

    /// Maps memory that is not counted: the kernel's own.
    pub fn set_kernel(&mut self, address: PhysAddr, flags: u32) {
        self.0 = address.0 | flags | PTE_P;
    }

    /// Unmaps; the caller gets the reference.
    pub fn take(&mut self) -> Option<Page> {
        if !self.present() {
            return None;
        }
        let address = self.address();
        self.0 = 0;
        // SAFETY: `set` put the reference here, and the entry is empty now, so it is taken once.
        Some(unsafe { Page::from_raw(address) })
    }

    /// Another reference to the mapped page.
    pub fn page(&self) -> Option<Page> {
        if !self.present() {
            return None;
        }
        // SAFETY: borrows the entry's reference for the length of a `clone`, and does not drop it.
        let page = ManuallyDrop::new(unsafe { Page::from_raw(self.address()) });
        Some(Page::clone(&page))
    }
}
