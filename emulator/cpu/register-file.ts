/**
 * Registers by name, for debuggers, loaders and snapshots. All values unsigned.
 *
 * Invariant: a write brings everything that depends on the register up to date, and makes no check a guest's write
 * would make: what is set is what is there.
 */
import { setCr0, setCr3, setCr4, setDebugRegister } from './control-registers.ts';
import type { Core } from './core.ts';
import { ARITHMETIC_FLAGS, readEflags, setArithmeticFlags } from './flags.ts';
import {
  ATTRIBUTES,
  BASE,
  CR0,
  CR2,
  CR3,
  CR4,
  CS,
  DR,
  DS,
  EAX,
  EBP,
  EBX,
  ECX,
  EDI,
  EDX,
  EFLAGS,
  EIP,
  ES,
  ESI,
  ESP,
  Eflags,
  FS,
  GDTR_BASE,
  GDTR_LIMIT,
  GS,
  IDTR_BASE,
  IDTR_LIMIT,
  LDTR,
  LIMIT,
  SELECTOR,
  SS,
  TR,
} from './registers.ts';
import { setHidden, updateAllEnds } from './segments.ts';

/** Registers that are one number. */
const plain = {
  eax: EAX,
  ecx: ECX,
  edx: EDX,
  ebx: EBX,
  esp: ESP,
  ebp: EBP,
  esi: ESI,
  edi: EDI,
  cr2: CR2,
  gdtrBase: GDTR_BASE,
  gdtrLimit: GDTR_LIMIT,
  idtrBase: IDTR_BASE,
  idtrLimit: IDTR_LIMIT,
} as const;

const special = {
  eip: {
    get: (core: Core) => core.i32[EIP],
    set: (core: Core, value: number) => {
      core.i32[EIP] = value;
      core.forgetExceptions();
      core.repeatDone = 0;
    },
  },
  eflags: { get: readEflags, set: setAllEflags },
  cr0: { get: (core: Core) => core.i32[CR0], set: setCr0 },
  cr3: { get: (core: Core) => core.i32[CR3], set: setCr3 },
  cr4: { get: (core: Core) => core.i32[CR4], set: setCr4 },
  dr0: debugRegister(0),
  dr1: debugRegister(1),
  dr2: debugRegister(2),
  dr3: debugRegister(3),
  dr6: debugRegister(6),
  dr7: debugRegister(7),
  /** Current privilege level. */
  cpl: {
    get: (core: Core) => core.cpl,
    set: (core: Core, value: number) => {
      core.setCpl(value & 3);
    },
  },
} as const;

const segmentNumbers = { es: ES, cs: CS, ss: SS, ds: DS, fs: FS, gs: GS, ldtr: LDTR, tr: TR } as const;

export type NumberRegister = keyof typeof plain | keyof typeof special;
export type SegmentName = keyof typeof segmentNumbers;

export type SegmentState = {
  readonly selector: number;
  readonly base: number;
  /** In bytes, granularity applied. */
  readonly limit: number;
  /** Type, S, DPL, P in bits 0-7; AVL, D/B, G in bits 12, 14, 15. 0: unusable. */
  readonly attributes: number;
};

export type Registers = { [Name in NumberRegister]: number } & {
  readonly segments: { [Name in SegmentName]: SegmentState };
};

export const numberRegisters = [...Object.keys(plain), ...Object.keys(special)] as readonly NumberRegister[];
export const segmentNames = Object.keys(segmentNumbers) as readonly SegmentName[];

function debugRegister(register: number): { get: (core: Core) => number; set: (core: Core, value: number) => void } {
  return {
    get: (core) => core.i32[DR + register],
    set: (core, value) => {
      setDebugRegister(core, register, value);
    },
  };
}

const EFLAGS_DEFINED = 0x3f_7fd5;

function setAllEflags(core: Core, value: number): void {
  const m = core.i32;
  const virtualChanged = ((m[EFLAGS] ^ value) & Eflags.VM) !== 0;
  m[EFLAGS] = (value & EFLAGS_DEFINED & ~ARITHMETIC_FLAGS) | 2;
  setArithmeticFlags(core, value);
  if (virtualChanged) updateAllEnds(core);
  core.updateAlignmentCheck();
  core.updateAttention();
}

/**
 * The accessors stand on a prototype, not on the object: objects with many accessors of their own are slow dictionaries
 * to V8, and debuggers read registers at every hit of a breakpoint.
 */
export function createRegisters(core: Core): Registers {
  const segments = {};
  for (const [name, segment] of Object.entries(segmentNumbers)) {
    Object.defineProperty(segments, name, {
      get: (): SegmentState => readSegment(core, segment),
      set: (state: SegmentState) => {
        setHidden(core, segment, state.selector, state.base, state.limit, state.attributes);
      },
    });
  }
  const registers = { segments: Object.create(segments) as object };
  for (const [name, slot] of Object.entries(plain)) {
    Object.defineProperty(registers, name, {
      get: () => core.i32[slot] >>> 0,
      set: (value: number) => {
        core.i32[slot] = value;
      },
    });
  }
  for (const [name, { get, set }] of Object.entries(special)) {
    Object.defineProperty(registers, name, {
      get: () => get(core) >>> 0,
      set: (value: number) => {
        set(core, value | 0);
      },
    });
  }
  return Object.create(registers) as Registers;
}

function readSegment(core: Core, segment: number): SegmentState {
  const m = core.i32;
  return {
    selector: m[SELECTOR + segment] & 0xffff,
    base: m[BASE + segment] >>> 0,
    limit: m[LIMIT + segment] >>> 0,
    attributes: m[ATTRIBUTES + segment],
  };
}
