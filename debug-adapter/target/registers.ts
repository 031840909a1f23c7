/**
 * The i386's registers as a debugger names them, in the groups it shows them in.
 * Intel SDM Vol. 1, "Basic Program Execution Registers"; Vol. 3A, "System Registers".
 */
export const GENERAL_REGISTERS = ['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi', 'eip', 'eflags'] as const;
export const SEGMENT_REGISTERS = ['cs', 'ss', 'ds', 'es', 'fs', 'gs', 'ldtr', 'tr'] as const;
export const CONTROL_REGISTERS = [
  'cr0',
  'cr2',
  'cr3',
  'cr4',
  'gdtrBase',
  'gdtrLimit',
  'idtrBase',
  'idtrLimit',
] as const;

export const REGISTER_NAMES = [...GENERAL_REGISTERS, ...SEGMENT_REGISTERS, ...CONTROL_REGISTERS] as const;
export type RegisterName = (typeof REGISTER_NAMES)[number];

/** By name in any case, without `$`. */
export function registerNamed(name: string): RegisterName | undefined {
  const wanted = name.toLowerCase();
  return REGISTER_NAMES.find((register) => register.toLowerCase() === wanted);
}

/** FPU and SIMD registers, in the groups they are shown in; bytes, not numbers. SDM Vol. 1, "x87 FPU Execution Environment". */
export const FPU_WORDS = ['fctrl', 'fstat', 'ftag', 'fiseg', 'fioff', 'foseg', 'fooff', 'fop'] as const;
export const FPU_STACK = ['st0', 'st1', 'st2', 'st3', 'st4', 'st5', 'st6', 'st7'] as const;
export const MMX_REGISTERS = ['mm0', 'mm1', 'mm2', 'mm3', 'mm4', 'mm5', 'mm6', 'mm7'] as const;
export const XMM_REGISTERS = ['xmm0', 'xmm1', 'xmm2', 'xmm3', 'xmm4', 'xmm5', 'xmm6', 'xmm7', 'mxcsr'] as const;

export type FpuRegisterName =
  | (typeof FPU_WORDS)[number]
  | (typeof FPU_STACK)[number]
  | (typeof MMX_REGISTERS)[number]
  | (typeof XMM_REGISTERS)[number];

/** DWARF register numbers of i386. System V ABI, Intel386 supplement, "DWARF Register Number Mapping". */
export const DWARF_REGISTERS: readonly RegisterName[] = [
  'eax',
  'ecx',
  'edx',
  'ebx',
  'esp',
  'ebp',
  'esi',
  'edi',
  'eip',
  'eflags',
];

/** Named parts of a register: bit position, width, name. SDM Vol. 1, "EFLAGS Register"; Vol. 3A, "Control Registers". */
export const REGISTER_FIELDS: Readonly<
  Partial<Record<RegisterName, readonly (readonly [bit: number, width: number, name: string])[]>>
> = {
  eflags: [
    [0, 1, 'CF'],
    [2, 1, 'PF'],
    [4, 1, 'AF'],
    [6, 1, 'ZF'],
    [7, 1, 'SF'],
    [8, 1, 'TF'],
    [9, 1, 'IF'],
    [10, 1, 'DF'],
    [11, 1, 'OF'],
    [12, 2, 'IOPL'],
    [14, 1, 'NT'],
    [16, 1, 'RF'],
    [17, 1, 'VM'],
    [18, 1, 'AC'],
    [19, 1, 'VIF'],
    [20, 1, 'VIP'],
    [21, 1, 'ID'],
  ],
  cr0: [
    [0, 1, 'PE'],
    [1, 1, 'MP'],
    [2, 1, 'EM'],
    [3, 1, 'TS'],
    [4, 1, 'ET'],
    [5, 1, 'NE'],
    [16, 1, 'WP'],
    [18, 1, 'AM'],
    [29, 1, 'NW'],
    [30, 1, 'CD'],
    [31, 1, 'PG'],
  ],
  cr3: [
    [3, 1, 'PWT'],
    [4, 1, 'PCD'],
    [12, 20, 'base'],
  ],
  cr4: [
    [0, 1, 'VME'],
    [1, 1, 'PVI'],
    [2, 1, 'TSD'],
    [3, 1, 'DE'],
    [4, 1, 'PSE'],
    [5, 1, 'PAE'],
    [6, 1, 'MCE'],
    [7, 1, 'PGE'],
    [8, 1, 'PCE'],
    [9, 1, 'OSFXSR'],
    [10, 1, 'OSXMMEXCPT'],
  ],
};

/** The fields that are set, as `ZF PF IF IOPL=3`: one-bit fields by name, wider ones with their value, addresses whole. */
export function describeFields(register: RegisterName, value: number): string {
  return (REGISTER_FIELDS[register] ?? [])
    .flatMap(([bit, width, name]) => {
      const field = (value >>> bit) & (2 ** width - 1);
      if (field === 0) return [];
      if (width === 1) return [name];
      return [`${name}=${width > 4 ? '0x' + ((field << bit) >>> 0).toString(16) : field}`];
    })
    .join(' ');
}
