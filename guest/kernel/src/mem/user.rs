//! Pointers that come from user programs. JOS `user_mem_check`.
//!
//! A `UserSlice` is only two numbers: it has no way to its bytes. `check` turns it into a
//! `Checked`, which has, and which borrows the address space, so nothing can be unmapped while it
//! is alive.

#![expect(unsafe_code, reason = "reads and writes user memory, once checked")]

use crate::mem::pgdir::AddressSpace;
use crate::x86::memory::copy;
use abi::memlayout::{PGSIZE, ULIM, UTOP};
use abi::{Trapframe, UTrapframe, VirtAddr};
use core::marker::PhantomData;

/// What the kernel wants to do with the memory.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Read it.
    Read,
    /// Read and write it.
    Write,
}

/// The first address of a range that the user program may not use in that way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BadAddress(pub VirtAddr);

/// A range of user memory that nobody has checked.
#[derive(Clone, Copy)]
pub struct UserSlice {
    start: VirtAddr,
    len: u32,
}

impl UserSlice {
    /// The range a system call was given.
    pub fn new(start: VirtAddr, len: u32) -> UserSlice {
        UserSlice { start, len }
    }

    /// The range of one record.
    pub fn of<T: UserRecord>(start: VirtAddr) -> UserSlice {
        UserSlice {
            start,
            len: size_of::<T>() as u32,
        }
    }

    /// Checks every page of the range against `space`, which must be the one in use.
    pub fn check(
        self,
        space: &mut AddressSpace,
        access: Access,
    ) -> Result<Checked<'_>, BadAddress> {
        assert!(
            space.is_loaded(),
            "user memory is checked in another address space"
        );
        // What user programs see between UTOP and ULIM is read-only.
        let limit = if access == Access::Write { UTOP } else { ULIM };
        // Saturated, the range ends above the limit, and so fails there.
        let end = self.start.0.saturating_add(self.len);
        let mut va = self.start;
        while va.0 < end {
            let entry = if va.0 < limit {
                space.pgdir_walk(va)
            } else {
                None
            };
            let allowed = entry.is_some_and(|entry| entry.user_may(access == Access::Write));
            if !allowed {
                return Err(BadAddress(va));
            }
            va = VirtAddr(va.page_start().0 + PGSIZE);
        }
        Ok(Checked {
            start: self.start,
            len: self.len,
            access,
            space: PhantomData,
        })
    }
}

/// A range of user memory that may be used.
pub struct Checked<'space> {
    start: VirtAddr,
    len: u32,
    access: Access,
    space: PhantomData<&'space mut AddressSpace>,
}

impl Checked<'_> {
    /// Calls `sink` with the bytes, in pieces.
    pub fn for_each_piece(&self, mut sink: impl FnMut(&[u8])) {
        let mut piece = [0; 128];
        let mut done = 0;
        while done < self.len {
            let count = (self.len - done).min(piece.len() as u32);
            // SAFETY: `check` found the range readable, and the address space is still the one in
            // use.
            unsafe {
                copy(
                    (self.start.0 + done) as *const u8,
                    piece.as_mut_ptr(),
                    count as usize,
                )
            };
            sink(&piece[..count as usize]);
            done += count;
        }
    }

    /// Copies a record in.
    pub fn read<T: UserRecord>(&self) -> T {
        assert!(
            self.len as usize == size_of::<T>(),
            "a record of another size"
        );
        // SAFETY: as above; any bits are a valid `T`.
        unsafe { (self.start.0 as *const T).read_unaligned() }
    }

    /// Copies a record out.
    pub fn write<T: UserRecord>(&mut self, record: T) {
        assert!(
            self.len as usize == size_of::<T>() && self.access == Access::Write,
            "not checked for this write"
        );
        // SAFETY: `check` found the range writable, and the address space is still the one in use.
        unsafe { (self.start.0 as *mut T).write_unaligned(record) };
    }
}

/// Records that are passed through user memory.
///
/// # Safety
/// Any bits must be a valid value.
pub unsafe trait UserRecord: Copy {}

// SAFETY: integers only.
unsafe impl UserRecord for Trapframe {}
// SAFETY: integers only.
unsafe impl UserRecord for UTrapframe {}
