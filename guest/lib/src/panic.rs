//! User panic. JOS `lib/panic.c`: a line, then `int3` for ever, which the kernel's monitor or a
//! debugger takes.

#![expect(unsafe_code, reason = "`int3`")]

use crate::{env, println, syscall};
use core::arch::asm;
use core::panic::PanicInfo;

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    user_panic(info)
}

#[inline(never)]
fn user_panic(info: &PanicInfo<'_>) -> ! {
    let (file, line) = info
        .location()
        .map_or(("<unknown>", 0), |place| (place.file(), place.line()));
    let this = env::this();
    println!(
        "[{}] user panic in {} at {file}:{line}: {}",
        syscall::sys_getenvid(),
        this.name.as_str(),
        info.message()
    );
    user_panicked(info);
    loop {
        // SAFETY: a trap that changes nothing.
        unsafe { asm!("int3") };
    }
}

/// A debugger stops here: the message is on the console, the frames that led to it are still there.
#[inline(never)]
fn user_panicked(_info: &PanicInfo<'_>) {}
