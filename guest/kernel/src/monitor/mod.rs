//! The kernel monitor: a prompt with a few commands. JOS `kern/monitor.c`.
//!
//! It is where the machine ends up when nothing is left to run, after a kernel panic, and at an
//! `int3` of a user program unless the kernel was started with `monitor=off`.

mod backtrace;
mod mappings;
mod run;

use crate::console::{putc, wait_for_char};
use crate::symbols::{data_end, kernel_end, kernel_entry, text_end};
use crate::trap::print::print_trapframe;
use crate::{print, println};
use abi::Trapframe;
use abi::memlayout::KERNBASE;
use core::sync::atomic::{AtomicBool, Ordering};

/// Whether `int3` in a user program leads here; otherwise it is a fault like any other.
static TAKES_BREAKPOINTS: AtomicBool = AtomicBool::new(true);

/// Sets what `int3` in a user program does.
pub fn set_takes_breakpoints(yes: bool) {
    TAKES_BREAKPOINTS.store(yes, Ordering::Relaxed);
}

/// What `int3` in a user program does.
pub fn takes_breakpoints() -> bool {
    TAKES_BREAKPOINTS.load(Ordering::Relaxed)
}

/// What a command is told.
struct Context<'a> {
    /// The words after the command's name.
    arguments: &'a [&'a str],
    /// The registers of the program that led here, if one did.
    trapframe: Option<&'a Trapframe>,
}

/// What happens after a command.
enum Then {
    /// The next prompt.
    Prompt,
    /// The interrupted program goes on.
    Leave,
}

struct Command {
    name: &'static str,
    description: &'static str,
    run: fn(&Context<'_>) -> Then,
}

#[rustfmt::skip]
const COMMANDS: [Command; 6] = [
    Command { name: "help",         description: "Display this list of commands",                       run: help },
    Command { name: "kerninfo",     description: "Display information about the kernel",                run: kerninfo },
    Command { name: "backtrace",    description: "Display the stack, frame by frame",                   run: backtrace::backtrace },
    Command { name: "showmappings", description: "Display page mappings: showmappings [FIRST [LAST]]",  run: mappings::showmappings },
    Command { name: "run",          description: "Run a program: run [NAME]; without a name, list them", run: run::run },
    Command { name: "continue",     description: "Go on with the interrupted program",                  run: leave },
];

/// Longest line.
const LINE_MAX: usize = 128;
/// Most words in a line.
const WORDS_MAX: usize = 8;

/// Prompts and executes commands until one leaves.
pub fn enter(trapframe: Option<&Trapframe>) {
    println!("Welcome to the JOS kernel monitor!");
    println!("Type 'help' for a list of commands.");
    if let Some(trapframe) = trapframe {
        print_trapframe(trapframe);
    }
    let mut buffer = [0; LINE_MAX];
    loop {
        if let Then::Leave = execute(read_line(&mut buffer), trapframe) {
            return;
        }
    }
}

fn execute(line: &str, trapframe: Option<&Trapframe>) -> Then {
    let mut words = [""; WORDS_MAX];
    let mut count = 0;
    for word in line.split_ascii_whitespace() {
        if count == WORDS_MAX {
            println!("Too many arguments (max {WORDS_MAX})");
            return Then::Prompt;
        }
        words[count] = word;
        count += 1;
    }
    let Some((name, arguments)) = words[..count].split_first() else {
        return Then::Prompt;
    };
    match COMMANDS.iter().find(|command| command.name == *name) {
        Some(command) => (command.run)(&Context {
            arguments,
            trapframe,
        }),
        None => {
            println!("Unknown command '{name}'");
            Then::Prompt
        }
    }
}

/// Reads a line with echo; backspace works. JOS `readline`.
fn read_line(buffer: &mut [u8; LINE_MAX]) -> &str {
    print!("K> ");
    let mut length = 0;
    loop {
        match wait_for_char() {
            b'\r' | b'\n' => {
                println!();
                return core::str::from_utf8(&buffer[..length]).unwrap_or("");
            }
            b'\x08' | b'\x7F' if length > 0 => {
                print!("\x08 \x08");
                length -= 1;
            }
            byte @ b' '..=b'~' if length < LINE_MAX => {
                putc(byte);
                buffer[length] = byte;
                length += 1;
            }
            _ => {}
        }
    }
}

fn help(_: &Context<'_>) -> Then {
    for command in &COMMANDS {
        println!("{} - {}", command.name, command.description);
    }
    Then::Prompt
}

fn leave(context: &Context<'_>) -> Then {
    if context.trapframe.is_some() {
        return Then::Leave;
    }
    println!("No program is interrupted.");
    Then::Prompt
}

fn kerninfo(_: &Context<'_>) -> Then {
    let symbols = [
        ("entry", kernel_entry()),
        ("etext", text_end()),
        ("edata", data_end()),
        ("end", kernel_end()),
    ];
    println!("Special kernel symbols:");
    for (name, va) in symbols {
        println!("  {name:<6} {va:08x} (virt)  {:08x} (phys)", va - KERNBASE);
    }
    let footprint_kib = (symbols[3].1 - symbols[0].1).div_ceil(1024);
    println!("Kernel executable memory footprint: {footprint_kib}KB");
    Then::Prompt
}
