//! Segments and the task state segment: flat ones for both rings, as in kernel/src/x86/segments.rs.
//! SDM Vol. 3A, "Segment Descriptors" and "Task-State Segment (TSS)".

#![expect(unsafe_code, reason = "tables the processor reads, instructions")]

use core::arch::asm;

const KERNEL_CODE: u32 = 0x08;
const KERNEL_DATA: u32 = 0x10;
const TASK: u32 = 0x28;

unsafe extern "C" {
    static trap_stack_top: u8;
}

/// The 32-bit TSS.
#[repr(C)]
struct TaskState {
    link: u32,
    esp0: u32,
    ss0: u32,
    unused: [u32; 22],
    debug_trap: u16,
    /// Beyond the limit: ring 3 may touch no port.
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

static mut TSS: TaskState = TaskState {
    link: 0,
    esp0: 0,
    ss0: KERNEL_DATA,
    unused: [0; 22],
    debug_trap: 0,
    io_map_base: size_of::<TaskState>() as u16,
};

/// A flat code or data segment: granularity 4 KiB, 32-bit, present.
const fn flat(kind: u32, dpl: u32) -> u64 {
    let high = 0x00CF_9000 | kind << 8 | dpl << 13;
    (high as u64) << 32 | 0xFFFF
}

/// An available 32-bit TSS: byte granularity, present, DPL 0.
const fn task(base: u32, limit: u32) -> u64 {
    let low = base << 16 | limit & 0xFFFF;
    let high = base & 0xFF00_0000 | limit & 0xF_0000 | 0x8900 | base >> 16 & 0xFF;
    (high as u64) << 32 | low as u64
}

const CODE_READ: u32 = 0xA;
const DATA_WRITE: u32 = 0x2;

static mut GDT: [u64; 6] = [
    0,
    flat(CODE_READ, 0),
    flat(DATA_WRITE, 0),
    flat(CODE_READ, 3),
    flat(DATA_WRITE, 3),
    0, // the TSS: its address is known at run time
];

/// Replaces the boot loader's segments by ours and loads the task register.
pub fn init() {
    let gdt = &raw mut GDT;
    let tss = &raw mut TSS;
    // SAFETY: nothing else has these tables before they are loaded, and the segments are flat.
    unsafe {
        (*tss).esp0 = &raw const trap_stack_top as u32;
        (*gdt)[TASK as usize / 8] = task(tss as u32, size_of::<TaskState>() as u32 - 1);
        let pointer = PseudoDescriptor {
            limit: size_of::<[u64; 6]>() as u16 - 1,
            base: gdt as u32,
        };
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
            "ltr {task:x}",
            pointer = in(reg) &raw const pointer,
            data = inout(reg) KERNEL_DATA => _,
            code = in(reg) KERNEL_CODE,
            task = in(reg) TASK,
        );
    }
}
