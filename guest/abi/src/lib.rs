//! What kernel and user programs agree on, and nothing else.
//!
//! Each module stands for one header of JOS's `inc/`: the numbers are JOS's own, the names are
//! Rust's. Records that both sides read (`Env`, `PageInfo`, `Trapframe`, `UTrapframe`) are
//! `repr(C)`.

#![no_std]
#![forbid(unsafe_code)]

pub mod addr;
pub mod env;
pub mod error;
pub mod memlayout;
pub mod page;
pub mod perm;
pub mod syscall;
pub mod trap;

pub use addr::{PhysAddr, UserPage, VirtAddr};
pub use env::{Env, EnvId, EnvName, EnvStatus, Ipc};
pub use error::SysError;
pub use page::PageInfo;
pub use perm::Perm;
pub use syscall::Syscall;
pub use trap::{PushRegs, Trapframe, UTrapframe};
