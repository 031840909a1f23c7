//! Fills a new address space from an ELF file. JOS `load_icode`.
//!
//! Pages are filled through the kernel's view of memory before they are mapped, so the address
//! space need not be in use.

use crate::env::elf::{Elf, Segment};
use crate::env::{Env, Live};
use crate::mem::page::Page;
use crate::mem::pgdir::AddressSpace;
use abi::memlayout::{PGSIZE, USTACKSIZE, USTACKTOP, UTOP};
use abi::{Perm, SysError, UserPage, VirtAddr};
use core::fmt;

/// Why a program could not be loaded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LoadError {
    /// No ELF header.
    NotElf,
    /// An ELF, but no i386 executable.
    OtherMachine,
    /// The headers promise more than the file holds.
    Truncated,
    /// A segment, or two that share a page, outside what user programs may use.
    BadAddress(u32),
    /// No memory or no free environment.
    Kernel(SysError),
}

impl From<SysError> for LoadError {
    fn from(error: SysError) -> LoadError {
        LoadError::Kernel(error)
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LoadError::NotElf => f.write_str("not an ELF file"),
            LoadError::OtherMachine => f.write_str("not an executable for the i386"),
            LoadError::Truncated => f.write_str("the file is truncated"),
            LoadError::BadAddress(va) => {
                write!(f, "a segment at {va:#010x}, which no user program may have")
            }
            LoadError::Kernel(error) => write!(f, "{error}"),
        }
    }
}

/// Loads the file's segments, maps the stack, and sets the entry point.
pub fn load_icode(env: &mut Env, file: &[u8]) -> Result<(), LoadError> {
    let elf = Elf::parse(file)?;
    let space = env.space();
    for segment in elf.segments() {
        load_segment(space, &segment?)?;
    }
    for va in (USTACKTOP - USTACKSIZE..USTACKTOP).step_by(PGSIZE as usize) {
        space.page_insert(UserPage::new(va)?, Page::alloc_zeroed()?, Perm::WRITE)?;
    }
    env.tf.eip = elf.entry;
    Ok(())
}

/// Maps the pages of a segment and copies its bytes into them. As in JOS, all of it is writable.
fn load_segment(space: &mut AddressSpace, segment: &Segment<'_>) -> Result<(), LoadError> {
    let bad = LoadError::BadAddress(segment.va);
    let end = segment
        .va
        .checked_add(segment.memory_size)
        .filter(|end| *end <= UTOP)
        .ok_or(bad)?;
    let mut va = segment.va;
    while va < end {
        let page_va = UserPage::containing(VirtAddr(va))?;
        let next = (page_va.addr().0 + PGSIZE).min(end);
        // The end of one segment and the start of the next may share a page.
        let mut page = match space.page_lookup(page_va) {
            Some((page, _)) => page,
            None => Page::alloc_zeroed()?,
        };
        let from = ((va - segment.va) as usize).min(segment.bytes.len());
        let to = ((next - segment.va) as usize).min(segment.bytes.len());
        page.write(VirtAddr(va).offset() as usize, &segment.bytes[from..to]);
        space.page_insert(page_va, page, Perm::WRITE)?;
        va = next;
    }
    Ok(())
}
