//! Messages: a word, and perhaps a page. JOS `lib/ipc.c`.

#![expect(unsafe_code, reason = "pages that arrive with messages")]

use crate::env;
use crate::syscall::{sys_ipc_recv, sys_ipc_try_send, sys_yield};
use abi::{EnvId, Perm, SysError};
use core::ptr::null_mut;

/// What came.
#[derive(Clone, Copy, Debug)]
pub struct Message {
    /// Who sent it.
    pub from: EnvId,
    /// The word.
    pub value: u32,
    /// How the page is mapped, if one came.
    pub perm: Option<Perm>,
}

/// Sends a word; tries until the receiver takes it.
pub fn send(to: EnvId, value: u32) {
    send_page(to, value, null_mut(), Perm::READ);
}

/// Sends a word and the page at `page`, which both have from then on.
pub fn send_page(to: EnvId, value: u32, page: *mut u8, perm: Perm) {
    loop {
        match sys_ipc_try_send(to, value, page, perm) {
            Ok(()) => return,
            Err(SysError::IpcNotRecv) => sys_yield(),
            Err(error) => panic!("ipc_send to {to}: {error}"),
        }
    }
}

/// Waits for a message; a page is not wanted.
pub fn recv() -> Message {
    // SAFETY: maps nothing.
    unsafe { recv_page(null_mut()) }
}

/// Waits for a message; its page, if one comes, is mapped at `page`.
///
/// # Safety
/// What was mapped at `page` must not be used any more.
pub unsafe fn recv_page(page: *mut u8) -> Message {
    // SAFETY: the caller's promise.
    unsafe { sys_ipc_recv(page) }.unwrap_or_else(|error| panic!("ipc_recv: {error}"));
    let ipc = env::this().ipc;
    Message {
        from: ipc.from,
        value: ipc.value,
        perm: Perm::from_bits(ipc.perm).ok(),
    }
}
