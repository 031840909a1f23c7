//! System calls on the console.

use super::{SysResult, user_mem_assert};
use crate::console;
use crate::env::EnvTable;
use crate::mem::user::{Access, UserSlice};
use abi::{SysError, Trapframe};

/// Prints a string. The environment is destroyed if it may not read all of it.
#[inline(never)]
pub fn sys_cputs(envs: &mut EnvTable, frame: &Trapframe, text: UserSlice) -> SysResult {
    user_mem_assert(envs, frame, text, Access::Read, |checked| {
        checked.for_each_piece(|piece| piece.iter().copied().for_each(console::putc));
    })
    .ok_or(SysError::Fault)?;
    Ok(0)
}

/// A character from the console, or 0 when there is none. Does not block.
#[inline(never)]
pub fn sys_cgetc() -> SysResult {
    Ok(console::getc().map_or(0, u32::from))
}
