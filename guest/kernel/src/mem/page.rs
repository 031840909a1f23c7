//! Physical pages. JOS `kern/pmap.c`, "tracking of physical pages".
//!
//! A `Page` is a counted reference to a frame: `clone` adds one, dropping the last frees the frame.
//! Page tables hold references too (see `pte`), so `page_decref` and its mistakes do not exist
//! here.
//!
//! Invariant: `PAGES.pages[n].refs` is the number of `Page` handles and owning page table entries
//! for frame `n`; a frame is on the free list if and only if it is 0 and the frame is usable
//! memory.

#![expect(unsafe_code, reason = "page contents; counted references as numbers")]

use crate::cell::KernelCell;
use crate::x86::memory::{copy, zero};
use abi::memlayout::{EXTPHYSMEM, KERNBASE, PGSIZE};
use abi::{PageInfo, PhysAddr, SysError};
use core::mem::ManuallyDrop;
use core::num::NonZeroU32;

/// All frames, and the list of the free ones.
pub struct FrameTable {
    /// One record per frame; also mapped at `UPAGES`.
    pub pages: &'static mut [PageInfo],
    /// Frame number of the first free page; 0 when there is none.
    pub free_list: u32,
    /// Length of that list.
    pub free_count: u32,
}

/// Physical memory.
pub static PAGES: KernelCell<FrameTable> = KernelCell::new(FrameTable {
    pages: &mut [],
    free_list: 0,
    free_count: 0,
});

/// Puts usable memory on the free list, lowest addresses first. JOS `page_init`.
///
/// Frame 0 is left out (the real-mode interrupt table; and 0 means "none"), as is everything from
/// the end of base memory to `first_free`: the I/O hole, the kernel, the modules and the boot
/// tables.
pub fn init(pages: &'static mut [PageInfo], base_kib: u32, first_free: PhysAddr) {
    let mut table = PAGES.borrow();
    table.pages = pages;
    let base_frames = (base_kib / (PGSIZE / 1024)) as usize;
    let mut frame = table.pages.len();
    while frame > 1 {
        frame -= 1;
        if frame >= first_free.frame() || frame < base_frames {
            table.release(frame);
        } else if frame >= EXTPHYSMEM as usize / PGSIZE as usize {
            table.pages[frame].refs = 1;
        }
    }
}

impl FrameTable {
    fn release(&mut self, frame: usize) {
        self.pages[frame].link = self.free_list;
        self.free_list = frame as u32;
        self.free_count += 1;
    }

    fn take(&mut self) -> Option<usize> {
        let frame = self.free_list as usize;
        if frame == 0 {
            return None;
        }
        let page = &mut self.pages[frame];
        self.free_list = core::mem::take(&mut page.link);
        page.refs = 1;
        self.free_count -= 1;
        Some(frame)
    }
}

/// A counted reference to a physical page: its address.
#[derive(PartialEq, Eq)]
#[repr(transparent)]
pub struct Page(NonZeroU32);

impl Page {
    /// A free page, filled with zeros; `NoMem` when there is none. JOS `page_alloc(ALLOC_ZERO)`.
    pub fn alloc_zeroed() -> Result<Page, SysError> {
        let page = Page::alloc()?;
        // SAFETY: the page is ours alone, and mapped at `kva`.
        unsafe { zero(page.kva(), PGSIZE as usize) };
        Ok(page)
    }

    /// A free page, with whatever was in it.
    fn alloc() -> Result<Page, SysError> {
        let frame = PAGES.borrow().take().ok_or(SysError::NoMem)?;
        Ok(Page(
            NonZeroU32::new(frame as u32 * PGSIZE).expect("frame 0 is never free"),
        ))
    }

    /// The page's physical address. JOS `page2pa`.
    pub fn address(&self) -> PhysAddr {
        PhysAddr(self.0.get())
    }

    /// Where the kernel sees the page. JOS `page2kva`.
    pub fn kva(&self) -> *mut u8 {
        (KERNBASE + self.0.get()) as *mut u8
    }

    /// Copies `bytes` into the page at `offset`.
    pub fn write(&mut self, offset: usize, bytes: &[u8]) {
        assert!(
            offset + bytes.len() <= PGSIZE as usize,
            "a write over the end of a page"
        );
        // SAFETY: within the page, which no Rust reference points into.
        unsafe { copy(bytes.as_ptr(), self.kva().add(offset), bytes.len()) };
    }

    /// Gives the reference away as a number, to `from_raw`.
    pub fn into_raw(self) -> PhysAddr {
        ManuallyDrop::new(self).address()
    }

    /// Takes a reference back.
    ///
    /// # Safety
    /// `address` must come from `into_raw`, each of which may be taken back once.
    pub unsafe fn from_raw(address: PhysAddr) -> Page {
        Page(NonZeroU32::new(address.0).expect("frame 0 is nobody's page"))
    }
}

impl Clone for Page {
    fn clone(&self) -> Page {
        PAGES.borrow().pages[self.address().frame()].refs += 1;
        Page(self.0)
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        let mut table = PAGES.borrow();
        let frame = self.address().frame();
        let refs = &mut table.pages[frame].refs;
        *refs -= 1;
        if *refs == 0 {
            table.release(frame);
        }
    }
}
