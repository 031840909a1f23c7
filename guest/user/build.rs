//! Names the linker script, and assembles what `faultregs` needs.

use std::process::Command;
use std::{env, fs};

fn main() {
    let guest = fs::canonicalize("..").expect("the workspace root");
    let out = env::var("OUT_DIR").expect("cargo sets OUT_DIR");

    let script = guest.join("boot/user.ld");
    println!("cargo:rerun-if-changed={}", script.display());
    println!("cargo:rustc-link-arg-bins=-T{}", script.display());

    let (source, object) = ("user/asm/faultregs.S", format!("{out}/faultregs.o"));
    let map = format!("--debug-prefix-map={}=.", guest.display());
    println!("cargo:rerun-if-changed={}", guest.join(source).display());
    let mut assemble = Command::new("as");
    assemble
        .args(["--32", "-g", "--gdwarf-4", &map, source, "-o", &object])
        .current_dir(&guest);
    let status = assemble
        .status()
        .unwrap_or_else(|error| panic!("{assemble:?}: {error}"));
    assert!(status.success(), "{assemble:?}: {status}");
    println!("cargo:rustc-link-arg-bin=faultregs={object}");
}
