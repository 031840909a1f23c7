//! Bulk memory operations as the string instructions they are: one instruction a page instead of a
//! loop.

#![expect(unsafe_code, reason = "instructions")]

use core::arch::asm;

/// Sets `count` bytes from `to` on to 0.
///
/// # Safety
/// They must be valid for writes.
pub unsafe fn zero(to: *mut u8, count: usize) {
    // SAFETY: the caller's promise. The direction flag is clear: entry and trap entry execute
    // `cld`.
    unsafe {
        asm!(
            "rep stosd",
            "mov ecx, {tail}",
            "rep stosb",
            tail = in(reg) count % 4,
            inout("ecx") count / 4 => _,
            inout("edi") to => _,
            in("eax") 0,
            options(nostack, preserves_flags),
        );
    }
}

/// Copies `count` bytes from `from` to `to`, upwards.
///
/// # Safety
/// Source must be valid for reads, destination for writes; where they overlap, `to` must be below
/// `from`.
pub unsafe fn copy(from: *const u8, to: *mut u8, count: usize) {
    // SAFETY: the caller's promise. `%esi` is LLVM's own, so it is exchanged around the
    // instruction.
    unsafe {
        asm!(
            "xchg esi, {from}",
            "rep movsd",
            "mov ecx, {tail}",
            "rep movsb",
            "xchg esi, {from}",
            from = inout(reg) from => _,
            tail = in(reg) count % 4,
            inout("ecx") count / 4 => _,
            inout("edi") to => _,
            options(nostack, preserves_flags),
        );
    }
}
