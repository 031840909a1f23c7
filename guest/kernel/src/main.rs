//! The JOS kernel: MIT 6.828, labs 1 to 4, in Rust.
//!
//! Read in this order: `abi` (the numbers both sides share), boot/entry.S, `main`, `mem` (pages,
//! page tables, user pointers), `env` (the table, loading, running), trap/trapentry.S and `trap`,
//! `syscall`, `sched`; then the devices and the monitor. guest/README.md names the modules that may
//! use `unsafe`.

#![no_std]
#![no_main]

mod cell;
mod console;
mod env;
mod mem;
mod monitor;
mod multiboot;
mod panic;
mod pic;
mod pit;
mod sched;
mod symbols;
mod syscall;
mod trap;
mod verdict;
mod x86;

use abi::PhysAddr;
use multiboot::{BOOT, BootInfo};

/// Called by boot/entry.S with what the boot loader left in `%eax` and `%ebx`. JOS `kern/init.c`.
#[expect(unsafe_code, reason = "called by boot/entry.S")]
#[unsafe(no_mangle)]
extern "C" fn i386_init(magic: u32, info: PhysAddr) -> ! {
    x86::segments::init();
    trap::idt::init();
    console::init();
    println!("6828 decimal is {:o} octal!", 6828);

    multiboot::read(magic, info);
    let slots = mem::init(&BOOT.borrow());
    env::ENVS.borrow().init(slots);
    x86::control::init_cr0();
    pic::init();
    pit::init();

    start(&BOOT.borrow());
    if env::ENVS.borrow().used().is_empty() {
        loop {
            monitor::enter(None);
        }
    }
    sched::sched_yield()
}

/// Does what the kernel command line says: `[PROGRAM ...] [monitor=off]`. Without a program, the
/// monitor is what there is; several run side by side.
fn start(boot: &BootInfo) {
    match boot.option("monitor") {
        None | Some("on") => {}
        Some("off") => monitor::set_takes_breakpoints(false),
        Some(other) => println!("Unknown option monitor={other}: it is on or off."),
    }
    boot.programs().for_each(|name| create(boot, name));
}

/// Makes an environment for the program that the boot loader brought under that name.
fn create(boot: &BootInfo, name: &str) {
    let Some(module) = boot.find(name) else {
        print!("The boot loader brought these programs:");
        boot.modules()
            .iter()
            .for_each(|module| print!(" {}", module.name.as_str()));
        println!();
        panic!("there is no program '{name}'");
    };
    if let Err(error) = env::env_create(&mut env::ENVS.borrow(), module.name, module.bytes) {
        panic!("cannot run '{name}': {error}");
    }
}
