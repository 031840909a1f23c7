/** What a stop looks like as lines of text: for the command line and for the debug console. */
import type { Frame } from '../call-stack/frame.ts';
import type { Threads } from '../call-stack/threads.ts';
import { walkHeap } from '../heap/heap-walk.ts';
import type { GuestOs } from '../kernel/guest-os.ts';
import type { ImageSet } from '../launch/images.ts';
import { argumentsText, type ArgumentsFormat } from '../scopes/frame-arguments.ts';
import {
  CONTROL_REGISTERS,
  describeFields,
  GENERAL_REGISTERS,
  SEGMENT_REGISTERS,
  type RegisterName,
} from '../target/registers.ts';
import type { Target } from '../target/target.ts';

export interface Listed {
  readonly target: Target;
  readonly os: GuestOs;
  readonly images: ImageSet;
  readonly threads: Threads;
}

const FRAMES_MAX = 64;
const ARGUMENTS: ArgumentsFormat = { names: true, types: false, values: true, hex: false };

export const hex = (value: number): string => '0x' + (value >>> 0).toString(16).padStart(8, '0');

/** The call stack of a thread, arguments with their values. */
export function listStack(listed: Listed, threadId: number): string[] {
  const frames = listed.threads.stack(threadId, 0, FRAMES_MAX)?.frames ?? [];
  return frames.map(({ frame }, index) => showFrame(listed, frame, index));
}

function showFrame(listed: Listed, frame: Frame, index: number): string {
  if (frame.kind === 'label') return `  --- ${frame.name} ---`;
  const position = frame.position ? ` at ${frame.position.file}:${frame.position.line}` : '';
  return `#${String(index).padEnd(2)} ${hex(frame.address)} ${frame.name}${argumentsText(listed, frame, ARGUMENTS)}${position}`;
}

/** The CPU's registers, one a line, fields by name. */
export function listRegisters({ target }: Pick<Listed, 'target'>): string[] {
  return [...GENERAL_REGISTERS, ...SEGMENT_REGISTERS, ...CONTROL_REGISTERS].map((name: RegisterName) => {
    const value = target.readRegister(name);
    return `${name.padEnd(9)} ${hex(value)} ${describeFields(name, value)}`.trimEnd();
  });
}

/** The slab heap of a thread's program: caches that have slabs, runs, and what is wrong with them. */
export function listHeap({ target, os, images }: Listed, threadId: number): string[] {
  const environment = os.environments().find((e) => e.envId === threadId && e.status !== 'free');
  const image = environment && images.programs.get(environment.program);
  if (!image) return ['The kernel itself has no slab heap: select a user program.'];
  const heap = walkHeap(target, environment.space, image, hex);
  if (!heap.ok) return [`${heap.failure.cause} ${heap.failure.remedy}`];
  const { caches, runs, pagesOwned, bytesAllocated, findings } = heap.value;
  return [
    `heap of ${image.name}: ${bytesAllocated} bytes allocated, ${pagesOwned} pages`,
    ...caches
      .filter((cache) => cache.slabs.length > 0)
      .map((cache) => {
        const slabs = cache.slabs.map((s) => `${hex(s.address)} ${s.state} ${s.allocatedCount}/${s.objects.length}`);
        return `${String(cache.objectBytes).padStart(6)} bytes: ${slabs.join(', ')}`;
      }),
    ...runs.map((run) => `run at ${hex(run.address)}: ${run.pageCount} pages`),
    ...findings.map((finding) => `! ${finding}`),
  ];
}

/** Which cache, slab and object an address of a thread's heap belongs to. */
export function locateInHeap({ target, os, images }: Listed, threadId: number, address: number): string {
  const environment = os.environments().find((e) => e.envId === threadId && e.status !== 'free');
  const image = environment && images.programs.get(environment.program);
  if (!image) return 'The kernel itself has no slab heap: select a user program.';
  const heap = walkHeap(target, environment.space, image, hex);
  if (!heap.ok) return `${heap.failure.cause} ${heap.failure.remedy}`;
  for (const cache of heap.value.caches) {
    for (const slab of cache.slabs) {
      if (address < slab.address || address >= slab.address + 4096) continue;
      const at = `cache of ${cache.objectBytes} bytes, slab ${hex(slab.address)} (${slab.state})`;
      const index = slab.objects.findIndex((o) => address >= o.address && address < o.address + cache.objectBytes);
      const object = slab.objects[index];
      if (!object) return `${hex(address)}: ${at}, in the slab's own header or its gap`;
      const offset = address - object.address;
      return `${hex(address)}: ${at}, object #${index} at ${hex(object.address)}${offset ? ` + ${offset}` : ''}, ${object.allocated ? 'allocated' : 'free'}`;
    }
  }
  const run = heap.value.runs.find((r) => address >= r.address && address < r.address + r.pageCount * 4096);
  return run
    ? `${hex(address)}: run of ${run.pageCount} pages at ${hex(run.address)}`
    : `${hex(address)} is not in the heap of ${image.name}.`;
}

/** All environments, one a line; the current one has a star. */
export function listEnvironments({ os }: Pick<Listed, 'os'>): string[] {
  const current = os.current()?.envId;
  const rows = os.environments().filter((e) => e.status !== 'free');
  if (rows.length === 0) return ['There are no environments.'];
  return rows.map((e) => {
    const id = e.envId.toString(16).padStart(8, '0');
    const parent = e.parentId === 0 ? 'kernel' : e.parentId.toString(16).padStart(8, '0');
    return `${e.envId === current ? '*' : ' '} ${id} ${e.program.padEnd(16)} ${e.status.padEnd(12)} parent ${parent} runs ${e.runs} cr3 ${hex(e.space)}`;
  });
}
