//! Page permissions that a user program may ask for. JOS `inc/mmu.h`, "page table/directory entry
//! flags".
//!
//! Invariant: a `Perm` has `P` and `U` set and no bit outside `PTE_SYSCALL`, so it can hold no
//! kernel bit.

use crate::error::SysError;
use core::fmt;

/// Present.
pub const PTE_P: u32 = 0x001;
/// Writable.
pub const PTE_W: u32 = 0x002;
/// User.
pub const PTE_U: u32 = 0x004;
/// Accessed; set by the CPU.
pub const PTE_A: u32 = 0x020;
/// Dirty; set by the CPU.
pub const PTE_D: u32 = 0x040;
/// Page size: in a directory entry, maps 4 MiB at once.
pub const PTE_PS: u32 = 0x080;
/// Left to software by the CPU.
pub const PTE_AVAIL: u32 = 0xE00;
/// The user library's mark for copy-on-write; one of the available bits.
pub const PTE_COW: u32 = 0x800;
/// What a system call may set. JOS `PTE_SYSCALL`.
pub const PTE_SYSCALL: u32 = PTE_AVAIL | PTE_P | PTE_W | PTE_U;

/// Permissions of a user mapping.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub struct Perm(u32);

impl Perm {
    /// User may read.
    pub const READ: Perm = Perm(PTE_P | PTE_U);
    /// User may read and write.
    pub const WRITE: Perm = Perm(PTE_P | PTE_U | PTE_W);
    /// User may read; the user library copies on the first write.
    pub const COW: Perm = Perm(PTE_P | PTE_U | PTE_COW);

    /// Fails with `Inval` unless `P` and `U` are set and all else is within `PTE_SYSCALL`.
    pub const fn from_bits(bits: u32) -> Result<Perm, SysError> {
        let required = PTE_P | PTE_U;
        if bits & required == required && bits & !PTE_SYSCALL == 0 {
            Ok(Perm(bits))
        } else {
            Err(SysError::Inval)
        }
    }

    /// The bits of a page table entry.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Whether the mapping can be written.
    pub const fn writable(self) -> bool {
        self.0 & PTE_W != 0
    }
}

impl fmt::Debug for Perm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.writable() { "UW" } else { "UR" })?;
        if self.0 & PTE_COW != 0 {
            f.write_str("C")
        } else {
            Ok(())
        }
    }
}
