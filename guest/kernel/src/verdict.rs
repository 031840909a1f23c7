//! How the run ended, told to whoever runs the machine: a write to port 0xF4.
//!
//! QEMU's `isa-debug-exit` at that port ends QEMU with status `verdict << 1 | 1`; on a machine
//! without one, the write does nothing and the kernel goes on into the monitor.

use crate::x86::port::outl;

const DEBUG_EXIT: u16 = 0xF4;

/// What the port is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum Verdict {
    /// The initial program ended by itself.
    Exited = 0,
    /// It did not: a fault or a panic ended it, another environment did, or it waits for ever.
    Failed = 1,
    /// The kernel panicked.
    KernelPanic = 2,
}

/// Reports `verdict`. Returns on a machine that has nobody to report to.
pub fn report(verdict: Verdict) {
    outl(DEBUG_EXIT, verdict as u32);
}
