//! Size classes: which cache serves a request.
//!
//! Objects fill a slab from the end of its page downwards, so an object's address is a multiple of
//! the largest power of two that divides the class's size. That is the alignment a class can
//! promise.

use crate::slab::HEADER_SIZE;
use crate::source::PAGE_SIZE;
use core::alloc::Layout;

/// Object sizes. The last is half of what a page has left beside the slab's header.
//                              objects in a slab: 252 126  63  31  15    7    3     2
pub const CLASSES: [usize; 8] = [16, 32, 64, 128, 256, 512, 1024, 2016];

/// The alignment that objects of `size` have.
pub const fn natural_align(size: usize) -> usize {
    1 << size.trailing_zeros()
}

/// Index of the smallest class that is large enough and aligned enough; `None` when whole pages
/// are.
pub fn class_for(layout: Layout) -> Option<usize> {
    let mut index = 0;
    while index < CLASSES.len() {
        if CLASSES[index] >= layout.size() && natural_align(CLASSES[index]) >= layout.align() {
            return Some(index);
        }
        index += 1;
    }
    None
}

const _: () = assert!(2 * CLASSES[CLASSES.len() - 1] + HEADER_SIZE <= PAGE_SIZE);
