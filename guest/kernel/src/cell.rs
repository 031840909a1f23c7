//! `KernelCell`: a global that is borrowed by one party at a time.
//!
//! The kernel runs on one CPU with interrupts off, so nothing here needs a lock; what it needs is a
//! proof that two `&mut` to one thing never live at once. The cell keeps that proof at run time,
//! like `RefCell`, and panics with both sides' names where it fails. `value` is the first field:
//! the symbol's address is the value's.

#![expect(unsafe_code, reason = "gives `&mut` to a global, under its own check")]

use core::cell::{Cell, UnsafeCell};
use core::ops::{Deref, DerefMut};

/// A global with checked exclusive access.
#[repr(C)]
pub struct KernelCell<T> {
    value: UnsafeCell<T>,
    borrowed: Cell<bool>,
}

// SAFETY: one CPU. The only concurrency is a trap from kernel mode, which happens only while the
// monitor waits for input; `borrowed` then tells the handler the truth, since it changes with plain
// stores on the same CPU.
unsafe impl<T> Sync for KernelCell<T> {}

impl<T> KernelCell<T> {
    /// A cell that holds `value`.
    pub const fn new(value: T) -> KernelCell<T> {
        KernelCell {
            value: UnsafeCell::new(value),
            borrowed: Cell::new(false),
        }
    }

    /// Exclusive access until the guard is dropped.
    #[track_caller]
    pub fn borrow(&self) -> Borrowed<'_, T> {
        self.try_borrow()
            .expect("a kernel global is borrowed twice")
    }

    /// As `borrow`; `None` when someone has it.
    pub fn try_borrow(&self) -> Option<Borrowed<'_, T>> {
        if self.borrowed.replace(true) {
            None
        } else {
            Some(Borrowed { cell: self })
        }
    }
}

/// Access to the value of a `KernelCell`.
pub struct Borrowed<'a, T> {
    cell: &'a KernelCell<T>,
}

impl<T> Deref for Borrowed<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: `borrowed` is set as long as this guard lives, so there is no other guard.
        unsafe { &*self.cell.value.get() }
    }
}

impl<T> DerefMut for Borrowed<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as for `deref`; and `self` is borrowed mutably, so no `&T` from it is alive.
        unsafe { &mut *self.cell.value.get() }
    }
}

impl<T> Drop for Borrowed<'_, T> {
    fn drop(&mut self) {
        self.cell.borrowed.set(false);
    }
}
