/** A frame's registers and memory, as values and expressions read and write them. */
import type { CodeFrame } from '../call-stack/frame.ts';
import { readWhole } from '../call-stack/memory-view.ts';
import type { FrameContext } from '../debug-info/index.ts';
import type { InspectionContext } from '../inspection/index.ts';
import type { Environment, GuestOs } from '../kernel/guest-os.ts';
import { DWARF_REGISTERS, registerNamed } from '../target/registers.ts';
import type { Space, Target } from '../target/target.ts';
import { EIP } from '../debug-info/registers.ts';
import { factNamed, readFact } from './machine-facts.ts';

export interface ContextSource {
  readonly target: Target;
  readonly os: GuestOs;
}

/**
 * @param innermost registers are the CPU's own and may be written; of outer frames and other threads they may not
 * @param environment whose frame it is
 */
export function frameContext(
  source: ContextSource,
  frame: CodeFrame,
  innermost: boolean,
  environment: () => Environment | undefined,
): InspectionContext {
  return contextOver(source, () => frame.space, frame.context, innermost, environment);
}

/** The CPU as it stands whenever it is asked, for conditions: one context serves all hits. */
export function cpuContext(source: ContextSource): InspectionContext {
  const { target, os } = source;
  const bias = (): number => (target.cpl === 3 ? 0 : (os.imageAt(target.space, target.readRegister('eip'))?.bias ?? 0));
  const register = (n: number): number | undefined => {
    const name = DWARF_REGISTERS[n];
    if (name === undefined) return undefined;
    const value = target.readRegister(name);
    return n === EIP ? (value + bias()) >>> 0 : value;
  };
  const frame: FrameContext = {
    get pc() {
      return (target.readRegister('eip') + bias()) >>> 0;
    },
    register,
    readMemory: (address, size) => readWhole(target, target.space, address, size, bias()),
  };
  return contextOver(
    source,
    () => target.space,
    frame,
    true,
    () => os.current(),
  );
}

function contextOver(
  { target, os }: ContextSource,
  spaceNow: () => Space,
  frame: FrameContext,
  writable: boolean,
  environment: () => Environment | undefined,
): InspectionContext {
  const facts = { target, os, space: spaceNow, environment };
  return {
    get pc() {
      return frame.pc;
    },
    register: (n) => frame.register(n),
    readMemory: (address, size) => frame.readMemory(address, size),
    ...(frame.cfa ? { cfa: () => frame.cfa!() } : {}),
    readScalar: (address, size) => target.readNumber(spaceNow(), address, size),
    writeMemory: (address, bytes) => target.write(spaceNow(), address, bytes) === bytes.length,
    setRegister: (n, value) => {
      const name = DWARF_REGISTERS[n];
      return writable && name !== undefined && target.writeRegister(name, value >>> 0);
    },
    namedRegister: (name) => {
      const register = registerNamed(name);
      return register && target.readRegister(register);
    },
    setNamedRegister: (name, value) => {
      const register = registerNamed(name);
      return writable && register !== undefined && target.writeRegister(register, value >>> 0);
    },
    fact: (name, argument) => readFact(facts, name, argument),
    concreteTypeOfVtable: (address) => {
      const place = os.imageAt(spaceNow(), address);
      return place?.image.debug.vtableTypeAt((address + place.bias) >>> 0);
    },
    symbolAt: (address) => {
      const place = os.imageAt(spaceNow(), address);
      const linked = (address + (place?.bias ?? 0)) >>> 0;
      const symbol = place?.image.elf.symbolAt(linked);
      if (!symbol) return undefined;
      const offset = linked - symbol.address;
      return offset === 0 ? symbol.demangled : `${symbol.demangled}+${offset}`;
    },
  };
}

/** Names with `$` that every expression in a machine's context may use. */
export const MACHINE_NAMES = { isRegister: isRegisterName, factNamed } as const;

export function isRegisterName(name: string): boolean {
  return registerNamed(name) !== undefined;
}
