//! The benchmark kernel: runs one workload so many times, prints a line with its checksum, and ends.
//!
//! Its command line is `KERNEL WORKLOAD COUNT`; its line is `bench WORKLOAD COUNT: checksum HEX`, the
//! same on every machine. It has nothing of an operating system, so that what is measured is the
//! workload: no interrupts, no scheduler, memory mapped to itself. The tables are real, though: page
//! tables of 4 KiB pages, GDT, IDT and TSS, since some workloads are about these.
//!
//! Modules that need `unsafe` say at their start what for.

#![no_std]
#![no_main]

mod machine;
mod random;
mod text;
mod workloads;

use machine::serial::Serial;
use machine::{exit, multiboot};
use text::{CommandLine, write_decimal, write_hex};

/// What the debug exit port is told: the same numbers as the JOS kernel's.
const VERDICT_DONE: u32 = 0;
const VERDICT_FAILED: u32 = 1;
const VERDICT_PANIC: u32 = 2;

/// Called by asm/entry.S with what the boot loader left in `%eax` and `%ebx`.
#[expect(unsafe_code, reason = "called by asm/entry.S")]
#[unsafe(no_mangle)]
extern "C" fn bench_main(magic: u32, info: u32) -> ! {
    // Copied first: the loader's structures may lie in what we use as buffers.
    let line = CommandLine::new(multiboot::command_line(magic, info));
    machine::init();
    let Some(workload) = workloads::find(line.word(1)) else {
        Serial.text("bench: no such workload; there are");
        for workload in &workloads::WORKLOADS {
            Serial.text(" ");
            Serial.text(workload.name);
        }
        Serial.text("\n");
        exit(VERDICT_FAILED);
    };
    let count = line.number(2).unwrap_or(1);
    let checksum = (workload.run)(count);
    Serial.text("bench ");
    Serial.text(workload.name);
    Serial.text(" ");
    write_decimal(&mut Serial, count);
    Serial.text(": checksum ");
    write_hex(&mut Serial, checksum);
    Serial.text("\n");
    exit(VERDICT_DONE)
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    Serial.text("bench: panic");
    if let Some(place) = info.location() {
        Serial.text(" at ");
        Serial.text(place.file());
        Serial.text(":");
        write_decimal(&mut Serial, place.line());
    }
    Serial.text("\n");
    exit(VERDICT_PANIC)
}
