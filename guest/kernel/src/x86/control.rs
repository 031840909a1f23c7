//! Control registers, the TLB and the interrupt flag. SDM Vol. 3A, "Control Registers".

#![expect(unsafe_code, reason = "instructions")]

use abi::{PhysAddr, VirtAddr};
use core::arch::asm;

/// Protected mode.
const CR0_PE: u32 = 0x0000_0001;
/// `wait` honours `TS`.
const CR0_MP: u32 = 0x0000_0002;
/// No x87: its instructions raise #NM.
const CR0_EM: u32 = 0x0000_0004;
/// Task switched: the next x87 instruction raises #NM.
const CR0_TS: u32 = 0x0000_0008;
/// x87 errors as exceptions.
const CR0_NE: u32 = 0x0000_0020;
/// The kernel too respects read-only pages.
const CR0_WP: u32 = 0x0001_0000;
/// Alignment checks, in user mode, where EFLAGS asks for them.
const CR0_AM: u32 = 0x0004_0000;
/// Paging.
const CR0_PG: u32 = 0x8000_0000;

/// CR0.
fn rcr0() -> u32 {
    let value: u32;
    // SAFETY: reading has no effect.
    unsafe { asm!("mov {}, cr0", out(reg) value, options(nomem, nostack, preserves_flags)) };
    value
}

/// Sets CR0.
///
/// # Safety
/// Protection and paging must stay on.
unsafe fn lcr0(value: u32) {
    // SAFETY: the caller's promise.
    unsafe { asm!("mov cr0, {}", in(reg) value, options(nostack, preserves_flags)) };
}

/// CR2: the address of the last page fault.
pub fn rcr2() -> VirtAddr {
    let value: u32;
    // SAFETY: reading has no effect.
    unsafe { asm!("mov {}, cr2", out(reg) value, options(nomem, nostack, preserves_flags)) };
    VirtAddr(value)
}

/// CR3: the page directory in use.
pub fn rcr3() -> PhysAddr {
    let value: u32;
    // SAFETY: reading has no effect.
    unsafe { asm!("mov {}, cr3", out(reg) value, options(nomem, nostack, preserves_flags)) };
    PhysAddr(value)
}

/// Changes the address space.
///
/// # Safety
/// `directory` must be a page directory with the kernel's mappings, and live as long as it is in
/// use.
pub unsafe fn lcr3(directory: PhysAddr) {
    // SAFETY: the caller's promise.
    unsafe { asm!("mov cr3, {}", in(reg) directory.0, options(nostack, preserves_flags)) };
}

/// Forgets the TLB's entry for `va`.
pub fn invlpg(va: VirtAddr) {
    // SAFETY: costs a page walk at worst.
    unsafe { asm!("invlpg [{}]", in(reg) va.0, options(nostack, preserves_flags)) };
}

/// Sleeps until an interrupt has been handled. Interrupts are off again afterwards.
///
/// `sti` holds interrupts back for one more instruction, so one that is already pending ends the
/// `hlt`.
pub fn wait_for_interrupt() {
    // SAFETY: the handlers return here with all registers as they were.
    unsafe { asm!("sti", "hlt", "cli", options(nostack)) };
}

/// `%ebp` of the calling function.
#[inline(always)]
pub fn read_ebp() -> u32 {
    let value: u32;
    // SAFETY: reading has no effect.
    unsafe { asm!("mov {}, ebp", out(reg) value, options(nomem, nostack, preserves_flags)) };
    value
}

/// EFLAGS.
pub fn read_eflags() -> u32 {
    let value: u32;
    // SAFETY: what is pushed is popped.
    unsafe { asm!("pushfd", "pop {}", out(reg) value, options(nomem, preserves_flags)) };
    value
}

/// Protection and paging as JOS has them: the kernel respects read-only pages; x87 instructions are
/// not trapped.
pub fn init_cr0() {
    let on = CR0_PE | CR0_PG | CR0_AM | CR0_WP | CR0_NE | CR0_MP;
    // SAFETY: protection and paging are on already, and stay so.
    unsafe { lcr0((rcr0() | on) & !(CR0_TS | CR0_EM)) };
}
