/**
 * JOS by its own numbers and names. MIT 6.828, `inc/syscall.h`, `inc/trap.h`, `inc/memlayout.h`.
 */
import type { OsEventId, OsEventPoint } from './guest-os.ts';

/** System call number → name and arguments, in the order of edx, ecx, ebx, edi, esi. */
export const SYSTEM_CALLS: readonly (readonly [name: string, ...args: string[]])[] = [
  ['sys_cputs', 's', 'len'],
  ['sys_cgetc'],
  ['sys_getenvid'],
  ['sys_env_destroy', 'envid'],
  ['sys_page_alloc', 'envid', 'va', 'perm'],
  ['sys_page_map', 'srcenvid', 'srcva', 'dstenvid', 'dstva', 'perm'],
  ['sys_page_unmap', 'envid', 'va'],
  ['sys_exofork'],
  ['sys_env_set_status', 'envid', 'status'],
  ['sys_env_set_trapframe', 'envid', 'tf'],
  ['sys_env_set_pgfault_upcall', 'envid', 'func'],
  ['sys_yield'],
  ['sys_ipc_try_send', 'envid', 'value', 'srcva', 'perm'],
  ['sys_ipc_recv', 'dstva'],
];

export const ARGUMENT_REGISTERS = ['edx', 'ecx', 'ebx', 'edi', 'esi'] as const;

export const T_PGFLT = 14;
export const T_SYSCALL = 48;
export const IRQ_OFFSET = 32;

/** `inc/error.h`: what a failed system call returns. */
export const ERRORS: Readonly<Record<string, number>> = {
  E_UNSPECIFIED: -1,
  E_BAD_ENV: -2,
  E_INVAL: -3,
  E_NO_MEM: -4,
  E_NO_FREE_ENV: -5,
  E_FAULT: -6,
  E_IPC_NOT_RECV: -7,
  E_EOF: -8,
};

/** Functions of the kernel at which an event shows. guest/README.md, "What a debugger reads". */
export const EVENT_POINTS: Readonly<Partial<Record<OsEventId, OsEventPoint>>> = {
  'syscall-entered': { functions: ['kernel::syscall::syscall'], at: 'body' },
  'env-created': { functions: ['kernel::env::env_create', 'kernel::syscall::env::sys_exofork'], at: 'around' },
  'env-destroyed': { functions: ['kernel::env::env_destroy'], at: 'body' },
  'env-scheduled': { functions: ['kernel::env::run::env_run'], at: 'body' },
};

/** `kernel::env::Ending`, in words. */
export const ENDINGS: Readonly<Record<string, string>> = {
  Exit: 'it asked for it',
  Killed: 'another environment asked for it',
  Fault: 'it did what the kernel does not allow',
};

/** `inc/env.h`, the ENV_* numbers in order. */
export const STATUS_NAMES = ['free', 'dying', 'runnable', 'running', 'not runnable'] as const;

/** `inc/memlayout.h`: from `start` up to the next row's. Above ULIM the kernel's, below UTOP the environment's own. */
export const REGIONS: readonly (readonly [start: number, name: string])[] = [
  [0x00000000, 'unused'],
  [0x00400000, 'UTEMP'],
  [0x00800000, 'program'],
  [0x10000000, 'user heap'],
  [0xe0000000, 'user'],
  [0xeebf6000, 'user stack'],
  [0xeebfe000, 'guard'],
  [0xeebff000, 'user exception stack'],
  [0xeec00000, 'UENVS'],
  [0xef000000, 'UPAGES'],
  [0xef400000, 'UVPT (page tables)'],
  [0xef800000, 'MMIO'],
  [0xefc00000, 'kernel stack'],
  [0xf0000000, 'physical memory (KERNBASE)'],
];

export const UTOP = 0xeec00000;
export const KSTACKTOP = 0xf0000000;
/** Bytes from the start of a trap frame to its end when the trap came from user mode. */
export const TRAPFRAME_BYTES = 68;
export const KERNBASE = 0xf0000000;
/** GD_UT | 3. */
export const USER_CS = 0x1b;
/** From the moment the next environment is current to the IRET: the trap frame on the stack is another one's. */
export const RESUMING_FUNCTIONS: ReadonlySet<string> = new Set(['env_run', 'env_pop_tf', 'trapret']);
