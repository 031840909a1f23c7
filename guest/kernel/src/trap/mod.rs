//! Traps: where the kernel is entered. JOS `kern/trap.c`.
//!
//! From user mode, the registers are saved in the environment's entry, the cause is dealt with, and
//! whoever runs next is resumed from the table: `trap` does not return. From kernel mode, only the
//! monitor's wait for input can be interrupted: `trap` returns to it. Everything else from kernel
//! mode is a bug.

pub mod idt;
pub mod page_fault;
pub mod print;

use crate::console::{self, keyboard, serial};
use crate::env::run::env_run;
use crate::env::{ENVS, Ending, EnvTable, curenv, env_destroy};
use crate::monitor;
use crate::pic::{self, IRQ_KEYBOARD, IRQ_OFFSET, IRQ_SERIAL, IRQ_SPURIOUS, IRQ_TIMER};
use crate::sched::sched_yield;
use crate::syscall::syscall;
use crate::x86::control::{rcr2, read_eflags};
use abi::memlayout::GD_KT;
use abi::syscall::T_SYSCALL;
use abi::trap::FL_IF;
use abi::{EnvStatus, Trapframe};

/// `int3`.
pub const T_BRKPT: u32 = 3;
/// Page fault.
pub const T_PGFLT: u32 = 14;

/// What is left to do when a trap has been dealt with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum After {
    /// Go on with the environment that trapped, if it still may run.
    Resume,
    /// Let another one run.
    Reschedule,
}

/// Called by trapentry.S with the frame it pushed. Returns only when the trap came from kernel
/// mode.
#[expect(unsafe_code, reason = "called by trapentry.S")]
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn trap(frame: &mut Trapframe) {
    assert!(
        read_eflags() & FL_IF == 0,
        "interrupts are on in the kernel"
    );
    if !frame.from_user() {
        return kernel_trap(frame);
    }
    let (after, still_running) = {
        let mut envs = ENVS.borrow();
        let env = envs.current();
        assert!(
            env.status == EnvStatus::Running,
            "a trap from an environment that is not running"
        );
        env.tf = *frame;
        let after = trap_dispatch(&mut envs, frame);
        (
            after,
            curenv().filter(|id| envs.slots[id.index()].status == EnvStatus::Running),
        )
    };
    match still_running {
        Some(id) if after == After::Resume => env_run(id),
        _ => sched_yield(),
    }
}

/// Deals with a trap from user mode. `frame` is as it was at the trap; changes go to the
/// environment's own copy.
#[inline(never)]
fn trap_dispatch(envs: &mut EnvTable, frame: &Trapframe) -> After {
    const SYSCALL: u32 = T_SYSCALL as u32;
    match frame.trapno {
        SYSCALL => return syscall(envs, frame),
        T_PGFLT => page_fault::page_fault_handler(envs, frame, rcr2()),
        T_BRKPT if monitor::takes_breakpoints() => {
            // The saved copy: its address is the one the message names, as in JOS.
            monitor::enter(Some(&envs.current().tf));
        }
        vector => match irq_of(vector) {
            Some(IRQ_TIMER) => {
                pic::end_of_interrupt(IRQ_TIMER);
                return After::Reschedule;
            }
            Some(irq) => interrupt(irq),
            None => {
                print::print_trapframe(&envs.current().tf);
                unhandled_user_fault(envs, frame);
            }
        },
    }
    After::Resume
}

/// The interrupt line behind a vector.
fn irq_of(vector: u32) -> Option<u8> {
    let first = u32::from(IRQ_OFFSET);
    (first..first + 16)
        .contains(&vector)
        .then(|| (vector - first) as u8)
}

/// A device other than the timer wants something.
fn interrupt(irq: u8) {
    if irq == IRQ_SPURIOUS {
        // 8259A datasheet, "Edge and Level Triggered Modes": a default IRQ 7 is not in service, so
        // there is no end.
        crate::println!("Spurious interrupt on irq 7");
        return;
    }
    pic::end_of_interrupt(irq);
    match irq {
        IRQ_SERIAL => console::collect(serial::getc),
        IRQ_KEYBOARD => console::collect(keyboard::getc),
        _ => {}
    }
}

/// A trap from kernel mode.
fn kernel_trap(frame: &Trapframe) {
    match irq_of(frame.trapno) {
        Some(irq) => interrupt(irq),
        None => {
            print::print_trapframe(frame);
            assert!(
                frame.cs == GD_KT,
                "a trap from a code segment that is not ours"
            );
            if frame.trapno == T_PGFLT {
                panic!(
                    "page fault in kernel mode, va {:08x} ip {:08x}",
                    rcr2().0,
                    frame.eip
                );
            }
            panic!(
                "unhandled trap in kernel: {}",
                print::trap_name(frame.trapno)
            );
        }
    }
}

/// The current environment did what nobody handles. A debugger stops here: all of it is still
/// there.
#[inline(never)]
pub fn unhandled_user_fault(envs: &mut EnvTable, _frame: &Trapframe) {
    let id = envs.current().id;
    env_destroy(envs, id, Ending::Fault);
}
