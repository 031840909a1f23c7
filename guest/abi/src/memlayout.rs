//! The memory map. JOS `inc/memlayout.h`; all numbers are JOS's but `USTACKSIZE` and the heap's
//! range.
//!
//! ```text
//!    4 Gig -------->  +------------------------------+
//!                     |                              | RW/--
//!                     :  all of physical memory,     :
//!                     |  in 4 MiB pages              | RW/--
//!    KERNBASE ----->  +------------------------------+ 0xf0000000 = KSTACKTOP
//!                     |        kernel stack          | RW/--  KSTKSIZE
//!                     | - - - - - - - - - - - - - - -|
//!                     |      invalid (guard)         | --/--
//!    MMIOLIM ------>  +------------------------------+ 0xefc00000
//!                     |        (unused)              | --/--  PTSIZE
//!    ULIM --------->  +------------------------------+ 0xef800000
//!                     |  current page table (R-)     | R-/R-  PTSIZE
//!    UVPT --------->  +------------------------------+ 0xef400000
//!                     |        RO PAGES              | R-/R-  PTSIZE
//!    UPAGES ------->  +------------------------------+ 0xef000000
//!                     |        RO ENVS               | R-/R-  PTSIZE
//! UTOP,UENVS ------>  +------------------------------+ 0xeec00000
//! UXSTACKTOP -/       |     user exception stack     | RW/RW  PGSIZE
//!                     +------------------------------+ 0xeebff000
//!                     |       empty (guard)          | --/--  PGSIZE
//!    USTACKTOP ---->  +------------------------------+ 0xeebfe000
//!                     |     normal user stack        | RW/RW  USTACKSIZE
//!                     +------------------------------+ 0xeebf6000
//!                     :                              :
//!    UHEAPLIM ----->  +------------------------------+ 0x50000000
//!                     |      user heap (slab)        | RW/RW
//!    UHEAP -------->  +------------------------------+ 0x10000000
//!                     :                              :
//!                     |     program text and data    |
//!    UTEXT -------->  +------------------------------+ 0x00800000
//!    PFTEMP ------->  |  page-fault handler's page   |        PGSIZE
//!                     :                              :
//!    UTEMP -------->  +------------------------------+ 0x00400000
//!                     |       empty (null)           |
//!    0 ------------>  +------------------------------+
//! ```

/// Bytes mapped by one page table entry.
pub const PGSIZE: u32 = 4096;
/// Bytes mapped by one page directory entry.
pub const PTSIZE: u32 = 1024 * PGSIZE;

/// All of physical memory is mapped from here.
pub const KERNBASE: u32 = 0xF000_0000;
/// As much of physical memory as fits above `KERNBASE`.
pub const PHYSMEM_MAX: u32 = 256 * 1024 * 1024;
/// Where extended memory starts.
pub const EXTPHYSMEM: u32 = 0x0010_0000;
/// Start of the hole that video memory and ROMs live in.
pub const IOPHYSMEM: u32 = 0x000A_0000;

/// Top of the kernel stack.
pub const KSTACKTOP: u32 = KERNBASE;
/// Size of the kernel stack.
pub const KSTKSIZE: u32 = 8 * PGSIZE;

/// User programs can reach nothing at or above this, and read only from `UTOP` to here.
pub const ULIM: u32 = KSTACKTOP - 2 * PTSIZE;
/// The current page table, seen through the directory's own entry.
pub const UVPT: u32 = ULIM - PTSIZE;
/// Read-only copies of the kernel's `PAGES`.
pub const UPAGES: u32 = UVPT - PTSIZE;
/// Read-only copies of the kernel's `ENVS`.
pub const UENVS: u32 = UPAGES - PTSIZE;

/// User programs may map pages only below this.
pub const UTOP: u32 = UENVS;
/// Top of the one-page user exception stack.
pub const UXSTACKTOP: u32 = UTOP;
/// Top of the normal user stack; one unmapped page above it.
pub const USTACKTOP: u32 = UTOP - 2 * PGSIZE;
/// Deviation from JOS, which maps one page: Rust's formatting alone needs 16 KiB when unoptimised.
pub const USTACKSIZE: u32 = 8 * PGSIZE;

/// Where the user heap takes its pages from.
pub const UHEAP: u32 = 0x1000_0000;
/// End of the user heap.
pub const UHEAPLIM: u32 = 0x5000_0000;
/// Where user programs begin.
pub const UTEXT: u32 = 2 * PTSIZE;
/// For temporary mappings; nothing else lives here.
pub const UTEMP: u32 = PTSIZE;
/// One page for the user page-fault handler's temporary mapping.
pub const PFTEMP: u32 = UTEMP + PTSIZE - PGSIZE;

/// `va` rounded down to a page.
pub const fn round_down(va: u32) -> u32 {
    va & !(PGSIZE - 1)
}

/// `va` rounded up to a page. Overflows, and so panics, above the last page.
pub const fn round_up(va: u32) -> u32 {
    round_down(va + (PGSIZE - 1))
}

// Global descriptor numbers. JOS `inc/memlayout.h`.

/// Kernel text.
pub const GD_KT: u16 = 0x08;
/// Kernel data.
pub const GD_KD: u16 = 0x10;
/// User text.
pub const GD_UT: u16 = 0x18;
/// User data.
pub const GD_UD: u16 = 0x20;
/// Task segment of the one CPU.
pub const GD_TSS0: u16 = 0x28;
