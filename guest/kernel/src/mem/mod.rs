//! Memory: physical pages, page tables, user pointers. JOS `kern/pmap.c`.

pub mod boot_alloc;
pub mod page;
pub mod pgdir;
pub mod pte;
pub mod user;

use crate::cell::KernelCell;
use crate::env::Env;
use crate::multiboot::BootInfo;
use abi::env::NENV;
use abi::memlayout::{EXTPHYSMEM, KSTACKTOP, KSTKSIZE, PGSIZE, PTSIZE, UENVS, UPAGES};
use abi::perm::{PTE_U, PTE_W};
use abi::{PageInfo, PhysAddr, VirtAddr};
use boot_alloc::BootAlloc;
use pgdir::AddressSpace;

/// The kernel's own address space: what is above `UTOP` in every other one. `None` only before
/// `init`.
pub static KERN_PGDIR: KernelCell<Option<AddressSpace>> = KernelCell::new(None);

/// Sets up physical pages and the kernel's address space, and switches to it.
/// Returns the environment table, whose pages user programs may read at `UENVS`.
pub fn init(boot: &BootInfo) -> &'static mut [Env] {
    let total_kib = boot.extended_kib + EXTPHYSMEM / 1024;
    crate::println!(
        "Physical memory: {total_kib}K available, base = {}K, extended = {}K",
        boot.base_kib,
        boot.extended_kib
    );

    let mut bump = BootAlloc::new(boot.loaded_end);
    let page_count = total_kib / (PGSIZE / 1024);
    let pages: &'static mut [PageInfo] = bump.table(page_count as usize);
    let envs: &'static mut [Env] = bump.table(NENV);
    let (pages_at, pages_size) = (boot_alloc::physical(pages), size_of_val(pages) as u32);
    let (envs_at, envs_size) = (boot_alloc::physical(envs), size_of_val(envs) as u32);
    assert!(
        pages_size <= PTSIZE && envs_size <= PTSIZE,
        "PAGES and ENVS have 4 MiB each at UPAGES and UENVS"
    );
    page::init(pages, boot.base_kib, bump.end());

    //  virtual address       size        physical address           flags
    let regions = [
        (UPAGES, pages_size, pages_at, PTE_U),
        (UENVS, envs_size, envs_at, PTE_U),
        (
            KSTACKTOP - KSTKSIZE,
            KSTKSIZE,
            boot_alloc::physical_boot_stack(),
            PTE_W,
        ),
    ];
    let mut kernel = AddressSpace::kernel();
    for (va, size, pa, flags) in regions {
        for offset in (0..size).step_by(PGSIZE as usize) {
            kernel.map_kernel_page(VirtAddr(va + offset), PhysAddr(pa.0 + offset), flags);
        }
    }
    kernel.load();
    *KERN_PGDIR.borrow() = Some(kernel);
    envs
}

/// Leaves a user address space that is about to go away.
pub fn load_kernel_space() {
    if let Some(kernel) = &*KERN_PGDIR.borrow() {
        kernel.load();
    }
}
