//! Addresses as types, so that a physical one is never dereferenced and a user page is aligned and
//! below `UTOP`. JOS `inc/mmu.h`, "page directory and page table constants".

use crate::error::SysError;
use crate::memlayout::{PGSIZE, UTOP};
use core::fmt;

/// A virtual (linear: all segments are flat) address.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(transparent)]
pub struct VirtAddr(pub u32);

impl VirtAddr {
    /// Page directory index: bits 31 to 22.
    pub const fn pdx(self) -> usize {
        (self.0 >> 22) as usize
    }

    /// Page table index: bits 21 to 12.
    pub const fn ptx(self) -> usize {
        (self.0 >> 12) as usize & 0x3FF
    }

    /// Offset in the page: bits 11 to 0.
    pub const fn offset(self) -> u32 {
        self.0 & (PGSIZE - 1)
    }

    /// Start of the page that holds this address.
    pub const fn page_start(self) -> VirtAddr {
        VirtAddr(self.0 & !(PGSIZE - 1))
    }
}

impl fmt::Debug for VirtAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{:08x}", self.0)
    }
}

/// A physical address. Only the kernel can turn it into a pointer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(transparent)]
pub struct PhysAddr(pub u32);

impl PhysAddr {
    /// The number of the frame that holds this address: an index into `PAGES`.
    pub const fn frame(self) -> usize {
        (self.0 / PGSIZE) as usize
    }
}

impl fmt::Debug for PhysAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "phys 0x{:08x}", self.0)
    }
}

/// The address of a page that a user program may map: page-aligned and below `UTOP`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(transparent)]
pub struct UserPage(VirtAddr);

impl UserPage {
    /// Fails with `Inval` when `va` is not page-aligned or not below `UTOP`, as every JOS mapping
    /// call does.
    pub const fn new(va: u32) -> Result<UserPage, SysError> {
        if va < UTOP && va.is_multiple_of(PGSIZE) {
            Ok(UserPage(VirtAddr(va)))
        } else {
            Err(SysError::Inval)
        }
    }

    /// The user page that holds `va`; fails with `Inval` at or above `UTOP`.
    pub const fn containing(va: VirtAddr) -> Result<UserPage, SysError> {
        UserPage::new(va.page_start().0)
    }

    /// The address itself.
    pub const fn addr(self) -> VirtAddr {
        self.0
    }
}
