//! `backtrace`: follows the chain of frame pointers, through the trap into the user program. JOS
//! lab 1, exercise 11.

use super::{Context, Then};
use crate::mem::pgdir::peek;
use crate::println;
use crate::x86::control::read_ebp;
use abi::VirtAddr;

/// A chain longer than this is a loop.
const FRAMES_MAX: usize = 100;
/// Arguments shown per frame, as in JOS: there is no way to know how many there are.
const ARGUMENTS: u32 = 5;

pub fn backtrace(_: &Context<'_>) -> Then {
    println!("Stack backtrace:");
    let mut ebp = read_ebp();
    for _ in 0..FRAMES_MAX {
        let Some(eip) = peek(VirtAddr(ebp.wrapping_add(4))).filter(|_| ebp != 0) else {
            break;
        };
        crate::print!("  ebp {ebp:08x}  eip {eip:08x}  args");
        for index in 0..ARGUMENTS {
            match peek(VirtAddr(ebp.wrapping_add(8 + 4 * index))) {
                Some(word) => crate::print!(" {word:08x}"),
                None => crate::print!(" --------"),
            }
        }
        println!();
        ebp = peek(VirtAddr(ebp)).unwrap_or(0);
    }
    Then::Prompt
}
