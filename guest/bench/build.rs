//! Assembles the `.S` files with GNU as, as the kernel's build.rs does, and names the linker script.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

const SOURCES: [&str; 4] = [
    "bench/asm/entry.S",
    "bench/asm/trap.S",
    "bench/asm/string.S",
    "bench/asm/x87.S",
];
const LINKER_SCRIPT: &str = "bench/bench.ld";

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
        let status = Command::new("as")
            .args(["--32", "-g", "--gdwarf-4", &map, source, "-o", &object])
            .current_dir(&guest)
            .status()
            .unwrap_or_else(|error| panic!("as {source}: {error}"));
        assert!(status.success(), "as {source}: {status}");
    }
    let script = guest.join(LINKER_SCRIPT);
    println!("cargo:rerun-if-changed={}", script.display());
    println!("cargo:rustc-link-arg-bins=-T{}", script.display());
}
