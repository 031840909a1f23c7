//! System call numbers. JOS `inc/syscall.h` of lab 5, whose `env_set_trapframe` stands at 9.
//!
//! `int 0x30` with the number in `%eax` and arguments in `%edx %ecx %ebx %edi %esi`; the result
//! comes back in `%eax`.

/// Vector of the system call gate.
pub const T_SYSCALL: u8 = 48;

/// Every system call there is. The kernel's dispatcher is an exhaustive `match` over this.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
#[expect(
    missing_docs,
    reason = "each is explained at the kernel's sys_ function of the same name"
)]
pub enum Syscall {
    Cputs = 0,
    Cgetc = 1,
    Getenvid = 2,
    EnvDestroy = 3,
    PageAlloc = 4,
    PageMap = 5,
    PageUnmap = 6,
    Exofork = 7,
    EnvSetStatus = 8,
    EnvSetTrapframe = 9,
    EnvSetPgfaultUpcall = 10,
    Yield = 11,
    IpcTrySend = 12,
    IpcRecv = 13,
}

const ALL: [Syscall; 14] = [
    Syscall::Cputs,
    Syscall::Cgetc,
    Syscall::Getenvid,
    Syscall::EnvDestroy,
    Syscall::PageAlloc,
    Syscall::PageMap,
    Syscall::PageUnmap,
    Syscall::Exofork,
    Syscall::EnvSetStatus,
    Syscall::EnvSetTrapframe,
    Syscall::EnvSetPgfaultUpcall,
    Syscall::Yield,
    Syscall::IpcTrySend,
    Syscall::IpcRecv,
];

impl Syscall {
    /// The call with this number, if there is one.
    pub fn from_number(number: u32) -> Option<Syscall> {
        ALL.get(number as usize).copied()
    }
}
