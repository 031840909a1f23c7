/** A frame's registers and memory, as values and expressions read and write them. */
import type { CodeFrame } from '../call-stack/frame.ts';
import { readWhole } from '../call-stack/memory-view.ts';
import type { FrameContext } from '../debug-info/index.ts';
import type { InspectionContext } from '../inspection/index.ts';
import type { Environment, GuestOs } from '../kernel/guest-os.ts';
import { symbolName } from '../kernel/symbol-name.ts';
import { DWARF_REGISTERS, registerNamed, type FpuRegisterName } from '../target/registers.ts';
import { failure, success, type Result } from '../result.ts';
import { PHYSICAL_SPACE, type Space, type Target } from '../target/target.ts';
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
  // `$eip` is where the code runs, while names and lines are found by where it is linked; and the user may have set it.
  const eip = (): number => (innermost ? source.target.readRegister('eip') : frame.address);
  return contextOver(source, () => frame.space, { context: frame.context, eip }, innermost, environment);
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
    { context: frame, eip: () => target.readRegister('eip') },
    true,
    () => os.currentNow(),
  );
}

function contextOver(
  { target, os }: ContextSource,
  spaceNow: () => Space,
  { context: frame, eip }: { context: FrameContext; eip: () => number },
  writable: boolean,
  environment: () => Environment | undefined,
): InspectionContext {
  const facts = { target, os, space: spaceNow, environment };
  return {
    inSpace: (name) => {
      const space = spaceNamed({ target, os }, name);
      if (!space.ok) return space;
      const elsewhere: FrameContext = {
        pc: frame.pc,
        register: (n) => frame.register(n),
        readMemory: (address, size) => readWhole(target, space.value, address, size, 0),
      };
      const context = contextOver(
        { target, os },
        () => space.value,
        { context: elsewhere, eip },
        writable,
        environment,
      );
      return success({ ...context, pc: frame.pc, spaceName: name });
    },
    get pc() {
      return frame.pc;
    },
    register: (n) => (n === EIP ? eip() : frame.register(n)),
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
    wideRegister: (name) => {
      // The kernel may keep the units' state for those that do not run: what the CPU holds is no one else's.
      const isCurrent = (environment()?.envId ?? os.currentNow()?.envId) === os.currentNow()?.envId;
      return isCurrent ? target.readFpuRegister(name as FpuRegisterName) : undefined;
    },
    setWideRegister: (name, bytes) => writable && target.writeFpuRegister(name as FpuRegisterName, bytes),
    setNamedRegister: (name, value) => {
      const register = registerNamed(name);
      return writable && register !== undefined && target.writeRegister(register, value >>> 0);
    },
    fact: (name, argument) => readFact(facts, name, argument),
    concreteTypeOfVtable: (address) => {
      const place = os.imageAt(spaceNow(), address);
      return place?.image.debug.vtableTypeAt((address + place.bias) >>> 0);
    },
    symbolAt: (address) => symbolName(os, spaceNow(), address),
  };
}

/** The space that a memory reference begins with. */
function spaceNamed({ target, os }: ContextSource, name: string): Result<Space> {
  if (name === 'phys') return success(PHYSICAL_SPACE);
  if (name === 'kernel') return success(target.space);
  const envId = parseInt(name.slice('env:'.length), 16);
  const environment = os.environments().find((e) => e.envId === envId && e.status !== 'free');
  if (environment) return success(environment.space);
  return failure('no-such-environment', {
    cause: `There is no environment ${envId.toString(16).padStart(8, '0')} any more.`,
    remedy: 'Choose one from the call stack.',
  });
}

/** Names with `$` that every expression in a machine's context may use. */
export const MACHINE_NAMES = { isRegister: isRegisterName, factNamed } as const;

export function isRegisterName(name: string): boolean {
  return registerNamed(name) !== undefined;
}
