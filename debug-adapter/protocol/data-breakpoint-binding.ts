/**
 * Data breakpoints as the client asked for them: what a `dataId` says, and how it is bound to a machine.
 *
 *   static:kernel!kernel::env::CURENV|4||CURENV    a kernel's static, found by name in each launch
 *   env:1000:0xeebfdf58|4|change|total             bytes in an environment's space
 *   kernel:0xf0123450|4||table                     bytes at the same address of every space
 *   phys:0x003fd000|4||phys:0x003fd000             physical bytes
 *   register:esi@env:1000                          a register of an environment's user code; or @kernel, @user, @machine
 *
 * They outlive the machine: a restart binds them again, with the same ids. Types of values are remembered by `dataId`
 * for the session; without one, values are shown as bytes.
 */
import type { DebugProtocol as Dap } from '@vscode/debugprotocol';
import type { WatchedData } from '../breakpoints/data-breakpoints.ts';
import type { WatchedRegister } from '../breakpoints/register-breakpoints.ts';
import { resolved } from '../debug-info/index.ts';
import type { LiveDebuggee } from '../execution/debuggee.ts';
import type { GuestOs } from '../kernel/guest-os.ts';
import type { Image } from '../launch/images.ts';
import { describeFailure, failure, success, type Result } from '../result.ts';
import { registerNamed } from '../target/registers.ts';
import { noSuchEnvironment } from './address-space.ts';
import { formatMemoryReference, parseMemoryReference } from './memory-reference.ts';

/** More than this would be a page's worth of slow accesses many times over. */
export const DATA_BYTES_MAX = 0x10000;

/** A static of the kernel, by the name that finds it again. */
export interface StaticName {
  readonly image: string;
  readonly qualifiedName: string;
}

type Binding = Pick<LiveDebuggee, 'launch' | 'data' | 'os'>;

export class DataBreakpointRequests {
  private requests: readonly { readonly id: number; readonly request: Dap.DataBreakpoint }[] = [];
  private readonly known = new Map<string, Pick<WatchedData, 'type' | 'owner'>>();
  private readonly nextId: () => number;

  constructor(nextId: () => number) {
    this.nextId = nextId;
  }

  /** @param as the kernel's static that it is, if it is one */
  idOf(data: WatchedData, as: StaticName | undefined): string {
    const place = as ? `static:${as.image}!${as.qualifiedName}` : formatMemoryReference(data.place);
    const dataId = `${place}|${data.lengthBytes}|${data.changeOnly ? 'change' : ''}|${data.name}`;
    this.known.set(dataId, { type: data.type, owner: data.owner });
    return dataId;
  }

  set(requests: readonly Dap.DataBreakpoint[], to: Binding | undefined): Dap.Breakpoint[] {
    // Clients send the whole set when one of it changes: what is the same keeps its id, and so its hit count.
    const left = this.requests.map((old) => ({ id: old.id, text: JSON.stringify(old.request) }));
    this.requests = requests.map((request) => {
      const text = JSON.stringify(request);
      const at = left.findIndex((old) => old.text === text);
      return { id: at >= 0 ? left.splice(at, 1)[0]!.id : this.nextId(), request };
    });
    return this.bind(to);
  }

  bind(to: Binding | undefined): Dap.Breakpoint[] {
    to?.data.clear();
    return this.requests.map(({ id, request }): Dap.Breakpoint => {
      if (!to)
        return { id, verified: false, message: 'It is bound when a program has been launched.', reason: 'pending' };
      if (to.launch.arguments.noDebug) return { id, verified: false, message: 'This run is without debugging.' };
      const register = parseRegisterId(request.dataId);
      const added = register ? addRegister(id, register, request, to) : this.addBytes(id, request, to);
      return added.ok
        ? { id, verified: true }
        : { id, verified: false, message: describeFailure(added.failure), reason: 'failed' };
    });
  }

  private addBytes(id: number, request: Dap.DataBreakpoint, { data, launch, os }: Binding): Result<void> {
    const parsed = this.parse(request.dataId, launch.images.kernel);
    if (!parsed.ok) return parsed;
    const { place } = parsed.value;
    const there = place.kind === 'env' ? mayCome(os, place.envId) : success(undefined);
    return there.ok ? data.add(id, parsed.value, { ...request, access: request.accessType ?? 'write' }) : there;
  }

  private parse(dataId: string, kernel: Image): Result<WatchedData> {
    const match = /^([^|]+)\|(\d{1,6})\|(change|)\|(.*)$/s.exec(dataId);
    const lengthBytes = Number(match?.[2]);
    if (!match || lengthBytes === 0 || lengthBytes > DATA_BYTES_MAX) return badDataId(dataId);
    const common = { name: match[4]!, lengthBytes, changeOnly: match[3] === 'change', ...this.known.get(dataId) };
    if (match[1]!.startsWith('static:')) {
      const name = match[1]!.slice('static:'.length).split('!').slice(1).join('!');
      const found = findStatic(kernel, name);
      if (found) return success({ ...common, ...found, place: { kind: 'kernel', address: found.address } });
      return failure('no-such-static', {
        cause: `${kernel.name} has no static "${name}" any more.`,
        remedy: 'Remove this data breakpoint and set it anew.',
      });
    }
    const place = parseMemoryReference(match[1]!);
    if (!place || place.kind === 'shown' || place.address + lengthBytes > 2 ** 32) return badDataId(dataId);
    return success({ ...common, place });
  }
}

function addRegister(
  id: number,
  register: WatchedRegister,
  request: Dap.DataBreakpoint,
  { data, os }: Binding,
): Result<void> {
  const { owner } = register;
  const there = owner.kind === 'env' ? mayCome(os, owner.envId) : success(undefined);
  return there.ok ? data.ofRegisters.add(id, register, request) : there;
}

/** Fails for an environment that is not there, unless none is: then the kernel starts, and makes the same ones again. */
function mayCome(os: GuestOs, envId: number): Result<void> {
  const living = os.environments().filter(({ status }) => status !== 'free');
  const isStarting = os.name !== 'bare' && living.length === 0;
  return isStarting || living.some((environment) => environment.envId === envId)
    ? success(undefined)
    : noSuchEnvironment(envId);
}

export function registerId({ name, owner }: WatchedRegister): string {
  return `register:${name}@${owner.kind}${owner.kind === 'env' ? `:${owner.envId.toString(16)}` : ''}`;
}

function parseRegisterId(dataId: string): WatchedRegister | undefined {
  const match = /^register:(\w+)@(?:env:([\da-f]{1,8})|(user|kernel|machine))$/.exec(dataId);
  const name = registerNamed(match?.[1] ?? '');
  if (!match || !name || name === 'eip') return undefined;
  const kind = match[3] as 'user' | 'kernel' | 'machine' | undefined;
  return { name, owner: kind === undefined ? { kind: 'env', envId: parseInt(match[2]!, 16) } : { kind } };
}

/** Where a kernel's static is in memory, whatever runs. */
export function findStatic(
  image: Image,
  qualifiedName: string,
): { address: number; type: WatchedData['type']; sizeBytes: number } | undefined {
  for (const variable of image.debug.staticsNamed(qualifiedName)) {
    if (variable.qualifiedName !== qualifiedName) continue;
    const location = variable.simpleLocation(image.elf.entry);
    if (location?.kind !== 'address') continue;
    return { address: location.address, type: variable.type, sizeBytes: resolved(variable.type)?.sizeBytes ?? 0 };
  }
  return undefined;
}

const badDataId = (dataId: string): Result<never> =>
  failure('data-id', {
    cause: `"${dataId}" names no data.`,
    remedy: 'Use the dataId of a dataBreakpointInfo response.',
  });
