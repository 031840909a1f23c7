//! A doubly linked list of slabs, through the links in their headers.
//!
//! Invariant: a slab is on at most one list, and a list holds only live slabs of its cache.

#![expect(unsafe_code, reason = "links between pages")]

use crate::slab::Slab;
use core::ptr::NonNull;

/// Slabs in one state.
pub struct List {
    /// First slab.
    pub head: Option<NonNull<Slab>>,
    /// Number of slabs.
    pub length: usize,
}

impl List {
    /// No slabs.
    pub(crate) const fn new() -> List {
        List {
            head: None,
            length: 0,
        }
    }

    /// Puts a slab at the front.
    ///
    /// # Safety
    /// `slab` must be live and on no list.
    pub unsafe fn push(&mut self, mut slab: NonNull<Slab>) {
        // SAFETY: `slab` by the caller's promise, the head by the list's invariant; they are two
        // slabs.
        unsafe {
            slab.as_mut().next = self.head;
            slab.as_mut().previous = None;
            if let Some(mut head) = self.head {
                head.as_mut().previous = Some(slab);
            }
        }
        self.head = Some(slab);
        self.length += 1;
    }

    /// Takes a slab out.
    ///
    /// # Safety
    /// `slab` must be on this list.
    pub unsafe fn remove(&mut self, mut slab: NonNull<Slab>) {
        // SAFETY: the slab is on this list, so it and its neighbours are live.
        unsafe {
            let (previous, next) = (slab.as_mut().previous.take(), slab.as_mut().next.take());
            match previous {
                Some(mut previous) => previous.as_mut().next = next,
                None => self.head = next,
            }
            if let Some(mut next) = next {
                next.as_mut().previous = previous;
            }
        }
        self.length -= 1;
    }
}
