//! One slab: a page that holds objects of one size, and says at its start which of them are in use.
//!
//! ```text
//!   page                                                           page + 4096
//!   | Slab: size, capacity, in_use, used bits, links | gap | obj n-1 | ... | obj 1 | obj 0 |
//! ```
//!
//! Invariant: bit `i` of `used` is set if and only if object `i` is allocated; `in_use` counts the
//! bits.

#![expect(unsafe_code, reason = "turns a page into a slab")]

use crate::source::PAGE_SIZE;
use core::ptr::NonNull;

/// Written into every slab; anything else where a slab should be is a wild pointer or an overrun.
pub const MAGIC: u32 = u32::from_le_bytes(*b"SLAB");

const BITS: usize = 32;
/// Enough for the smallest objects.
const WORDS: usize = 8;

/// The header at the start of a slab's page.
#[repr(C)]
pub struct Slab {
    /// `MAGIC`.
    pub magic: u32,
    /// Size of an object.
    pub object_size: u16,
    /// Objects there is room for.
    pub capacity: u16,
    /// Objects that are allocated.
    pub in_use: u16,
    padding: u16,
    /// Next slab on the same list.
    pub next: Option<NonNull<Slab>>,
    /// Previous slab on the same list.
    pub previous: Option<NonNull<Slab>>,
    /// One bit per object, set while it is allocated. Bits past `capacity` are set for ever.
    pub used: [u32; WORDS],
}

/// Room that the header takes from the page.
pub const HEADER_SIZE: usize = size_of::<Slab>();

impl Slab {
    /// Turns a page into an empty slab for objects of `object_size`.
    ///
    /// # Safety
    /// `page` must be a page from a `PageSource` that nobody uses.
    pub unsafe fn format(page: NonNull<u8>, object_size: usize) -> NonNull<Slab> {
        let capacity = (PAGE_SIZE - HEADER_SIZE) / object_size;
        let mut used = [u32::MAX; WORDS];
        let mut index = 0;
        while index < capacity {
            used[index / BITS] &= !(1 << (index % BITS));
            index += 1;
        }
        let slab = page.cast::<Slab>();
        let header = Slab {
            magic: MAGIC,
            object_size: object_size as u16,
            capacity: capacity as u16,
            in_use: 0,
            padding: 0,
            next: None,
            previous: None,
            used,
        };
        // SAFETY: the caller's promise; a page is aligned for the header.
        unsafe { slab.write(header) };
        slab
    }

    /// The slab that holds the object at `object`.
    pub fn of(object: NonNull<u8>) -> NonNull<Slab> {
        object
            .map_addr(|address| {
                let page = address.get() & !(PAGE_SIZE - 1);
                core::num::NonZero::new(page).expect("no object lives in page 0")
            })
            .cast()
    }

    /// Whether no object is free.
    pub fn is_full(&self) -> bool {
        self.in_use == self.capacity
    }

    /// Whether no object is allocated.
    pub fn is_empty(&self) -> bool {
        self.in_use == 0
    }

    /// Marks a free object as used and returns its index.
    pub fn take_object(&mut self) -> Option<usize> {
        let mut word = 0;
        while word < WORDS {
            let free = !self.used[word];
            if free != 0 {
                let bit = free.trailing_zeros() as usize;
                self.used[word] |= 1 << bit;
                self.in_use += 1;
                return Some(word * BITS + bit);
            }
            word += 1;
        }
        None
    }

    /// Marks an object as free. Panics where there is no allocated object: the program freed twice,
    /// or what it never got.
    pub fn release_object(&mut self, index: usize) {
        let bit = 1 << (index % BITS);
        let word = &mut self.used[index / BITS];
        assert!(
            index < usize::from(self.capacity) && *word & bit != 0,
            "free of object {index}, which is not allocated"
        );
        *word &= !bit;
        self.in_use -= 1;
    }

    /// Where object `index` starts, counted from the start of the page.
    pub fn offset_of(&self, index: usize) -> usize {
        PAGE_SIZE - (index + 1) * usize::from(self.object_size)
    }

    /// The index of the object that starts at `offset`. Panics where none does.
    pub fn index_of(&self, offset: usize) -> usize {
        let size = usize::from(self.object_size);
        let from_end = PAGE_SIZE - offset;
        assert!(
            from_end.is_multiple_of(size),
            "no object of {size} bytes starts at offset {offset} of its slab"
        );
        from_end / size - 1
    }
}
