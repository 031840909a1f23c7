//! Segments and the task state segment. SDM Vol. 3A, "Segment Descriptors" and "Task-State Segment
//! (TSS)"; JOS `kern/env.c` (`gdt`) and `kern/trap.c` (`trap_init_percpu`).
//!
//! All segments are flat: base 0, limit 4 GiB. The TSS serves one purpose, the kernel's stack
//! pointer on a trap from user mode.

#![expect(unsafe_code, reason = "instructions")]

use crate::cell::KernelCell;
use abi::memlayout::{GD_KD, GD_KT, GD_TSS0, KSTACKTOP};
use core::arch::asm;

/// The 32-bit TSS.
#[repr(C)]
pub struct TaskState {
    link: u32,
    /// Stack on a trap to ring 0.
    esp0: u32,
    ss0: u32,
    unused: [u32; 22],
    debug_trap: u16,
    /// Beyond the limit: user mode may touch no port.
    io_map_base: u16,
}

/// Operand of `lgdt` and `lidt`.
#[repr(C, packed)]
pub struct PseudoDescriptor {
    /// Size of the table, less one.
    pub limit: u16,
    /// Linear address of the table.
    pub base: u32,
}

static TSS: KernelCell<TaskState> = KernelCell::new(TaskState {
    link: 0,
    esp0: KSTACKTOP,
    ss0: GD_KD as u32,
    unused: [0; 22],
    debug_trap: 0,
    io_map_base: size_of::<TaskState>() as u16,
});

const STA_CODE_READ: u32 = 0xA;
const STA_DATA_WRITE: u32 = 0x2;
const STS_TSS32: u32 = 0x9;

/// A flat code or data segment: granularity 4 KiB, 32-bit, present.
const fn flat(kind: u32, dpl: u32) -> u64 {
    let high = 0x00CF_9000 | kind << 8 | dpl << 13;
    (high as u64) << 32 | 0xFFFF
}

/// A TSS descriptor: byte granularity, present, DPL 0.
const fn task(base: u32, limit: u32) -> u64 {
    let low = base << 16 | limit & 0xFFFF;
    let high = base & 0xFF00_0000 | limit & 0xF_0000 | 0x8000 | STS_TSS32 << 8 | base >> 16 & 0xFF;
    (high as u64) << 32 | low as u64
}

/// In the order of `GD_*`.
static GDT: KernelCell<[u64; 6]> = KernelCell::new([
    0,
    flat(STA_CODE_READ, 0),
    flat(STA_DATA_WRITE, 0),
    flat(STA_CODE_READ, 3),
    flat(STA_DATA_WRITE, 3),
    0, // the TSS: its address is known at run time
]);

/// Replaces the boot loader's segments by ours and loads the task register.
pub fn init() {
    let mut gdt = GDT.borrow();
    let tss: *const TaskState = &*TSS.borrow();
    gdt[usize::from(GD_TSS0) / 8] = task(tss as u32, size_of::<TaskState>() as u32 - 1);
    let pointer = PseudoDescriptor {
        limit: size_of_val(&*gdt) as u16 - 1,
        base: gdt.as_ptr() as u32,
    };
    // SAFETY: the table lives for ever, and its segments are the flat ones Rust code expects.
    unsafe {
        asm!(
            "lgdt [{pointer}]",
            "mov ds, {data:x}",
            "mov es, {data:x}",
            "mov ss, {data:x}",
            "mov fs, {data:x}",
            "mov gs, {data:x}",
            "push {code}",
            "lea {data}, [2f]",
            "push {data}",
            "retf", // loads %cs
            "2:",
            "lldt {zero:x}",
            "ltr {task:x}",
            pointer = in(reg) &raw const pointer,
            data = inout(reg) u32::from(GD_KD) => _,
            code = in(reg) u32::from(GD_KT),
            zero = in(reg) 0,
            task = in(reg) u32::from(GD_TSS0),
        );
    }
}
