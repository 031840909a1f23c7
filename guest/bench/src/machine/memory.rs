//! What lies where in the 64 MiB of memory. Each region has one user, one workload at a time.
//!
//! ```text
//!   0x0100000  kernel, its data, stacks and page tables
//!   0x0400000  BUFFER   4 MiB of data
//!   0x0800000  CODE     4 MiB for code that is made at run time
//!   0x0c00000  ARENA    4 MiB of pages for the slab allocator
//!   0x1000000  LIST     16 MiB
//!   0x2000000  FRAMES   4 MiB: page frames to map in the window at 0x40000000
//!   0x2400000  REST     28 MiB that no workload needs
//! ```

#![expect(unsafe_code, reason = "makes slices of raw memory")]

/// A region of physical memory, which is mapped to itself.
#[derive(Clone, Copy)]
pub struct Region {
    /// Its address.
    pub start: u32,
    /// Its size.
    pub bytes: u32,
}

const MIB: u32 = 1 << 20;

/// All there is.
pub const MEMORY_BYTES: u32 = 64 * MIB;
pub const BUFFER: Region = Region::new(4 * MIB, 4 * MIB);
pub const CODE: Region = Region::new(8 * MIB, 4 * MIB);
pub const ARENA: Region = Region::new(12 * MIB, 4 * MIB);
pub const LIST: Region = Region::new(16 * MIB, 16 * MIB);
pub const FRAMES: Region = Region::new(32 * MIB, 4 * MIB);
pub const REST: Region = Region::new(36 * MIB, 28 * MIB);

impl Region {
    const fn new(start: u32, bytes: u32) -> Region {
        assert!(start + bytes <= MEMORY_BYTES);
        Region { start, bytes }
    }

    /// The region as values of `T`, with whatever is in them.
    ///
    /// # Safety
    /// No other slice of the region may be in use, and any bits must be a `T`.
    pub unsafe fn slice<T>(self) -> &'static mut [T] {
        let length = self.bytes as usize / size_of::<T>();
        // SAFETY: mapped, aligned to a page, in no Rust object; the rest is the caller's promise.
        unsafe { core::slice::from_raw_parts_mut(self.start as *mut T, length) }
    }
}
