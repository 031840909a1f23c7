/** dataBreakpointInfo, setDataBreakpoints. */
import * as v from 'valibot';
import { BREAKPOINT_MODES } from '../../breakpoints/breakpoint-modes.ts';
import { localsOwner } from '../../breakpoints/data-owner.ts';
import { ownerText, type WatchedRegister } from '../../breakpoints/register-breakpoints.ts';
import { placeText, type DataPlace, type WatchedData } from '../../breakpoints/data-breakpoints.ts';
import { resolved } from '../../debug-info/index.ts';
import { registerBehind, type Value } from '../../inspection/index.ts';
import { failure, success, type Failure, type Result } from '../../result.ts';
import { referFor, registerOwner } from '../../scopes/scopes.ts';
import { referOf } from '../../scopes/value-node.ts';
import { DWARF_REGISTERS, registerNamed } from '../../target/registers.ts';
import { PHYSICAL_SPACE } from '../../target/target.ts';
import { placeReference } from '../address-space.ts';
import { DATA_BYTES_MAX, findStatic, registerId, type StaticName } from '../data-breakpoint-binding.ts';
import { formatMemoryReference, parseMemoryReference, type MemoryReference } from '../memory-reference.ts';
import { answer, integer, request } from '../request.ts';
import type { RequestHandler } from '../request-table.ts';
import type { Debugged } from '../session-state.ts';
import { evaluateIn, frameFor } from './data-requests.ts';

const DATA_MODES = BREAKPOINT_MODES.filter(({ appliesTo }) => appliesTo.includes('data')).map(({ mode }) => mode);

const infoArguments = v.looseObject({
  variablesReference: v.optional(integer),
  name: v.string(),
  frameId: v.optional(integer),
  bytes: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
  asAddress: v.optional(v.boolean(), false),
  mode: v.optional(v.string()),
});

type InfoArguments = v.InferOutput<typeof infoArguments>;

/** What was asked for, as an address. */
interface Found {
  readonly name: string;
  readonly reference: MemoryReference;
  readonly sizeBytes: number;
  readonly type?: WatchedData['type'];
  /** It was named by its address, not as a variable. */
  readonly byAddress: boolean;
}

export const DATA_BREAKPOINT_REQUESTS: Readonly<Record<string, RequestHandler>> = {
  dataBreakpointInfo: request(infoArguments, (state, args) => {
    const debugged = state.stoppedDebuggee();
    if (!debugged.ok) return debugged;
    if (args.mode !== undefined && !DATA_MODES.includes(args.mode)) {
      return answer({
        dataId: null,
        description: `There is no mode "${args.mode}" for data. Known are ${DATA_MODES.join(', ')}.`,
      });
    }
    const register = findRegister(debugged.value, args);
    if (register) return answer(register.ok ? registerInfo(register.value) : noDataBody(register.failure));
    const found = findData(debugged.value, args);
    const watched = found.ok ? watch(debugged.value, found.value, args.mode) : found;
    // DAP, DataBreakpointInfo: no data breakpoint is an answer, with the reason as its description.
    if (!watched.ok) return answer(noDataBody(watched.failure));
    const { data, asStatic, byAddress } = watched.value;
    return answer({
      dataId: state.requestedData.idOf(data, asStatic),
      description: `${data.name} at ${placeText(data.place)}, ${data.lengthBytes} ${data.lengthBytes === 1 ? 'byte' : 'bytes'}`,
      accessTypes: data.changeOnly ? ['write'] : ['read', 'write', 'readWrite'],
      // Frames, heaps and environments of another session are others; statics are found by name, and addresses asked for stay.
      canPersist: asStatic !== undefined || (byAddress && data.place.kind !== 'env'),
    });
  }),

  setDataBreakpoints: request(
    v.looseObject({
      breakpoints: v.array(
        v.looseObject({
          dataId: v.string(),
          accessType: v.optional(v.picklist(['read', 'write', 'readWrite'])),
          condition: v.optional(v.string()),
          hitCondition: v.optional(v.string()),
        }),
      ),
    }),
    (state, args) => answer({ breakpoints: state.requestedData.set(args.breakpoints as never, state.debugged) }),
  ),
};

const noDataBody = ({ cause }: Failure): object => ({ dataId: null, description: cause });

/** `$esi`, or a register of the Registers scope; undefined where something else was named. */
function findRegister(debugged: Debugged, args: InfoArguments): Result<WatchedRegister> | undefined {
  if (args.asAddress) return undefined;
  if (args.variablesReference) {
    const watched = debugged.variables.get(args.variablesReference)?.register?.(args.name);
    return watched && watchable(watched);
  }
  const written = /^\s*\$(\w+)\s*$/.exec(args.name)?.[1];
  const { whole, isPart } = registerBehind(written?.toLowerCase() ?? '');
  const name = registerNamed(whole);
  if (!name) return undefined;
  if (isPart) return noData(`$${written!} is a part of $${name}: watch that, with a condition on the part.`);
  const view = frameFor(debugged, args.frameId);
  if (!view.ok) return view;
  const { frame, threadId } = view.value;
  return watchable({ name, owner: registerOwner(debugged, frame, threadId, name) });
}

function watchable(watched: WatchedRegister): Result<WatchedRegister> {
  return watched.name === 'eip' ? noData('EIP changes with each instruction: step instead.') : success(watched);
}

function registerInfo(watched: WatchedRegister): object {
  const { name, owner } = watched;
  return {
    dataId: registerId(watched),
    description:
      `$${name} ${ownerText(owner)}: stops after an instruction that changed it. ` +
      'Its owner runs instruction by instruction meanwhile, which is slow.',
    accessTypes: ['write'],
    canPersist: owner.kind !== 'env',
  };
}

function findData(debugged: Debugged, args: InfoArguments): Result<Found> {
  if (args.asAddress) return findAddress(debugged, args.name, args.bytes ?? 4);
  if (args.variablesReference) {
    const node = debugged.variables.get(args.variablesReference);
    if (!node) return noData('These variables are from an earlier stop.');
    const found = node.data?.(args.name);
    if (!found) return noData(`"${args.name}" is not in memory. What is computed cannot be watched.`);
    return ofValue(args.name, found.value, found.refer, args.bytes);
  }
  // As an expression it would be a number, which is nowhere.
  if (parseMemoryReference(args.name)) return findAddress(debugged, args.name, args.bytes ?? 4);
  const view = frameFor(debugged, args.frameId);
  if (!view.ok) return view;
  const value = evaluateIn(view.value, args.name, false);
  if (!value.ok) return value;
  return ofValue(args.name, value.value, referFor(debugged, view.value.frame, view.value.threadId), args.bytes);
}

function ofValue(
  name: string,
  value: Value,
  refer: (address: number) => string,
  bytes: number | undefined,
): Result<Found> {
  const { place } = value;
  const address =
    place.kind === 'memory' ? place : place.kind === 'bits' && place.of.kind === 'memory' ? place.of : undefined;
  if (!address) {
    const piece =
      place.kind === 'location' && place.location.pieces.length === 1 ? place.location.pieces[0] : undefined;
    const why =
      place.kind === 'unavailable'
        ? place.cause
        : piece?.kind === 'register'
          ? `It is in $${DWARF_REGISTERS[piece.register] ?? '?'} here: watch that.`
          : 'What is computed cannot be watched.';
    return noData(`"${name}" is not in memory. ${why}`);
  }
  const whole = place.kind === 'bits' ? place.storageBytes : (resolved(value.type)?.sizeBytes ?? 0);
  const sizeBytes = bytes ?? whole;
  if (sizeBytes === 0) return noData(`"${name}" has no bytes that could be watched.`);
  const reference = parseMemoryReference(referOf(refer, value)(address.address))!;
  const type = sizeBytes === whole && place.kind === 'memory' ? value.type : undefined;
  return success({ name: value.evaluateName ?? name, reference, sizeBytes, type, byAddress: false });
}

/** DAP, DataBreakpointInfoArguments.asAddress: decimal, or hexadecimal with 0x; a memory reference names its space. */
function findAddress(debugged: Debugged, text: string, sizeBytes: number): Result<Found> {
  const placed = placeReference(debugged, text);
  const reference = parseMemoryReference(text);
  if (!placed.ok || !reference) return placed.ok ? noData(`"${text}" is no address.`) : placed;
  const { space, address } = placed.value;
  const image = space === PHYSICAL_SPACE && reference.kind === 'phys' ? undefined : debugged.os.imageAt(space, address);
  const linked = (address + (image?.bias ?? 0)) >>> 0;
  const symbol = image?.image.elf.symbolAt(linked);
  const offset = symbol && linked > symbol.address ? `+${linked - symbol.address}` : '';
  const name = symbol ? `${symbol.demangled}${offset}` : formatMemoryReference({ ...reference, address });
  return success({ name, reference, sizeBytes, byAddress: true });
}

function watch(
  debugged: Debugged,
  found: Found,
  mode: string | undefined,
): Result<{ data: WatchedData; asStatic: StaticName | undefined; byAddress: boolean }> {
  const { name, sizeBytes, type, byAddress } = found;
  if (sizeBytes > DATA_BYTES_MAX) return noData(`${name} has ${sizeBytes} bytes; ${DATA_BYTES_MAX} is the most.`);
  if (found.reference.address + sizeBytes > 2 ** 32) return noData(`${name} reaches beyond the 4 GiB.`);
  const inItsSpace = placeOf(debugged, found.reference);
  const place: DataPlace =
    mode === 'linear' && inItsSpace.kind === 'env' ? { kind: 'kernel', address: inItsSpace.address } : inItsSpace;
  const common = { name, lengthBytes: sizeBytes, type, changeOnly: mode === 'change' };
  if (mode === 'physical' && place.kind !== 'phys') {
    const physical = physicalRange(debugged, place, sizeBytes);
    if (physical === undefined) return noData(`${name} is not in one piece of physical memory.`);
    return success({ data: { ...common, place: { kind: 'phys', address: physical } }, asStatic: undefined, byAddress });
  }
  const asStatic = byAddress ? undefined : staticAt(debugged, name, place, sizeBytes);
  const owner = byAddress || asStatic || place.kind === 'phys' ? undefined : ownerOf(debugged, found.reference);
  return success({ data: { ...common, place, owner }, asStatic, byAddress });
}

/** The kernel's half is the same in every space; the rest belongs to the environment that is shown. */
function placeOf({ launch, os, threads }: Debugged, reference: MemoryReference): DataPlace {
  const { address } = reference;
  if (reference.kind === 'phys') return { kind: 'phys', address };
  const highSegments = launch.images.kernel.elf.segments
    .filter((segment) => segment.type === 1 && segment.virtualAddress >= 0x80000000)
    .map((segment) => segment.virtualAddress);
  const kernelBase = highSegments.length > 0 ? (Math.min(...highSegments) & ~0x3fffff) >>> 0 : 0;
  if (address >= kernelBase) return { kind: 'kernel', address };
  if (reference.kind === 'env') return { kind: 'env', envId: reference.envId, address };
  const current = reference.kind === 'shown' ? os.current() : threads.environment(threads.currentId());
  return current ? { kind: 'env', envId: current.envId, address } : { kind: 'kernel', address };
}

/** Where all of the bytes are, if they follow each other in physical memory. */
function physicalRange({ target, threads }: Debugged, place: DataPlace, sizeBytes: number): number | undefined {
  const space = (place.kind === 'env' ? threads.environment(place.envId)?.space : undefined) ?? target.space;
  const first = target.translate(space === PHYSICAL_SPACE ? PHYSICAL_SPACE : space, place.address);
  if (first === undefined) return undefined;
  for (let at = 4096 - (place.address % 4096); at < sizeBytes; at += 4096) {
    if (target.translate(space, place.address + at) !== first + at) return undefined;
  }
  return first;
}

function staticAt({ launch }: Debugged, name: string, place: DataPlace, sizeBytes: number): StaticName | undefined {
  if (place.kind !== 'kernel') return undefined;
  const { kernel } = launch.images;
  for (const variable of kernel.debug.staticsNamed(name)) {
    const found = findStatic(kernel, variable.qualifiedName);
    if (found?.address === place.address && found.sizeBytes === sizeBytes) {
      return { image: kernel.name, qualifiedName: variable.qualifiedName };
    }
  }
  return undefined;
}

function ownerOf({ threads }: Debugged, reference: MemoryReference): string | undefined {
  const threadId = reference.kind === 'env' ? reference.envId : threads.currentId();
  const frames = threads.stack(threadId, 0, 64)?.frames ?? [];
  return localsOwner(
    frames.map(({ frame }) => frame),
    reference.address,
  );
}

const noData = (cause: string): Result<never> =>
  failure('no-data', { cause, remedy: 'Choose a variable in memory, or give an address and a number of bytes.' });
