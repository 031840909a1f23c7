//! Environments: the table, and the life of an entry. JOS `kern/env.c`.

pub mod elf;
pub mod load;
pub mod run;

use crate::cell::KernelCell;
use crate::mem::load_kernel_space;
use crate::mem::pgdir::AddressSpace;
use crate::verdict::Verdict;
use abi::env::{ENVGENSHIFT, NENV};
use abi::memlayout::{GD_UD, GD_UT, USTACKTOP};
use abi::trap::FL_IF;
use abi::{EnvId, EnvName, EnvStatus, Ipc, SysError, Trapframe, VirtAddr};
use core::sync::atomic::{AtomicU32, Ordering};

/// An environment, as the kernel sees it: its page directory is a handle that frees the address
/// space when dropped.
pub type Env = abi::Env<AddressSpace>;

/// What the kernel can do with a live environment.
pub trait Live {
    /// Its address space.
    fn space(&mut self) -> &mut AddressSpace;
}

impl Live for Env {
    fn space(&mut self) -> &mut AddressSpace {
        self.pgdir
            .as_mut()
            .expect("a live environment has an address space")
    }
}

/// All environments.
pub static ENVS: KernelCell<EnvTable> = KernelCell::new(EnvTable {
    slots: &mut [],
    free_list: 0,
    used: 0,
});

/// Id of the environment that has the CPU; 0 when none has. JOS `curenv`.
static CURENV: AtomicU32 = AtomicU32::new(0);

/// Id of the first environment, whose end is the machine's verdict.
static INITIAL: AtomicU32 = AtomicU32::new(0);
/// That verdict so far.
static VERDICT: AtomicU32 = AtomicU32::new(Verdict::Failed as u32);

/// The environment that has the CPU.
pub fn curenv() -> Option<EnvId> {
    let id = CURENV.load(Ordering::Relaxed);
    if id == 0 { None } else { Some(EnvId(id)) }
}

/// Its id for JOS's messages: `[00001000] ...`, and zeros when the kernel speaks for itself.
pub fn curenv_id() -> EnvId {
    curenv().unwrap_or(EnvId::NONE)
}

/// How the initial program ended.
pub fn verdict() -> Verdict {
    let exited = VERDICT.load(Ordering::Relaxed) == Verdict::Exited as u32;
    if exited {
        Verdict::Exited
    } else {
        Verdict::Failed
    }
}

/// Why an environment ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It asked for it.
    Exit,
    /// Another environment asked for it.
    Killed,
    /// It did what the kernel does not allow.
    Fault,
}

/// Whom a system call may name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// Anyone.
    Any,
    /// The caller itself or a child of it.
    SelfOrChild,
}

/// The environment table.
pub struct EnvTable {
    /// Slots; also mapped at `UENVS`.
    pub slots: &'static mut [Env],
    /// Slot of the first free environment, plus one; 0 when there is none.
    free_list: u32,
    /// Slots from here on were never used: no search needs to look at them.
    used: usize,
}

impl EnvTable {
    /// Takes over the zeroed `slots`. JOS `env_init`: the first environment gets slot 0.
    pub fn init(&mut self, slots: &'static mut [Env]) {
        self.slots = slots;
        let last = self.slots.len() - 1;
        for (index, env) in self.slots[..last].iter_mut().enumerate() {
            env.link = index as u32 + 2;
        }
        self.free_list = 1;
    }

    /// The slots that were ever used.
    pub fn used(&self) -> &[Env] {
        &self.slots[..self.used]
    }

    /// The environment a system call means: 0 is the caller. JOS `envid2env`.
    pub fn envid2env(&mut self, id: EnvId, relation: Relation) -> Result<&mut Env, SysError> {
        let current = curenv_id();
        let wanted = if id == EnvId::NONE { current } else { id };
        let env = &mut self.slots[wanted.index()];
        if env.status == EnvStatus::Free || env.id != wanted {
            return Err(SysError::BadEnv);
        }
        if relation == Relation::SelfOrChild && wanted != current && env.parent_id != current {
            return Err(SysError::BadEnv);
        }
        Ok(env)
    }

    /// The environment that has the CPU. There is one in every trap from user mode, until it is
    /// destroyed.
    pub fn current(&mut self) -> &mut Env {
        let id = curenv().expect("no environment is running");
        &mut self.slots[id.index()]
    }

    /// A new environment with an empty address space, not yet runnable. JOS `env_alloc`.
    pub fn alloc(&mut self, parent_id: EnvId) -> Result<&mut Env, SysError> {
        let index = (self.free_list as usize)
            .checked_sub(1)
            .ok_or(SysError::NoFreeEnv)?;
        let space = AddressSpace::new_user()?;
        let env = &mut self.slots[index];
        self.free_list = env.link;
        self.used = self.used.max(index + 1);

        let mut generation = (env.id.0 + (1 << ENVGENSHIFT)) & !(NENV as u32 - 1);
        if generation as i32 <= 0 {
            generation = 1 << ENVGENSHIFT;
        }
        *env = Env {
            tf: Trapframe {
                ds: GD_UD | 3,
                es: GD_UD | 3,
                ss: GD_UD | 3,
                cs: GD_UT | 3,
                esp: USTACKTOP,
                eflags: FL_IF,
                ..Trapframe::default()
            },
            link: 0,
            id: EnvId(generation | index as u32),
            parent_id,
            status: EnvStatus::NotRunnable,
            runs: 0,
            pgdir: Some(space),
            pgfault_upcall: VirtAddr(0),
            ipc: Ipc {
                recving: false,
                dstva: VirtAddr(0),
                value: 0,
                from: EnvId::NONE,
                perm: 0,
            },
            name: EnvName::EMPTY,
        };
        crate::println!("[{}] new env {}", curenv_id(), env.id);
        Ok(env)
    }

    /// Frees the environment and all its memory. JOS `env_free`.
    fn free(&mut self, id: EnvId) {
        crate::println!("[{}] free env {id}", curenv_id());
        let env = &mut self.slots[id.index()];
        if curenv() == Some(id) {
            load_kernel_space();
        }
        env.pgdir = None; // drops the address space
        env.status = EnvStatus::Free;
        env.link = self.free_list;
        self.free_list = id.index() as u32 + 1;
    }
}

/// Makes the environment that runs `name` from its ELF file. The first one decides the verdict. JOS
/// `env_create`.
#[inline(never)]
pub fn env_create(
    envs: &mut EnvTable,
    name: EnvName,
    elf: &[u8],
) -> Result<EnvId, load::LoadError> {
    let env = envs.alloc(EnvId::NONE)?;
    env.name = name;
    let id = env.id;
    if let Err(error) = load::load_icode(env, elf) {
        envs.free(id);
        return Err(error);
    }
    env.status = EnvStatus::Runnable;
    // The first one decides the verdict.
    let _ = INITIAL.compare_exchange(0, id.0, Ordering::Relaxed, Ordering::Relaxed);
    Ok(id)
}

/// Ends an environment. When it is the current one, nobody has the CPU afterwards. JOS
/// `env_destroy`.
#[inline(never)]
pub fn env_destroy(envs: &mut EnvTable, id: EnvId, ending: Ending) {
    if INITIAL.load(Ordering::Relaxed) == id.0 && ending == Ending::Exit {
        VERDICT.store(Verdict::Exited as u32, Ordering::Relaxed);
    }
    envs.free(id);
    if curenv() == Some(id) {
        CURENV.store(0, Ordering::Relaxed);
    }
}
