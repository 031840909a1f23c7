//! Address spaces: a page directory, the tables below it, and the pages below those. JOS
//! `kern/pmap.c`, "page tables".
//!
//! Dropping an `AddressSpace` unmaps all user pages and frees what nobody else refers to. The part
//! above `UTOP` is shared by all: each directory holds a copy of the kernel's entries, which own
//! nothing.

#![expect(
    unsafe_code,
    reason = "page tables are memory at addresses that other tables hold"
)]

use crate::mem::KERN_PGDIR;
use crate::mem::page::Page;
use crate::mem::pte::Pte;
use crate::x86::control::{invlpg, lcr3, rcr3};
use abi::memlayout::{KERNBASE, PGSIZE, PTSIZE, UTOP, UVPT};
use abi::perm::{PTE_PS, PTE_U, PTE_W};
use abi::{Perm, PhysAddr, SysError, UserPage, VirtAddr};

/// Entries in a directory or table.
pub const ENTRIES: usize = 1024;

/// Directory or table.
type Table = [Pte; ENTRIES];

/// A page directory with everything it maps.
pub struct AddressSpace(Page);

/// The table at a physical address.
///
/// # Safety
/// It must be a table of the address space that is borrowed for `'a`.
unsafe fn table<'a>(address: PhysAddr) -> &'a mut Table {
    // SAFETY: all of memory is mapped at KERNBASE; any bits are a valid `Pte`; the caller has
    // exclusive access.
    unsafe { &mut *((KERNBASE + address.0) as *mut Table) }
}

impl AddressSpace {
    /// An address space with the kernel's mappings and no user pages.
    pub fn new_user() -> Result<AddressSpace, SysError> {
        let mut space = AddressSpace(Page::alloc_zeroed()?);
        let kernel_space = KERN_PGDIR.borrow();
        let kernel = kernel_space
            .as_ref()
            .expect("mem::init has run")
            .directory();
        let first = VirtAddr(UTOP).pdx();
        for (own, shared) in space.directory_mut()[first..]
            .iter_mut()
            .zip(&kernel[first..])
        {
            if shared.present() {
                own.set_kernel(shared.address(), shared.bits() & (PTE_U | PTE_W | PTE_PS));
            }
        }
        space.map_itself();
        Ok(space)
    }

    /// The kernel's, with all of physical memory at `KERNBASE`.
    ///
    /// In 4 MiB pages: JOS spends 64 page tables on it, and its text suggests this as an exercise.
    pub fn kernel() -> AddressSpace {
        let mut space =
            AddressSpace(Page::alloc_zeroed().expect("a page for the kernel's directory"));
        let first = VirtAddr(KERNBASE).pdx();
        for (index, entry) in space.directory_mut()[first..].iter_mut().enumerate() {
            entry.set_kernel(PhysAddr(index as u32 * PTSIZE), PTE_W | PTE_PS);
        }
        space.map_itself();
        space
    }

    /// The directory as its own page table at `UVPT`, where user programs can read all page tables.
    fn map_itself(&mut self) {
        let itself = self.address();
        self.directory_mut()[VirtAddr(UVPT).pdx()].set_kernel(itself, PTE_U);
    }

    /// Maps a page of the kernel's own memory, above `UTOP`.
    pub fn map_kernel_page(&mut self, va: VirtAddr, pa: PhysAddr, flags: u32) {
        assert!(va.0 >= UTOP, "a kernel mapping at {va:?}");
        let entry = &mut self.directory_mut()[va.pdx()];
        if !entry.present() {
            let page_table = Page::alloc_zeroed().expect("a page for the kernel's page table");
            entry.set_kernel(page_table.into_raw(), PTE_U | PTE_W);
        }
        // SAFETY: the table was made above, for this address space.
        let page_table = unsafe { table(entry.address()) };
        page_table[va.ptx()].set_kernel(pa, flags);
    }

    /// The physical address of the directory: what CR3 holds.
    pub fn address(&self) -> PhysAddr {
        self.0.address()
    }

    /// Whether the CPU is using this address space.
    pub fn is_loaded(&self) -> bool {
        rcr3() == self.address()
    }

    /// Makes the CPU use this address space.
    pub fn load(&self) {
        // SAFETY: a directory with the kernel's mappings. `Drop` refuses to free it while it is
        // loaded.
        unsafe { lcr3(self.address()) };
    }

    fn directory(&self) -> &Table {
        // SAFETY: the directory's page is ours and holds a table.
        unsafe { table(self.address()) }
    }

    fn directory_mut(&mut self) -> &mut Table {
        // SAFETY: as above, and `self` is borrowed exclusively.
        unsafe { table(self.address()) }
    }

    /// The entry for `va`, where there is a page table for it. JOS `pgdir_walk`.
    pub fn pgdir_walk(&mut self, va: VirtAddr) -> Option<&mut Pte> {
        let entry = &self.directory_mut()[va.pdx()];
        if !entry.present() || entry.large() {
            return None;
        }
        // SAFETY: a present directory entry points to a page table of this address space.
        Some(&mut unsafe { table(entry.address()) }[va.ptx()])
    }

    /// As `pgdir_walk`, but makes the page table where there is none. JOS `pgdir_walk(create)`.
    fn pgdir_walk_create(&mut self, va: UserPage) -> Result<&mut Pte, SysError> {
        let entry = &mut self.directory_mut()[va.addr().pdx()];
        if !entry.present() {
            // The directory allows all; the table's entries decide.
            entry.set(Page::alloc_zeroed()?, PTE_U | PTE_W);
        }
        // SAFETY: as for `pgdir_walk`.
        Ok(&mut unsafe { table(entry.address()) }[va.addr().ptx()])
    }

    /// Maps `page` at `va`; what was there is unmapped. JOS `page_insert`.
    pub fn page_insert(&mut self, va: UserPage, page: Page, perm: Perm) -> Result<(), SysError> {
        let before = self.pgdir_walk_create(va)?.set(page, perm.bits());
        invlpg(va.addr());
        drop(before);
        Ok(())
    }

    /// The page at `va`, and whether it is mapped writable. JOS `page_lookup`.
    pub fn page_lookup(&mut self, va: UserPage) -> Option<(Page, bool)> {
        let entry = self.pgdir_walk(va.addr())?;
        let page = entry.page()?;
        Some((page, entry.user_may(true)))
    }

    /// Unmaps what is at `va`, if anything. JOS `page_remove`.
    pub fn page_remove(&mut self, va: UserPage) {
        let before = self.pgdir_walk(va.addr()).and_then(Pte::take);
        invlpg(va.addr());
        drop(before);
    }
}

impl Drop for AddressSpace {
    fn drop(&mut self) {
        assert!(
            !self.is_loaded(),
            "an address space is freed while it is in use"
        );
        let user_part = &mut self.directory_mut()[..VirtAddr(UTOP).pdx()];
        for entry in user_part.iter_mut().filter(|entry| entry.present()) {
            // SAFETY: a present directory entry points to a page table of this address space.
            let page_table = unsafe { table(entry.address()) };
            page_table.iter_mut().for_each(|entry| drop(entry.take()));
            drop(entry.take());
        }
    }
}

/// What is mapped at some address of the address space in use.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Mapping {
    /// Where it leads.
    pub address: PhysAddr,
    /// `PTE_*`; what the directory and the table both allow.
    pub flags: u32,
    /// 4 KiB or 4 MiB.
    pub size: u32,
}

/// Walks the page tables in use, whoever they belong to, and changes nothing.
pub fn mapping(va: VirtAddr) -> Option<Mapping> {
    // SAFETY: CR3 points to a directory; the borrow ends before anybody can change it.
    let directory_entry = &unsafe { table(rcr3()) }[va.pdx()];
    if !directory_entry.present() {
        return None;
    }
    let flags = directory_entry.bits() & 0xFFF;
    if directory_entry.large() {
        let address = PhysAddr(directory_entry.address().0 | va.0 & (PTSIZE - PGSIZE));
        return Some(Mapping {
            address,
            flags,
            size: PTSIZE,
        });
    }
    // SAFETY: a present directory entry points to a table.
    let entry = &unsafe { table(directory_entry.address()) }[va.ptx()];
    // In a table, bit 7 is no page size; at UVPT it shows the directory's.
    let both = entry.bits() & 0xFFF & (flags | !(PTE_U | PTE_W)) & !PTE_PS;
    entry.present().then_some(Mapping {
        address: entry.address(),
        flags: both,
        size: PGSIZE,
    })
}

/// The word at `va` in the address space in use, if it is mapped and lies in one page.
pub fn peek(va: VirtAddr) -> Option<u32> {
    if va.offset() > PGSIZE - 4 {
        return None;
    }
    mapping(va)?;
    // SAFETY: mapped, as was just seen; any bits are a number.
    Some(unsafe { (va.0 as *const u32).read_unaligned() })
}
