//! Prints a trap frame, in JOS's form. JOS `print_trapframe`.

use crate::pic::IRQ_OFFSET;
use crate::println;
use crate::trap::T_PGFLT;
use crate::x86::control::rcr2;
use abi::Trapframe;
use abi::syscall::T_SYSCALL;
use abi::trap::{FEC_PR, FEC_U, FEC_WR};

const NAMES: [&str; 20] = [
    "Divide error",
    "Debug",
    "Non-Maskable Interrupt",
    "Breakpoint",
    "Overflow",
    "BOUND Range Exceeded",
    "Invalid Opcode",
    "Device Not Available",
    "Double Fault",
    "Coprocessor Segment Overrun",
    "Invalid TSS",
    "Segment Not Present",
    "Stack Fault",
    "General Protection",
    "Page Fault",
    "(unknown trap)",
    "x87 FPU Floating-Point Error",
    "Alignment Check",
    "Machine-Check",
    "SIMD Floating-Point Exception",
];

/// The vector in words.
pub fn trap_name(vector: u32) -> &'static str {
    let irqs = u32::from(IRQ_OFFSET)..u32::from(IRQ_OFFSET) + 16;
    match NAMES.get(vector as usize) {
        Some(name) => name,
        None if vector == u32::from(T_SYSCALL) => "System call",
        None if irqs.contains(&vector) => "Hardware Interrupt",
        None => "(unknown trap)",
    }
}

/// Prints the frame. `esp` and `ss` are part of it only when it came from user mode.
pub fn print_trapframe(tf: &Trapframe) {
    println!(
        "TRAP frame at {:#010x} from CPU 0",
        core::ptr::from_ref(tf).addr()
    );
    let regs = &tf.regs;
    println!("  edi  {:#010x}", regs.edi);
    println!("  esi  {:#010x}", regs.esi);
    println!("  ebp  {:#010x}", regs.ebp);
    println!("  oesp {:#010x}", regs.oesp);
    println!("  ebx  {:#010x}", regs.ebx);
    println!("  edx  {:#010x}", regs.edx);
    println!("  ecx  {:#010x}", regs.ecx);
    println!("  eax  {:#010x}", regs.eax);
    println!("  es   0x----{:04x}", tf.es);
    println!("  ds   0x----{:04x}", tf.ds);
    println!("  trap {:#010x} {}", tf.trapno, trap_name(tf.trapno));
    if tf.trapno == T_PGFLT {
        let who = if tf.err & FEC_U != 0 {
            "user"
        } else {
            "kernel"
        };
        let what = if tf.err & FEC_WR != 0 {
            "write"
        } else {
            "read"
        };
        let why = if tf.err & FEC_PR != 0 {
            "protection"
        } else {
            "not-present"
        };
        println!("  cr2  {:#010x}", rcr2().0);
        println!("  err  {:#010x} [{who}, {what}, {why}]", tf.err);
    } else {
        println!("  err  {:#010x}", tf.err);
    }
    println!("  eip  {:#010x}", tf.eip);
    println!("  cs   0x----{:04x}", tf.cs);
    println!("  flag {:#010x}", tf.eflags);
    if tf.from_user() {
        println!("  esp  {:#010x}", tf.esp);
        println!("  ss   0x----{:04x}", tf.ss);
    }
}
