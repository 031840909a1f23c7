//! Assembles the user library's `.S` files with GNU as, into an archive that goes with the library.
//!
//! `as`, not `global_asm!`: only it gives assembly lines and call frame information
//! (docs/decisions/0001).

use std::path::Path;
use std::process::Command;
use std::{env, fs};

const SOURCES: [&str; 2] = ["lib/asm/start.S", "lib/asm/pfentry.S"];

fn main() {
    let guest = fs::canonicalize("..").expect("the workspace root");
    let out = env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    let archive = format!("{out}/libentry.a");
    let map = format!("--debug-prefix-map={}=.", guest.display());
    // An archive is updated in place; start from none.
    let _ = fs::remove_file(&archive);
    for source in SOURCES {
        let stem = Path::new(source)
            .file_stem()
            .expect("a file name")
            .to_string_lossy()
            .into_owned();
        let object = format!("{out}/{stem}.o");
        println!("cargo:rerun-if-changed={}", guest.join(source).display());
        run(Command::new("as")
            .args(["--32", "-g", "--gdwarf-4", &map, source, "-o", &object])
            .current_dir(&guest));
        run(Command::new("ar").args(["rcD", &archive, &object]));
    }
    println!("cargo:rustc-link-search=native={out}");
    println!("cargo:rustc-link-lib=static:+whole-archive=entry");
}

fn run(command: &mut Command) {
    let status = command
        .status()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(status.success(), "{command:?}: {status}");
}
