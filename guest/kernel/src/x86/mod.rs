//! The CPU: what Rust cannot say, one instruction to a function. JOS `inc/x86.h`.

pub mod control;
pub mod memory;
pub mod port;
pub mod segments;
