//! Kernel panic: JOS's line, the verdict, the monitor. JOS `kern/init.c`, `_panic`.

use crate::monitor;
use crate::verdict::{Verdict, report};
use core::panic::PanicInfo;
use core::sync::atomic::{AtomicBool, Ordering};

/// Set by the first panic: the monitor may then trust nothing.
pub static PANICKED: AtomicBool = AtomicBool::new(false);

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    kernel_panic(info)
}

#[inline(never)]
fn kernel_panic(info: &PanicInfo<'_>) -> ! {
    if !PANICKED.swap(true, Ordering::Relaxed) {
        let (file, line) = info
            .location()
            .map_or(("<unknown>", 0), |place| (place.file(), place.line()));
        crate::println!("kernel panic on CPU 0 at {file}:{line}: {}", info.message());
        kernel_panicked(info);
        report(Verdict::KernelPanic);
    }
    loop {
        monitor::enter(None);
    }
}

/// A debugger stops here: the message is on the console, the frames that led to it are still there.
#[inline(never)]
fn kernel_panicked(_info: &PanicInfo<'_>) {}
