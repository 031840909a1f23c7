//! Environments: what other systems call processes. JOS `inc/env.h`.
//!
//! An id holds the slot in its low 10 bits and a generation above, so an id is not reused when its
//! slot is:
//!
//! ```text
//!  +1+---------------21-----------------+--------10--------+
//!  |0|          Uniqueifier             |   Environment    |
//!  | |                                  |      Index       |
//!  +------------------------------------+------------------+
//! ```

use crate::addr::VirtAddr;
use crate::trap::Trapframe;
use core::fmt;
use core::num::NonZeroU32;

/// Slots in the environment table.
pub const NENV: usize = 1024;
/// The generation starts at this bit. JOS `ENVGENSHIFT`; at least log2(NENV).
pub const ENVGENSHIFT: u32 = 12;

/// An environment's id. As an argument of a system call, 0 means the caller.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub struct EnvId(pub u32);

impl EnvId {
    /// "The caller" as an argument, "the kernel" as a parent.
    pub const NONE: EnvId = EnvId(0);

    /// The slot in the table. JOS `ENVX`.
    pub const fn index(self) -> usize {
        self.0 as usize & (NENV - 1)
    }
}

impl fmt::Display for EnvId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

impl fmt::Debug for EnvId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// JOS's `ENV_*`, with its numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum EnvStatus {
    /// The slot is on the free list.
    Free = 0,
    /// Kept for its number: needs a second CPU to happen.
    Dying = 1,
    /// Waits for the CPU.
    Runnable = 2,
    /// Has the CPU.
    Running = 3,
    /// Being set up, or blocked in `ipc_recv`.
    NotRunnable = 4,
}

/// The program's name: what the debugger maps an environment to its ELF by. `fork` copies it.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct EnvName {
    /// The first `len` are the name.
    pub bytes: [u8; 28],
    /// Length of the name in bytes.
    pub len: u32,
}

impl EnvName {
    /// No name.
    pub const EMPTY: EnvName = EnvName {
        bytes: [0; 28],
        len: 0,
    };

    /// The first 28 bytes of `name`.
    pub fn new(name: &str) -> EnvName {
        let mut result = EnvName::EMPTY;
        let len = name.len().min(result.bytes.len());
        result.bytes[..len].copy_from_slice(&name.as_bytes()[..len]);
        result.len = len as u32;
        result
    }

    /// As text; `<unknown>` when it is none.
    pub fn as_str(&self) -> &str {
        self.bytes
            .get(..self.len as usize)
            .and_then(|bytes| core::str::from_utf8(bytes).ok())
            .unwrap_or("<unknown>")
    }
}

/// The receiving half of IPC.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Ipc {
    /// Blocked in `ipc_recv`.
    pub recving: bool,
    /// Where a page is wanted; at or above `UTOP` when none is.
    pub dstva: VirtAddr,
    /// Value sent.
    pub value: u32,
    /// Sender.
    pub from: EnvId,
    /// Permissions of the page received; 0 when none was.
    pub perm: u32,
}

/// One slot of the environment table, mapped read-only at `UENVS`.
///
/// `Space` is what owns the address space. In the kernel that is a handle, for a user program just
/// a number: the physical address of the page directory. Both are four bytes, `None` being 0.
#[repr(C)]
pub struct Env<Space = NonZeroU32> {
    /// Registers, while the environment is not running.
    pub tf: Trapframe,
    /// Slot of the next free environment, plus one; 0 ends the list.
    pub link: u32,
    /// Unique id; kept while free, for the next generation.
    pub id: EnvId,
    /// Who made it.
    pub parent_id: EnvId,
    /// What it is doing.
    pub status: EnvStatus,
    /// How often it was given the CPU.
    pub runs: u32,
    /// Its page directory.
    pub pgdir: Option<Space>,
    /// Entry of the user page-fault handler; 0 when it has none.
    pub pgfault_upcall: VirtAddr,
    /// IPC state.
    pub ipc: Ipc,
    /// Program it runs.
    pub name: EnvName,
}
