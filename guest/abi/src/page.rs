//! What the kernel knows of a physical page. JOS `inc/memlayout.h`, `struct PageInfo`.
//! Mapped read-only at `UPAGES`, so that user programs can see reference counts.

/// One entry per physical page, indexed by frame number.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct PageInfo {
    /// Frame number of the next page on the free list; 0 ends it. Frame 0 is never free.
    pub link: u32,
    /// References: mappings in page tables, and `Page` handles in the kernel. 0 when free.
    pub refs: u32,
}
