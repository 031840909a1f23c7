//! A cache: objects of one size, on slabs that it gets and gives back as needed.
//!
//! Invariant: a slab is on `full` when it has no free object, on `empty` when it has nothing else,
//! on `partial` otherwise; `empty` holds at most `EMPTY_RESERVE` slabs between calls.

#![expect(unsafe_code, reason = "objects are raw memory")]

use crate::list::List;
use crate::slab::{MAGIC, Slab};
use crate::source::{PAGE_SIZE, PageSource};
use core::ptr::NonNull;

/// Empty slabs a cache keeps, so that a program that frees and allocates one object does not map a
/// page each time.
pub const EMPTY_RESERVE: usize = 1;

/// Objects of one size.
pub struct Cache {
    /// The size.
    pub object_size: usize,
    /// Slabs with free and allocated objects.
    pub partial: List,
    /// Slabs without a free object.
    pub full: List,
    /// Slabs without an allocated object.
    pub empty: List,
}

impl Cache {
    /// A cache without slabs.
    pub const fn new(object_size: usize) -> Cache {
        Cache {
            object_size,
            partial: List::new(),
            full: List::new(),
            empty: List::new(),
        }
    }

    /// An object; `None` when a new slab is needed and the source has no page for it.
    pub fn allocate(&mut self, source: &mut impl PageSource) -> Option<NonNull<u8>> {
        let mut slab = match self.partial.head.or(self.empty.head) {
            Some(slab) => slab,
            None => self.grow(source)?, // #slab-grow
        };
        // SAFETY: it is on a list of ours, so it is live, and nobody else has a reference to its
        // header.
        let (offset, was_empty) = unsafe {
            let header = slab.as_mut();
            let was_empty = header.is_empty();
            let index = header
                .take_object()
                .expect("a slab that is not full has a free object");
            (header.offset_of(index), was_empty)
        };
        // SAFETY: it is on the list that its count said before the object was taken.
        unsafe {
            self.relist(
                slab,
                if was_empty {
                    State::Empty
                } else {
                    State::Partial
                },
            )
        };
        // SAFETY: the offset is within the slab's page.
        Some(unsafe { slab.cast::<u8>().add(offset) })
    }

    /// Takes an object back; a slab that becomes empty goes back to the source when the reserve is
    /// full.
    ///
    /// # Safety
    /// `object` must come from `allocate` of this cache and not be used any more.
    pub unsafe fn release(&mut self, object: NonNull<u8>, source: &mut impl PageSource) {
        let mut slab = Slab::of(object);
        // SAFETY: an object of this cache lies in a live slab of this cache.
        let before = unsafe {
            let header = slab.as_mut();
            let intact =
                header.magic == MAGIC && usize::from(header.object_size) == self.object_size;
            assert!(
                intact,
                "the slab of the object at {object:p} is overwritten, or not a slab"
            );
            let before = State::of(header);
            header.release_object(header.index_of(object.addr().get() % PAGE_SIZE));
            before
        };
        // SAFETY: it is on the list that its count said before the object was freed.
        unsafe { self.relist(slab, before) };
        if self.empty.length > EMPTY_RESERVE {
            self.shrink(source);
        }
    }

    /// Gives all empty slabs back.
    pub fn trim(&mut self, source: &mut impl PageSource) {
        while self.empty.head.is_some() {
            self.shrink(source);
        }
    }

    /// Gets a page and makes it an empty slab.
    fn grow(&mut self, source: &mut impl PageSource) -> Option<NonNull<Slab>> {
        let page = source.map(1, PAGE_SIZE)?;
        // SAFETY: the page is new; the slab is on no list yet.
        unsafe {
            let slab = Slab::format(page, self.object_size);
            self.empty.push(slab);
            Some(slab)
        }
    }

    /// Gives one empty slab back.
    fn shrink(&mut self, source: &mut impl PageSource) {
        if let Some(slab) = self.empty.head {
            // SAFETY: the slab is on this list, no object in it is used, and it was one page from
            // `map`.
            unsafe {
                self.empty.remove(slab);
                source.unmap(slab.cast(), 1); // #slab-shrink
            }
        }
    }

    /// Moves a slab from the list it was on to the one it belongs on.
    ///
    /// # Safety
    /// It must be on the list for `before`.
    unsafe fn relist(&mut self, slab: NonNull<Slab>, before: State) {
        // SAFETY: a slab on a list of ours is live.
        let after = State::of(unsafe { slab.as_ref() });
        if before != after {
            // SAFETY: the caller's promise; then it is on no list.
            unsafe {
                self.list(before).remove(slab);
                self.list(after).push(slab);
            }
        }
    }

    fn list(&mut self, state: State) -> &mut List {
        match state {
            State::Empty => &mut self.empty,
            State::Partial => &mut self.partial,
            State::Full => &mut self.full,
        }
    }
}

/// Which list a slab belongs on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Empty,
    Partial,
    Full,
}

impl State {
    fn of(slab: &Slab) -> State {
        if slab.is_empty() {
            State::Empty
        } else if slab.is_full() {
            State::Full
        } else {
            State::Partial
        }
    }
}
