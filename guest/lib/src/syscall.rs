//! System call stubs. JOS `lib/syscall.c`. What each does is said at the kernel's function of the
//! same name.

#![expect(unsafe_code, reason = "`int 0x30`")]

use abi::{EnvId, EnvStatus, Perm, SysError, Syscall, Trapframe};
use core::arch::asm;

/// `int 0x30` with any arguments at all.
///
/// # Safety
/// Calls that map, unmap or set registers can break any rule of Rust's.
#[inline(never)]
pub unsafe fn syscall(call: u32, arguments: [u32; 5]) -> Result<u32, SysError> {
    let [a1, a2, a3, a4, a5] = arguments;
    let result: u32;
    // LLVM keeps %esi for itself, so the fifth argument goes there through memory.
    let call_and_a5 = [call, a5];
    // SAFETY: the kernel keeps all registers but %eax; the rest is the caller's promise.
    unsafe {
        asm!(
            "push esi",
            "mov esi, [eax + 4]",
            "mov eax, [eax]",
            "int 0x30",
            "pop esi",
            inlateout("eax") call_and_a5.as_ptr() => result,
            in("edx") a1,
            in("ecx") a2,
            in("ebx") a3,
            in("edi") a4,
        );
    }
    SysError::decode(result)
}

/// A call that touches no memory of ours but what its arguments lend it.
fn harmless(call: Syscall, arguments: [u32; 5]) -> Result<u32, SysError> {
    // SAFETY: only called for such calls.
    unsafe { syscall(call as u32, arguments) }
}

/// Prints bytes.
pub fn sys_cputs(text: &[u8]) {
    // Fails only where `text` is not readable, and then does not return.
    let _ = harmless(
        Syscall::Cputs,
        [text.as_ptr() as u32, text.len() as u32, 0, 0, 0],
    );
}

/// A character from the console, if there is one.
pub fn sys_cgetc() -> Option<u8> {
    harmless(Syscall::Cgetc, [0; 5])
        .ok()
        .filter(|byte| *byte != 0)
        .map(|byte| byte as u8)
}

/// The caller's id.
pub fn sys_getenvid() -> EnvId {
    EnvId(harmless(Syscall::Getenvid, [0; 5]).expect("getenvid does not fail"))
}

/// Ends an environment.
pub fn sys_env_destroy(envid: EnvId) -> Result<(), SysError> {
    harmless(Syscall::EnvDestroy, [envid.0, 0, 0, 0, 0]).map(drop)
}

/// Lets another environment run.
pub fn sys_yield() {
    let _ = harmless(Syscall::Yield, [0; 5]);
}

/// Maps a page of zeros.
///
/// # Safety
/// What was mapped at `va` must not be used any more.
#[inline(never)]
pub unsafe fn sys_page_alloc(envid: EnvId, va: *mut u8, perm: Perm) -> Result<(), SysError> {
    // SAFETY: the caller's promise.
    unsafe {
        syscall(
            Syscall::PageAlloc as u32,
            [envid.0, va as u32, perm.bits(), 0, 0],
        )
    }
    .map(drop)
}

/// Maps a page a second time.
///
/// # Safety
/// What was mapped at `dstva` must not be used any more; and the page is shared from now on.
#[inline(never)]
pub unsafe fn sys_page_map(
    srcenv: EnvId,
    srcva: *mut u8,
    dstenv: EnvId,
    dstva: *mut u8,
    perm: Perm,
) -> Result<(), SysError> {
    let arguments = [srcenv.0, srcva as u32, dstenv.0, dstva as u32, perm.bits()];
    // SAFETY: the caller's promise.
    unsafe { syscall(Syscall::PageMap as u32, arguments) }.map(drop)
}

/// Unmaps a page.
///
/// # Safety
/// It must not be used any more.
#[inline(never)]
pub unsafe fn sys_page_unmap(envid: EnvId, va: *mut u8) -> Result<(), SysError> {
    // SAFETY: the caller's promise.
    unsafe { syscall(Syscall::PageUnmap as u32, [envid.0, va as u32, 0, 0, 0]) }.map(drop)
}

/// A new environment with our registers; 0 in the new one. Inlined, as in JOS: the child starts
/// with the registers of this moment but gets the stack later, when a frame of this function would
/// be gone.
///
/// # Safety
/// The child runs on a copy of the caller's stack, or not at all.
#[inline(always)]
pub unsafe fn sys_exofork() -> Result<EnvId, SysError> {
    let result: u32;
    // SAFETY: the kernel keeps all registers but %eax; the rest is the caller's promise.
    unsafe { asm!("int 0x30", inlateout("eax") Syscall::Exofork as u32 => result) };
    match SysError::decode(result) {
        Ok(id) => Ok(EnvId(id)),
        Err(error) => Err(error),
    }
}

/// Makes an environment runnable or not.
pub fn sys_env_set_status(envid: EnvId, status: EnvStatus) -> Result<(), SysError> {
    harmless(Syscall::EnvSetStatus, [envid.0, status as u32, 0, 0, 0]).map(drop)
}

/// Sets an environment's registers.
///
/// # Safety
/// It goes on with those.
pub unsafe fn sys_env_set_trapframe(envid: EnvId, tf: &Trapframe) -> Result<(), SysError> {
    let tf: *const Trapframe = tf;
    // SAFETY: the caller's promise.
    unsafe {
        syscall(
            Syscall::EnvSetTrapframe as u32,
            [envid.0, tf as u32, 0, 0, 0],
        )
    }
    .map(drop)
}

/// Sets where an environment's page faults go.
///
/// # Safety
/// `upcall` must be able to handle one.
pub unsafe fn sys_env_set_pgfault_upcall(envid: EnvId, upcall: u32) -> Result<(), SysError> {
    // SAFETY: the caller's promise.
    unsafe {
        syscall(
            Syscall::EnvSetPgfaultUpcall as u32,
            [envid.0, upcall, 0, 0, 0],
        )
    }
    .map(drop)
}

/// Sends a word and, where `page` is not null, a page to an environment that waits.
pub fn sys_ipc_try_send(
    envid: EnvId,
    value: u32,
    page: *mut u8,
    perm: Perm,
) -> Result<(), SysError> {
    harmless(
        Syscall::IpcTrySend,
        [envid.0, value, page_or_none(page), perm.bits(), 0],
    )
    .map(drop)
}

/// Waits for a message; its page, if one comes, is mapped at `page` unless that is null.
///
/// # Safety
/// What was mapped at `page` must not be used any more.
pub unsafe fn sys_ipc_recv(page: *mut u8) -> Result<(), SysError> {
    // SAFETY: the caller's promise.
    unsafe { syscall(Syscall::IpcRecv as u32, [page_or_none(page), 0, 0, 0, 0]) }.map(drop)
}

/// In the kernel's terms, "no page" is an address at or above `UTOP`; 0 is a page.
fn page_or_none(page: *mut u8) -> u32 {
    if page.is_null() {
        abi::memlayout::UTOP
    } else {
        page as u32
    }
}
