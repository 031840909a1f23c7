/**
 * Every event a user can stop at: its name, what its condition may ask for, and how it is noticed.
 * Clients show this table as DAP's exception filters.
 */
import type { FatalPoint, OsEventId } from '../kernel/guest-os.ts';
import { FAULT_WORDS } from './fault-facts.ts';

export type Detection =
  /** The CPU stops before it delivers these vectors (bits). */
  | { readonly by: 'exception'; readonly vectors: number }
  | { readonly by: 'interrupt' }
  | { readonly by: 'ring' }
  | { readonly by: 'control'; readonly register: 'cr0' | 'cr3' }
  /** The guest's operating system knows. */
  | { readonly by: 'os'; readonly event: OsEventId; readonly failedOnly?: boolean }
  | { readonly by: 'fatal'; readonly point: FatalPoint['id'] };

export interface EventRow {
  readonly id: string;
  readonly label: string;
  /** The stop's name. */
  readonly title: string;
  readonly description: string;
  /** Names of values beside `program`, `env` and `eip`; `args`: the system calls' arguments. */
  readonly values: readonly string[];
  /** What a lone word or number as condition is compared with. */
  readonly shorthand: 'name' | 'vector' | 'irq' | 'program';
  readonly example: string;
  /** By value: the words that it may be. What `name`, `ending`, `program`, `vector` and `irq` may be is known without. */
  readonly words?: Readonly<Record<string, readonly string[]>>;
  readonly detection: Detection;
  readonly isDefault?: boolean;
}

const ALL_VECTORS = -1;
const PAGE_FAULT = 1 << 14;
const CALL = ['name', 'number', 'args'] as const;
const FAULT = ['vector', 'errorCode', 'address', 'cause', 'access'] as const;

// prettier-ignore
export const EVENTS: readonly EventRow[] = [
  { id: 'unhandled-fault', label: 'Unhandled faults', title: 'Unhandled fault', isDefault: true,
    description: 'An environment faults and the kernel is about to destroy it.',
    values: FAULT, shorthand: 'program', example: 'vector == 14 && address < 0x1000', words: FAULT_WORDS,
    detection: { by: 'fatal', point: 'unhandled-fault' } },
  { id: 'user-panic', label: 'User panics', title: 'User panic', isDefault: true,
    description: 'A user program panics.',
    values: [], shorthand: 'program', example: 'program == forktree',
    detection: { by: 'fatal', point: 'user-panic' } },
  { id: 'kernel-panic', label: 'Kernel panics', title: 'Kernel panic', isDefault: true,
    description: 'The kernel panics.',
    values: [], shorthand: 'program', example: '$esp < 0xefff8000',
    detection: { by: 'fatal', point: 'kernel-panic' } },
  { id: 'syscall-entered', label: 'System call entered', title: 'System call entered',
    description: 'The kernel begins a system call.',
    values: CALL, shorthand: 'name', example: 'sys_page_alloc, sys_page_map  or  name == sys_page_alloc && perm == 7',
    detection: { by: 'os', event: 'syscall-entered' } },
  { id: 'syscall-returned', label: 'System call returned', title: 'System call returned',
    description: 'A program goes on after a system call, with its result in EAX.',
    values: [...CALL, 'result'], shorthand: 'name', example: 'name == sys_exofork && result > 0',
    detection: { by: 'os', event: 'syscall-returned' } },
  { id: 'syscall-failed', label: 'System call failed', title: 'System call failed',
    description: 'A program goes on after a system call that returned an error.',
    values: [...CALL, 'result'], shorthand: 'name', example: 'result == E_INVAL',
    detection: { by: 'os', event: 'syscall-returned', failedOnly: true } },
  { id: 'page-fault', label: 'Page fault (all)', title: 'Page fault',
    description: 'Any page fault, before it is delivered: copy-on-write and programs’ own handlers included.',
    values: FAULT, shorthand: 'program', example: 'access == write && cause == not_present && address >= 0x10000000',
    words: FAULT_WORDS,
    detection: { by: 'exception', vectors: PAGE_FAULT } },
  { id: 'exception', label: 'CPU exception', title: 'CPU exception',
    description: 'Any exception that the CPU raises, before it is delivered.',
    values: FAULT, shorthand: 'vector', example: '#GP  or  vector == GP && errorCode != 0', words: FAULT_WORDS,
    detection: { by: 'exception', vectors: ALL_VECTORS } },
  { id: 'interrupt', label: 'Hardware interrupt', title: 'Hardware interrupt',
    description: 'A device’s interrupt has been delivered.',
    values: ['irq', 'vector'], shorthand: 'irq', example: 'irq == timer  or  timer, keyboard',
    detection: { by: 'interrupt' } },
  { id: 'env-created', label: 'Environment created', title: 'Environment created',
    description: 'The kernel has made an environment, from a program or by fork.',
    values: ['parent'], shorthand: 'program', example: 'parent != 0',
    detection: { by: 'os', event: 'env-created' } },
  { id: 'env-destroyed', label: 'Environment destroyed', title: 'Environment destroyed',
    description: 'The kernel is about to destroy an environment.',
    values: ['parent', 'ending'], shorthand: 'program', example: 'env == 0x1001  or  ending == Fault',
    detection: { by: 'os', event: 'env-destroyed' } },
  { id: 'env-scheduled', label: 'Environment scheduled in', title: 'Environment scheduled in',
    description: 'Another environment than before is given the CPU.',
    values: ['previous', 'runs'], shorthand: 'program', example: 'env == 0x1001 && previous == 0x1000',
    detection: { by: 'os', event: 'env-scheduled' } },
  { id: 'program-start', label: 'First instruction of a program', title: 'Program begins',
    description: 'A program loaded from its file is about to run its first instruction.',
    values: ['parent'], shorthand: 'program', example: 'hello',
    detection: { by: 'os', event: 'program-start' } },
  { id: 'cr3', label: 'CR3 written', title: 'CR3 written',
    description: 'The page directory is loaded: an address space is switched to.',
    values: ['old', 'value'], shorthand: 'program', example: 'old != value',
    detection: { by: 'control', register: 'cr3' } },
  { id: 'cr0', label: 'CR0 written', title: 'CR0 written',
    description: 'Protection or paging is switched.',
    values: ['old', 'value'], shorthand: 'program', example: '(old ^ value) & 0x80000000',
    detection: { by: 'control', register: 'cr0' } },
  { id: 'ring', label: 'Ring change', title: 'Ring change',
    description: 'The CPU’s privilege level changes, in or out of the kernel.',
    values: ['from', 'to'], shorthand: 'program', example: 'from == 0 && to == 3',
    detection: { by: 'ring' } },
];

/** Values that every event has where they are known. */
export const COMMON_VALUES = ['program', 'env', 'eip'] as const;
