//! The environment table, as the kernel lets us see it at `UENVS`.

#![expect(unsafe_code, reason = "the kernel's table at UENVS")]

use crate::syscall::sys_getenvid;
use abi::memlayout::UENVS;
use abi::{Env, EnvId};

/// A copy of the table's entry for `id`: a moment later it may be different.
pub fn lookup(id: EnvId) -> Env {
    let slot = UENVS as usize + id.index() * size_of::<Env>();
    // SAFETY: the kernel maps all slots there, and writes only valid entries.
    unsafe { (slot as *const Env).read_volatile() }
}

/// Our own entry. JOS's `thisenv`; asked for anew each time, so `fork` has nothing to mend.
pub fn this() -> Env {
    lookup(sys_getenvid())
}
