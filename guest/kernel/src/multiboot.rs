//! What the boot loader tells us. Multiboot Specification 0.6.96, "Boot information format".
//!
//! Everything is copied out at once, so that the loader's own structures need not be kept.

#![expect(unsafe_code, reason = "structures of the boot loader")]

use crate::cell::KernelCell;
use abi::EnvName;
use abi::PhysAddr;
use abi::memlayout::{EXTPHYSMEM, KERNBASE, PHYSMEM_MAX};
use core::ffi::CStr;

const LOADER_MAGIC: u32 = 0x2BAD_B002;
const FLAG_MEMORY: u32 = 1 << 0;
const FLAG_COMMAND_LINE: u32 = 1 << 2;
const FLAG_MODULES: u32 = 1 << 3;

/// Most modules we remember.
const MODULES_MAX: usize = 64;
/// Most bytes of the command line we remember.
const COMMAND_LINE_MAX: usize = 256;

/// The loader's structure, as far as we read it.
#[repr(C)]
struct Info {
    flags: u32,
    mem_lower_kib: u32,
    mem_upper_kib: u32,
    boot_device: u32,
    command_line: PhysAddr,
    modules_count: u32,
    modules: PhysAddr,
}

#[repr(C)]
struct ModuleRecord {
    start: PhysAddr,
    end: PhysAddr,
    string: PhysAddr,
    reserved: u32,
}

/// A file the loader put into memory: the ELF of a user program.
#[derive(Clone, Copy)]
pub struct Module {
    /// The program's name.
    pub name: EnvName,
    /// The file.
    pub bytes: &'static [u8],
}

/// What we keep of the loader's structures.
pub struct BootInfo {
    /// Memory below 640 KiB, in KiB.
    pub base_kib: u32,
    /// Memory above 1 MiB, in KiB.
    pub extended_kib: u32,
    /// End of everything the loader has placed above 1 MiB.
    pub loaded_end: PhysAddr,
    modules: [Module; MODULES_MAX],
    modules_count: usize,
    command_line: [u8; COMMAND_LINE_MAX],
    command_line_length: usize,
}

/// Filled by `read`.
pub static BOOT: KernelCell<BootInfo> = KernelCell::new(BootInfo {
    base_kib: 0,
    extended_kib: 0,
    loaded_end: PhysAddr(0),
    modules: [Module {
        name: EnvName::EMPTY,
        bytes: &[],
    }; MODULES_MAX],
    modules_count: 0,
    command_line: [0; COMMAND_LINE_MAX],
    command_line_length: 0,
});

impl BootInfo {
    /// The programs there are.
    pub fn modules(&self) -> &[Module] {
        &self.modules[..self.modules_count]
    }

    /// The program with that name.
    pub fn find(&self, name: &str) -> Option<Module> {
        self.modules()
            .iter()
            .find(|module| module.name.as_str() == name)
            .copied()
    }

    /// The programs to run: the words after the kernel's name that are no options.
    pub fn programs(&self) -> impl Iterator<Item = &str> {
        self.words().filter(|word| !word.contains('='))
    }

    /// The value of the option `key=value`.
    pub fn option(&self, key: &str) -> Option<&str> {
        self.words().find_map(|word| {
            word.split_once('=')
                .filter(|pair| pair.0 == key)
                .map(|pair| pair.1)
        })
    }

    /// The command line without its first word, the kernel's name.
    fn words(&self) -> impl Iterator<Item = &str> {
        let text =
            core::str::from_utf8(&self.command_line[..self.command_line_length]).unwrap_or("");
        text.split_ascii_whitespace().skip(1)
    }
}

/// `KERNBASE + address`: entry.S maps all physical memory there before Rust runs.
fn pointer<T>(address: PhysAddr) -> *const T {
    assert!(
        address.0 < PHYSMEM_MAX,
        "the boot loader points to {address:?}, beyond what is mapped"
    );
    (KERNBASE + address.0) as *const T
}

/// The loader's string at `address`, and where it ends.
fn string(address: PhysAddr) -> (&'static [u8], PhysAddr) {
    // SAFETY: the specification promises a C string there; nothing writes to it while we look.
    let text = unsafe { CStr::from_ptr(pointer(address)) }.to_bytes();
    (text, PhysAddr(address.0 + text.len() as u32 + 1))
}

/// A module's string is `[folder/]program[.elf]`, or that and more words: QEMU puts the file's name
/// before ours.
fn program_name(string: &[u8]) -> EnvName {
    let text = core::str::from_utf8(string).unwrap_or("");
    let word = text.split_ascii_whitespace().last().unwrap_or("");
    let base = word.rsplit('/').next().unwrap_or(word);
    EnvName::new(base.strip_suffix(".elf").unwrap_or(base))
}

/// Reads the loader's structures; `magic` and `info` are what it left in `%eax` and `%ebx`.
pub fn read(magic: u32, info: PhysAddr) {
    assert!(
        magic == LOADER_MAGIC,
        "not started by a multiboot loader: %eax was {magic:#010x}"
    );
    // SAFETY: the magic says that a multiboot information structure is there.
    let info: &Info = unsafe { &*pointer(info) };
    assert!(
        info.flags & FLAG_MEMORY != 0,
        "the boot loader does not tell the memory size"
    );

    let mut boot = BOOT.borrow();
    boot.base_kib = info.mem_lower_kib;
    boot.extended_kib = info.mem_upper_kib.min((PHYSMEM_MAX - EXTPHYSMEM) / 1024);
    if info.flags & FLAG_COMMAND_LINE != 0 {
        let (text, end) = string(info.command_line);
        let length = text.len().min(COMMAND_LINE_MAX);
        boot.command_line[..length].copy_from_slice(&text[..length]);
        boot.command_line_length = length;
        boot.loaded_end = end;
    }
    if info.flags & FLAG_MODULES != 0 {
        let count = info.modules_count as usize;
        assert!(
            count <= MODULES_MAX,
            "{count} modules; there is room for {MODULES_MAX}"
        );
        // SAFETY: the flag says that `modules_count` records are there.
        let records =
            unsafe { core::slice::from_raw_parts(pointer::<ModuleRecord>(info.modules), count) };
        for (index, record) in records.iter().enumerate() {
            assert!(
                EXTPHYSMEM <= record.start.0 && record.start <= record.end,
                "a module below 1 MiB"
            );
            let length = (record.end.0 - record.start.0) as usize;
            // SAFETY: the loader put the module there, and `loaded_end` keeps the page allocator
            // off it.
            let bytes = unsafe { core::slice::from_raw_parts(pointer(record.start), length) };
            let (text, end) = string(record.string);
            boot.modules[index] = Module {
                name: program_name(text),
                bytes,
            };
            boot.loaded_end = boot.loaded_end.max(end).max(record.end);
        }
        boot.modules_count = count;
    }
}
