//! What every user program is linked with: start-up, system calls, printing, faults, `fork`,
//! messages, the heap. JOS `lib/`.
//!
//! A program is `#![no_std] #![no_main]` and ends with `jos::program!(main);`. `alloc` works: the
//! heap is a slab allocator on `sys_page_alloc` and `sys_page_unmap`.

#![no_std]

pub extern crate alloc;

pub mod env;
pub mod fork;
pub mod heap;
pub mod ipc;
pub mod memory;
mod panic;
pub mod pgfault;
pub mod print;
mod start;
pub mod syscall;

pub use abi;
pub use abi::{EnvId, Perm, SysError};
pub use start::exit;
