//! Page-fault handlers of user programs. JOS `lib/pgfault.c`.

#![expect(unsafe_code, reason = "called by pfentry.S")]

use crate::syscall::{sys_env_set_pgfault_upcall, sys_page_alloc};
use abi::memlayout::{PGSIZE, UXSTACKTOP};
use abi::{EnvId, Perm, SysError, UTrapframe};
use core::sync::atomic::{AtomicPtr, Ordering};

/// Handles a page fault, on the exception stack. The program goes on at `frame` when it returns.
pub type Handler = fn(&mut UTrapframe);

unsafe extern "C" {
    /// From pfentry.S.
    fn pgfault_upcall();
}

/// The `Handler` in use; null when there is none.
static HANDLER: AtomicPtr<()> = AtomicPtr::new(core::ptr::null_mut());

/// Called by pfentry.S.
#[unsafe(no_mangle)]
extern "C" fn pgfault_handler(frame: &mut UTrapframe) {
    let handler = HANDLER.load(Ordering::Relaxed);
    assert!(!handler.is_null(), "a page fault without a handler");
    // SAFETY: only `set_pgfault_handler` stores here, and it stores a `Handler`.
    let handler = unsafe { core::mem::transmute::<*mut (), Handler>(handler) };
    handler(frame);
}

/// Sends this environment's page faults to `handler`. The first call maps the exception stack.
pub fn set_pgfault_handler(handler: Handler) {
    if HANDLER.load(Ordering::Relaxed).is_null() {
        give_exception_stack(EnvId::NONE).expect("a page for the exception stack");
    }
    HANDLER.store(handler as *mut (), Ordering::Relaxed);
}

/// Gives an environment an exception stack, and our upcall.
pub fn give_exception_stack(envid: EnvId) -> Result<(), SysError> {
    // SAFETY: nothing else is ever mapped there; the upcall calls `pgfault_handler`.
    unsafe {
        sys_page_alloc(envid, (UXSTACKTOP - PGSIZE) as *mut u8, Perm::WRITE)?;
        sys_env_set_pgfault_upcall(envid, pgfault_upcall as *const () as u32)
    }
}
