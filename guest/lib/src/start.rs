//! From the entry point to the program's `main`, and from its end to the kernel. JOS
//! `lib/libmain.c`, `lib/exit.c`.

#![expect(unsafe_code, reason = "called by start.S")]

use crate::syscall::sys_env_destroy;
use abi::EnvId;

unsafe extern "Rust" {
    /// Defined by `program!`.
    safe fn umain();
}

/// Called by start.S.
#[unsafe(no_mangle)]
extern "C" fn libmain() -> ! {
    umain();
    exit()
}

/// Ends this environment.
pub fn exit() -> ! {
    // An environment may always end itself, so this does not come back.
    let _ = sys_env_destroy(EnvId::NONE);
    unreachable!("the kernel let an environment live that ended itself")
}

/// Makes a function the program's start.
#[macro_export]
macro_rules! program {
    ($main:path) => {
        #[unsafe(no_mangle)]
        fn umain() {
            $main()
        }
    };
}
