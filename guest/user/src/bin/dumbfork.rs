//! Forks by copying every page at once. JOS `user/dumbfork.c`.

#![no_std]
#![no_main]
#![expect(unsafe_code, reason = "copies pages between address spaces")]

use jos::abi::memlayout::{PGSIZE, USTACKSIZE, USTACKTOP, UTEMP, UTEXT};
use jos::abi::{EnvStatus, VirtAddr};
use jos::memory::is_mapped;
use jos::println;
use jos::syscall::{
    sys_env_set_status, sys_exofork, sys_page_alloc, sys_page_map, sys_page_unmap, sys_yield,
};
use jos::{EnvId, Perm, SysError};

jos::program!(main);

fn main() {
    let child = dumbfork().expect("dumbfork");
    let (who, rounds) = if child == EnvId::NONE {
        ("child", 20)
    } else {
        ("parent", 10)
    };
    for round in 0..rounds {
        println!("{round}: I am the {who}.");
        sys_yield();
    }
}

/// Copies our page at `va` to the same place in the child.
fn duppage(child: EnvId, va: u32) -> Result<(), SysError> {
    let (page, window) = (va as *mut u8, UTEMP as *mut u8);
    // SAFETY: nothing else uses UTEMP; the child does not run yet.
    unsafe {
        sys_page_alloc(child, page, Perm::WRITE)?;
        sys_page_map(child, page, EnvId::NONE, window, Perm::WRITE)?;
        window.copy_from_nonoverlapping(page, PGSIZE as usize);
        sys_page_unmap(EnvId::NONE, window)
    }
}

/// 0 in the child, its id in the parent.
fn dumbfork() -> Result<EnvId, SysError> {
    // SAFETY: the child gets a copy of this stack below, before it runs.
    let child = unsafe { sys_exofork() }?;
    if child == EnvId::NONE {
        return Ok(child); // we are the child
    }
    // All of program and data, then the stack. (There is nothing on the heap.)
    let program = (UTEXT..)
        .step_by(PGSIZE as usize)
        .take_while(|va| is_mapped(VirtAddr(*va)));
    let stack = (USTACKTOP - USTACKSIZE..USTACKTOP).step_by(PGSIZE as usize);
    for va in program.chain(stack) {
        duppage(child, va)?;
    }
    sys_env_set_status(child, EnvStatus::Runnable)?;
    Ok(child)
}
