//! The interrupt table and what the traps do: page faults map a page, vector 0x30 is the system call,
//! and nothing else may happen. SDM Vol. 3A, "Interrupt Descriptor Table (IDT)".

#![expect(unsafe_code, reason = "tables the processor reads, instructions")]

use super::segments::PseudoDescriptor;
use super::serial::Serial;
use super::{exit, paging};
use crate::VERDICT_FAILED;
use crate::text::{write_decimal, write_hex};
use core::arch::asm;

const PAGE_FAULT: u32 = 14;
const SYSTEM_CALL: u32 = 0x30;
/// Present, 32-bit interrupt gate.
const GATE: u32 = 0x8E00;
const GATE_FROM_RING_3: u32 = GATE | 3 << 13;
const KERNEL_CODE: u32 = 0x08;

/// System calls: `%eax` says which, `%edx` is the argument.
const CALL_LEAVE: u32 = 0;
const CALL_COUNT: u32 = 1;

/// What asm/trap.S has pushed.
#[repr(C)]
pub struct Frame {
    edi: u32,
    esi: u32,
    ebp: u32,
    trap_esp: u32,
    ebx: u32,
    edx: u32,
    ecx: u32,
    eax: u32,
    es: u32,
    ds: u32,
    vector: u32,
    error: u32,
    eip: u32,
    cs: u32,
    eflags: u32,
}

unsafe extern "C" {
    static trap_vectors: [u32; 32];
    fn trap_system_call();
    fn enter_user(count: u32) -> u32;
    fn leave_user(result: u32) -> !;
}

static mut IDT: [u64; SYSTEM_CALL as usize + 1] = [0; SYSTEM_CALL as usize + 1];

/// A gate to `handler`.
fn gate(handler: u32, kind: u32) -> u64 {
    u64::from(handler & 0xFFFF_0000 | kind) << 32 | u64::from(KERNEL_CODE << 16 | handler & 0xFFFF)
}

/// Fills and loads the table.
pub fn init() {
    let idt = &raw mut IDT;
    // SAFETY: nothing else has the table, and every gate leads to asm/trap.S.
    unsafe {
        for (vector, &handler) in (*(&raw const trap_vectors)).iter().enumerate() {
            (*idt)[vector] = gate(handler, GATE);
        }
        (*idt)[SYSTEM_CALL as usize] = gate(trap_system_call as *const () as u32, GATE_FROM_RING_3);
        let pointer = PseudoDescriptor {
            limit: size_of::<[u64; SYSTEM_CALL as usize + 1]>() as u16 - 1,
            base: idt as u32,
        };
        asm!("lidt [{}]", in(reg) &raw const pointer, options(nostack));
    }
}

/// Makes `count` system calls (not 0) from ring 3. @returns the sum of their results
pub fn run_user(count: u32) -> u32 {
    // SAFETY: the user's code and stack are mapped for ring 3, and system call 0 leads back here.
    unsafe { enter_user(count) }
}

/// Called by asm/trap.S.
#[unsafe(no_mangle)]
extern "C" fn trap(frame: &mut Frame) {
    match frame.vector {
        SYSTEM_CALL => system_call(frame),
        PAGE_FAULT => {
            let address: u32;
            // SAFETY: reading has no effect.
            unsafe { asm!("mov {}, cr2", out(reg) address, options(nomem, nostack)) };
            if !paging::map_touched(address) {
                unexpected(frame, address);
            }
        }
        _ => unexpected(frame, 0),
    }
}

fn system_call(frame: &mut Frame) {
    match frame.eax {
        // SAFETY: only `enter_user` leads to ring 3.
        CALL_LEAVE => unsafe { leave_user(frame.edx) },
        CALL_COUNT => frame.eax = frame.edx.rotate_left(5) ^ 0x5A5A,
        _ => unexpected(frame, 0),
    }
}

#[cold]
fn unexpected(frame: &Frame, address: u32) -> ! {
    Serial.text("bench: trap ");
    write_decimal(&mut Serial, frame.vector);
    for (name, value) in [
        (" error ", frame.error),
        (" eip ", frame.eip),
        (" cs ", frame.cs),
        (" cr2 ", address),
    ] {
        Serial.text(name);
        write_hex(&mut Serial, value);
    }
    Serial.text("\n");
    exit(VERDICT_FAILED)
}
