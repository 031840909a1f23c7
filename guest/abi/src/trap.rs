//! Saved registers. JOS `inc/trap.h`.

use crate::memlayout::PGSIZE;

/// Registers as `pushal` leaves them.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
#[repr(C)]
#[expect(missing_docs, reason = "registers")]
pub struct PushRegs {
    pub edi: u32,
    pub esi: u32,
    pub ebp: u32,
    /// `%esp` before `pushal`; ignored by `popal`.
    pub oesp: u32,
    pub ebx: u32,
    pub edx: u32,
    pub ecx: u32,
    pub eax: u32,
}

/// What the entry code and the CPU push on a trap, lowest address first.
/// `kernel/src/trap/trapentry.S` builds it.
///
/// A trap from kernel mode pushes no `esp` and `ss`: those two are then not part of the frame.
#[derive(Clone, Copy, Default)]
#[repr(C)]
#[expect(missing_docs, reason = "registers")]
pub struct Trapframe {
    pub regs: PushRegs,
    pub es: u16,
    pub padding_es: u16,
    pub ds: u16,
    pub padding_ds: u16,
    /// Vector.
    pub trapno: u32,
    /// Error code, 0 where the CPU pushes none.
    pub err: u32,
    pub eip: u32,
    pub cs: u16,
    pub padding_cs: u16,
    pub eflags: u32,
    pub esp: u32,
    pub ss: u16,
    pub padding_ss: u16,
}

impl Trapframe {
    /// Whether the trap came from user mode: the low bits of `cs` are the privilege level.
    pub const fn from_user(&self) -> bool {
        self.cs & 3 == 3
    }
}

/// What the kernel pushes on the user exception stack, lowest address first. `lib/asm/pfentry.S`
/// takes it apart.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
#[expect(missing_docs, reason = "registers")]
pub struct UTrapframe {
    /// CR2 at the fault.
    pub fault_va: u32,
    /// The page fault's error code, bits `FEC_*`.
    pub err: u32,
    pub regs: PushRegs,
    pub eip: u32,
    pub eflags: u32,
    pub esp: u32,
}

/// Page fault error code: the page was present, so it was a protection violation.
pub const FEC_PR: u32 = 0x1;
/// Page fault error code: a write.
pub const FEC_WR: u32 = 0x2;
/// Page fault error code: from user mode.
pub const FEC_U: u32 = 0x4;

/// EFLAGS: interrupts are taken.
pub const FL_IF: u32 = 0x0000_0200;
/// EFLAGS: the I/O privilege level's two bits.
pub const FL_IOPL_MASK: u32 = 0x0000_3000;

const _: () = assert!(size_of::<Trapframe>() == 68 && size_of::<UTrapframe>() == 52);
const _: () = assert!(size_of::<Trapframe>() < PGSIZE as usize);
