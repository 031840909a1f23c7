//! What the kernel lets us see of memory: our page tables at `UVPT`, reference counts at `UPAGES`.
//! JOS `lib/entry.S` (`uvpt`, `uvpd`, `pages`).

#![expect(unsafe_code, reason = "the kernel's tables at UVPT and UPAGES")]

use abi::memlayout::{PGSIZE, PTSIZE, UPAGES, UTOP, UVPT};
use abi::perm::PTE_P;
use abi::{PageInfo, VirtAddr};
use core::arch::asm;

/// The page directory is its own page table for `UVPT`, so it shows as one of the pages there.
const UVPD: u32 = UVPT + (UVPT >> 12) * 4;

/// Reads a record that the kernel may change at any time.
///
/// # Safety
/// It must be mapped, and hold a `T`.
unsafe fn read<T: Copy>(address: u32) -> T {
    // SAFETY: the caller's promise.
    unsafe { (address as *const T).read_volatile() }
}

/// As `read`, for a page table entry. One instruction also when unoptimised: the heap looks at very
/// many.
///
/// # Safety
/// It must be mapped.
unsafe fn entry(address: u32) -> u32 {
    let value;
    // SAFETY: the caller's promise.
    unsafe {
        asm!("mov {}, [{}]", out(reg) value, in(reg) address, options(nostack, preserves_flags))
    };
    value
}

/// The entries of a page directory or page table.
pub type Entries = [u32; 1024];

/// The page directory, as it is now.
pub fn page_directory() -> Entries {
    // SAFETY: the directory is always mapped there.
    unsafe { read(UVPD) }
}

/// The page table for the 4 MiB at `va`, as it is now; the directory must have one there.
pub fn page_table(va: VirtAddr) -> Entries {
    assert!(uvpd(va) & PTE_P != 0, "no page table for {va:?}");
    // SAFETY: the directory entry is present, so the table is mapped there.
    unsafe { read(UVPT + va.pdx() as u32 * PGSIZE) }
}

/// The page directory entry for `va`.
pub fn uvpd(va: VirtAddr) -> u32 {
    // SAFETY: the directory is always mapped there.
    unsafe { entry(UVPD + (va.0 >> 22) * 4) }
}

/// The page table entry for `va`; 0 where there is no page table.
pub fn uvpt(va: VirtAddr) -> u32 {
    if uvpd(va) & PTE_P == 0 {
        return 0;
    }
    // SAFETY: the directory entry is present, so the table is mapped there.
    unsafe { entry(UVPT + (va.0 >> 12) * 4) }
}

/// Whether anything is mapped at `va`.
pub fn is_mapped(va: VirtAddr) -> bool {
    uvpt(va) & PTE_P != 0
}

/// How many mappings the page at `va` has, in all environments; 0 where none is. JOS `pageref`.
pub fn pageref(va: VirtAddr) -> u32 {
    let entry = uvpt(va);
    if entry & PTE_P == 0 {
        return 0;
    }
    page_info(entry / PGSIZE).refs
}

fn page_info(frame: u32) -> PageInfo {
    // SAFETY: there is a record for every frame of memory, and page tables point to no others.
    unsafe { read(UPAGES + frame * size_of::<PageInfo>() as u32) }
}

/// Pages that the kernel has left.
pub fn free_pages() -> usize {
    const RECORDS: usize = PGSIZE as usize / size_of::<PageInfo>();
    let mut free = 0;
    let mut va = UPAGES;
    while is_mapped(VirtAddr(va)) {
        // SAFETY: mapped, and full of records.
        let records: [PageInfo; RECORDS] = unsafe { read(va) };
        // Not an iterator: this loop sees every page of the machine, and iterators are dear when
        // unoptimised.
        let mut index = 0;
        while index < RECORDS {
            if records[index].refs == 0 {
                free += 1;
            }
            index += 1;
        }
        va += PGSIZE;
    }
    free
}

const _: () = assert!(UVPD > UVPT && UVPD < UVPT + PTSIZE && UVPT > UTOP);
