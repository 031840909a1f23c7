//! Leaves the kernel for an environment. JOS `env_run` and `env_pop_tf`.

#![expect(unsafe_code, reason = "leaves the kernel by trapentry.S")]

use crate::env::{CURENV, ENVS, curenv};
use abi::{EnvId, EnvStatus, Trapframe};
use core::sync::atomic::Ordering;

unsafe extern "C" {
    /// From trapentry.S: loads all registers from `tf`, `iret`.
    fn env_pop_tf(tf: *const Trapframe) -> !;
}

/// Gives the CPU to an environment. The one that had it becomes runnable, unless it blocked.
#[inline(never)]
pub fn env_run(id: EnvId) -> ! {
    let tf: *const Trapframe = {
        let mut envs = ENVS.borrow();
        if let Some(before) = curenv().filter(|before| *before != id) {
            let before = &mut envs.slots[before.index()];
            if before.status == EnvStatus::Running {
                before.status = EnvStatus::Runnable;
            }
        }
        let env = &mut envs.slots[id.index()];
        env.status = EnvStatus::Running;
        env.runs += 1;
        CURENV.store(id.0, Ordering::Relaxed);
        let space = env
            .pgdir
            .as_ref()
            .expect("a live environment has an address space");
        if !space.is_loaded() {
            space.load();
        }
        &raw const env.tf
    };
    // SAFETY: the table lives for ever; the frame's selectors are user segments, and its IOPL is 0:
    // `alloc` and `sys_env_set_trapframe` see to that, and the CPU cannot have left user mode with
    // others.
    unsafe { env_pop_tf(tf) }
}
