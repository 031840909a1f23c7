//! Assembles the kernel's `.S` files with GNU as and names the linker script.
//!
//! `as`, not `global_asm!`: only it gives assembly lines and call frame information
//! (docs/decisions/0001).

use std::path::Path;
use std::process::Command;
use std::{env, fs};

const SOURCES: [&str; 2] = ["boot/entry.S", "kernel/src/trap/trapentry.S"];
const LINKER_SCRIPT: &str = "boot/kernel.ld";

fn main() {
    let guest = fs::canonicalize("..").expect("the workspace root");
    let out = env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    for source in SOURCES {
        let stem = Path::new(source)
            .file_stem()
            .expect("a file name")
            .to_string_lossy()
            .into_owned();
        let object = format!("{out}/{stem}.o");
        println!("cargo:rerun-if-changed={}", guest.join(source).display());
        println!("cargo:rustc-link-arg-bins={object}");
        let map = format!("--debug-prefix-map={}=.", guest.display());
        run(Command::new("as")
            .args(["--32", "-g", "--gdwarf-4", &map, source, "-o", &object])
            .current_dir(&guest));
    }
    let script = guest.join(LINKER_SCRIPT);
    println!("cargo:rerun-if-changed={}", script.display());
    println!("cargo:rustc-link-arg-bins=-T{}", script.display());
}

fn run(command: &mut Command) {
    let status = command
        .status()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(status.success(), "{command:?}: {status}");
}
