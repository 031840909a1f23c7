//! Where pages come from.

#![expect(unsafe_code, reason = "the contract of a page source")]

use core::ptr::NonNull;

/// The size of a page, and its alignment.
pub const PAGE_SIZE: usize = 4096;

/// Gives out runs of pages and takes them back.
///
/// # Safety
/// A run from `map` must be valid for reads and writes, belong to nobody else until `unmap`, and be
/// aligned as asked.
pub unsafe trait PageSource {
    /// `count` pages in a row, the first one aligned to `align` bytes (a power of two, at least a
    /// page). `None` when there are not as many: the allocator then returns null.
    fn map(&mut self, count: usize, align: usize) -> Option<NonNull<u8>>;

    /// Takes `count` pages back, from `start` on.
    ///
    /// # Safety
    /// They must come from `map`, be unused, and be taken back once. A run may come back in parts.
    unsafe fn unmap(&mut self, start: NonNull<u8>, count: usize);
}
