//! The workloads: a row each, and a file for each kind.

#![expect(unsafe_code, reason = "fills memory")]

use crate::machine::memory::REST;

mod calls;
mod digest;
mod memory;
mod numbers;
mod pages;
mod run_once;
mod slab_heap;
mod system_call;
mod x87;

/// One workload.
pub struct Workload {
    /// As the command line names it.
    pub name: &'static str,
    /// Does its work so many times. @returns a checksum
    pub run: fn(repetitions: u32) -> u32,
    /// How often in a round of `mix`.
    in_mix: u32,
}

const fn row(name: &'static str, run: fn(u32) -> u32, in_mix: u32) -> Workload {
    Workload { name, run, in_mix }
}

/// All of them.
pub static WORKLOADS: [Workload; 17] = [
    //   name           function                in a round of mix
    row("sieve", numbers::sieve, 8),
    row("collatz", numbers::collatz, 10),
    row("memset", memory::set, 20),
    row("memcpy", memory::copy, 20),
    row("list", memory::list, 1),
    row("sha256", digest::sha256, 10),
    row("crc32", digest::crc32, 20),
    row("slab", slab_heap::slab, 20),
    row("calls", calls::calls, 20),
    row("rep-strings", memory::rep_strings, 10),
    row("x87", x87::x87, 1),
    row("system-call", system_call::system_call, 20),
    row("page-fault", pages::fault, 5),
    row("invlpg", pages::invlpg, 10),
    row("cr3", pages::cr3, 10),
    row("run-once", run_once::run_once, 1),
    row("mix", mix, 0),
];

/// The workload with that name.
pub fn find(name: &[u8]) -> Option<&'static Workload> {
    WORKLOADS
        .iter()
        .find(|workload| workload.name.as_bytes() == name)
}

/// All the others in turn, a little of each; with the rest of memory in use, too.
fn mix(rounds: u32) -> u32 {
    let mut checksum = 0u32;
    // SAFETY: any bits are a u32, and nobody else uses it.
    unsafe { REST.slice::<u32>() }.fill(rounds);
    for _ in 0..rounds {
        for workload in WORKLOADS.iter().filter(|workload| workload.in_mix > 0) {
            checksum = checksum.rotate_left(3) ^ (workload.run)(workload.in_mix);
        }
    }
    checksum
}
