//! Page faults of user programs: reflected to the program's own handler, on its exception stack.
//! JOS `page_fault_handler`, whose comment explains the stack's form.

use crate::env::EnvTable;
use crate::mem::user::{Access, UserSlice};
use crate::syscall::user_mem_assert;
use crate::trap::print::print_trapframe;
use crate::trap::unhandled_user_fault;
use abi::memlayout::{PGSIZE, UXSTACKTOP};
use abi::{Trapframe, UTrapframe, VirtAddr};

/// Room that a nested fault leaves for pfentry.S to push the return address into.
const SCRATCH: u32 = 4;

/// Calls the program's page-fault handler; destroys the environment where it has none.
pub fn page_fault_handler(envs: &mut EnvTable, frame: &Trapframe, fault_va: VirtAddr) {
    let env = envs.current();
    if env.pgfault_upcall == VirtAddr(0) {
        crate::println!(
            "[{}] user fault va {:08x} ip {:08x}",
            env.id,
            fault_va.0,
            frame.eip
        );
        print_trapframe(&env.tf);
        return unhandled_user_fault(envs, frame);
    }
    let size = size_of::<UTrapframe>() as u32;
    let nested = (UXSTACKTOP - PGSIZE..UXSTACKTOP).contains(&frame.esp);
    let at = if nested {
        frame.esp - SCRATCH - size
    } else {
        UXSTACKTOP - size
    };
    let utf = UTrapframe {
        fault_va: fault_va.0,
        err: frame.err,
        regs: frame.regs,
        eip: frame.eip,
        eflags: frame.eflags,
        esp: frame.esp,
    };
    let stack = UserSlice::of::<UTrapframe>(VirtAddr(at));
    if user_mem_assert(envs, frame, stack, Access::Write, |mut checked| {
        checked.write(utf)
    })
    .is_some()
    {
        let env = envs.current();
        env.tf.eip = env.pgfault_upcall.0;
        env.tf.esp = at;
    }
}
