//! A page fault changes no register: not in what the handler sees, nor after it returns. JOS
//! `user/faultregs.c`.

#![no_std]
#![no_main]
#![expect(unsafe_code, reason = "a fault in assembly")]

use core::ptr::addr_of;
use jos::abi::memlayout::UTEMP;
use jos::abi::{PushRegs, UTrapframe};
use jos::pgfault::set_pgfault_handler;
use jos::println;
use jos::syscall::sys_page_alloc;
use jos::{EnvId, Perm};

jos::program!(main);

/// All registers, in the order of a `UTrapframe`.
#[derive(Clone, Copy)]
#[repr(C)]
struct Registers {
    regs: PushRegs,
    eip: u32,
    eflags: u32,
    esp: u32,
}

unsafe extern "C" {
    // From faultregs.S.
    fn fault_with_known_registers();
    static registers_before: Registers;
    static registers_after: Registers;
}

/// What was saved before and after the fault.
fn before() -> Registers {
    // SAFETY: any bits are valid; the assembly has stored what the name says.
    unsafe { addr_of!(registers_before).read_volatile() }
}

fn after() -> Registers {
    // SAFETY: as above.
    unsafe { addr_of!(registers_after).read_volatile() }
}

/// EFLAGS: resume. A CPU saves it set for every fault, so that the instruction does not meet a
/// debug trap again (SDM Vol. 3B, "Resume Flag"); QEMU leaves it clear. JOS looks past it too.
const FL_RF: u32 = 0x0001_0000;

fn handler(frame: &mut UTrapframe) {
    assert!(
        frame.fault_va == UTEMP,
        "fault at {:08x} instead of UTEMP, eip {:08x}",
        frame.fault_va,
        frame.eip
    );
    let eflags = frame.eflags & !FL_RF;
    let during = Registers {
        regs: frame.regs,
        eip: frame.eip,
        eflags,
        esp: frame.esp,
    };
    check(&before(), &during, "in UTrapframe");
    // Map UTEMP, so that the write succeeds.
    // SAFETY: nothing is mapped there.
    unsafe { sys_page_alloc(EnvId::NONE, UTEMP as *mut u8, Perm::WRITE) }.expect("a page at UTEMP");
}

fn check(one: &Registers, other: &Registers, place: &str) {
    let rows = |r: &Registers| {
        [
            ("edi", r.regs.edi),
            ("esi", r.regs.esi),
            ("ebp", r.regs.ebp),
            ("ebx", r.regs.ebx),
            ("edx", r.regs.edx),
            ("ecx", r.regs.ecx),
            ("eax", r.regs.eax),
            ("eip", r.eip),
            ("eflags", r.eflags),
            ("esp", r.esp),
        ]
    };
    let mut verdict = "OK";
    for ((name, expected), (_, found)) in rows(one).into_iter().zip(rows(other)) {
        if expected != found {
            println!("  {name:<6} {expected:08x} {found:08x} MISMATCH");
            verdict = "MISMATCH";
        }
    }
    println!("Registers {place} {verdict}");
}

fn main() {
    set_pgfault_handler(handler);
    // SAFETY: keeps all registers of its caller's.
    unsafe { fault_with_known_registers() };
    // The write has happened, so eip came back right.
    // SAFETY: the handler has mapped UTEMP.
    if unsafe { (UTEMP as *const u32).read_volatile() } != 42 {
        println!("EIP after page-fault MISMATCH");
    }
    check(&before(), &after(), "after page-fault");
}
