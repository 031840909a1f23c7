//! The interrupt descriptor table. SDM Vol. 3A, "IDT Descriptors"; JOS `trap_init`.

#![expect(unsafe_code, reason = "loads the table that leads to trapentry.S")]

use crate::cell::KernelCell;
use crate::trap::T_BRKPT;
use crate::x86::segments::PseudoDescriptor;
use abi::memlayout::GD_KT;
use abi::syscall::T_SYSCALL;
use core::arch::asm;

/// Vectors that trapentry.S has an entry for are below this.
const VECTORS: usize = T_SYSCALL as usize + 1;

unsafe extern "C" {
    /// From trapentry.S: addresses of the entries by vector, 0 where there is none.
    static trap_vectors: [u32; VECTORS];
}

static IDT: KernelCell<[u64; 256]> = KernelCell::new([0; 256]);

/// A 32-bit interrupt gate: interrupts are off when the handler starts.
fn interrupt_gate(handler: u32, dpl: u32) -> u64 {
    let low = u32::from(GD_KT) << 16 | handler & 0xFFFF;
    let high = handler & 0xFFFF_0000 | 0x8E00 | dpl << 13;
    u64::from(high) << 32 | u64::from(low)
}

/// Fills the table and loads it.
pub fn init() {
    // SAFETY: a table of constants.
    let vectors = unsafe { &trap_vectors };
    let mut idt = IDT.borrow();
    for (vector, handler) in vectors
        .iter()
        .enumerate()
        .filter(|(_, handler)| **handler != 0)
    {
        // User mode may execute `int3` and `int 0x30`; any other `int n` is a general protection
        // fault.
        let for_user = vector == T_BRKPT as usize || vector == usize::from(T_SYSCALL);
        idt[vector] = interrupt_gate(*handler, if for_user { 3 } else { 0 });
    }
    let pointer = PseudoDescriptor {
        limit: size_of_val(&*idt) as u16 - 1,
        base: idt.as_ptr() as u32,
    };
    // SAFETY: the table lives for ever, and its gates lead to trapentry.S.
    unsafe {
        asm!("lidt [{}]", in(reg) &raw const pointer, options(readonly, nostack, preserves_flags))
    };
}
