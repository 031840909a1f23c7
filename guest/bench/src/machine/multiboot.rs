//! The command line. Multiboot Specification 0.6.96, "Boot information format".

#![expect(unsafe_code, reason = "structures of the boot loader")]

use core::ffi::{CStr, c_char};

const LOADER_MAGIC: u32 = 0x2BAD_B002;
const FLAG_COMMAND_LINE: u32 = 1 << 2;

/// The loader's structure, as far as we read it.
#[repr(C)]
struct Info {
    flags: u32,
    mem_lower_kib: u32,
    mem_upper_kib: u32,
    boot_device: u32,
    command_line: *const c_char,
}

/// The command line, where the loader put it; empty when there is none.
pub fn command_line(magic: u32, info: u32) -> &'static [u8] {
    assert!(magic == LOADER_MAGIC);
    // SAFETY: the magic says that a multiboot information structure is there.
    let info: &Info = unsafe { &*(info as *const Info) };
    if info.flags & FLAG_COMMAND_LINE == 0 {
        return &[];
    }
    // SAFETY: the flag says that a C string is there.
    unsafe { CStr::from_ptr(info.command_line) }.to_bytes()
}
