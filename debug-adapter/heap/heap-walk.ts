/**
 * Walks a program's slab allocator through its type information: caches, their slabs, their objects, runs of pages.
 * guest/slab/src/{heap,cache,slab,list}.rs; Bonwick, "The Slab Allocator" (1994).
 *
 * Invariant: the walk ends on any memory contents, and says what it found wrong instead of failing.
 */
import { resolved, type Type, type Variable } from '../debug-info/index.ts';
import { fieldPlace, recordOf, type RecordView } from '../kernel/typed-memory.ts';
import type { Image } from '../launch/images.ts';
import type { HeapCacheRow, HeapObjectRow, HeapReply, HeapRunRow, HeapSlabRow } from '../protocol/custom-requests.ts';
import { failure, success, type Result } from '../result.ts';
import type { Space, Target } from '../target/target.ts';

const PAGE_BYTES = 4096;
const SLABS_MAX = 65_536;
const OBJECTS_PER_SLAB_MAX = PAGE_BYTES / 8;
const RANGES_MAX = 4096;
/** guest/abi/src/memlayout.rs: where the page source maps. */
const HEAP_START = 0x10000000;
const HEAP_END = 0xe0000000;
const LISTS = ['partial', 'full', 'empty'] as const;

export type HeapContents = Omit<HeapReply, 'program' | 'threadId'>;

interface Walk {
  readonly target: Target;
  readonly space: Space;
  readonly slabType: Type;
  readonly refer: (address: number) => string;
  readonly findings: string[];
  readonly slabPages: Set<number>;
}

/** Fails with `no-heap` where the program has no such allocator, `heap-unreadable` where its memory is not mapped. */
export function walkHeap(
  target: Target,
  space: Space,
  image: Image,
  refer: (address: number) => string,
): Result<HeapContents> {
  const heap = findHeap(image);
  const slabType = image.debug.typeNamed('slab::slab::Slab');
  if (!heap || !slabType) {
    return failure('no-heap', {
      cause: `"${image.name}" has no slab heap: it never allocates, or its debug information does not name the allocator.`,
      remedy: 'A program that uses Box, Vec or String has one, if it is built with debug information.',
    });
  }
  const bytes = target.read(space, heap.address, heap.type.sizeBytes);
  if (bytes.length < heap.type.sizeBytes) {
    return failure('heap-unreadable', {
      cause: `The allocator at 0x${heap.address.toString(16)} is not mapped in this environment yet.`,
      remedy: 'Look again once the program runs.',
    });
  }
  const walk: Walk = { target, space, slabType, refer, findings: [], slabPages: new Set() };
  const caches = walkCaches(walk, heap.type, bytes);
  const view = recordOf(heap.type, bytes);
  const runs = findRuns(walk);
  const runPages = runs.reduce((sum, run) => sum + run.pageCount, 0);
  const runPagesCounted = view.number('run_pages');
  if (runPagesCounted !== undefined && runPagesCounted !== runPages) {
    walk.findings.push(`The allocator counts ${runPagesCounted} pages in runs; the page tables show ${runPages}.`);
  }
  const objectBytes = caches.reduce((sum, cache) => sum + cache.allocatedCount * cache.objectBytes, 0);
  return success({
    caches,
    runs,
    pagesOwned: walk.slabPages.size + runPages,
    bytesAllocated: objectBytes + runPages * PAGE_BYTES,
    findings: walk.findings,
  });
}

/** The static that holds `caches`, whatever it is wrapped in. */
function findHeap(image: Image): { address: number; type: Type } | undefined {
  const holds = (variable: Variable): boolean => fieldPlace(variable.type, 'caches') !== undefined;
  const candidates = [...image.debug.staticsNamed('HEAP'), ...image.debug.staticsNamed('ALLOCATOR')];
  const heap = candidates.find(holds) ?? image.debug.statics().find(holds);
  const at = heap?.simpleLocation(0);
  return heap?.type && at?.kind === 'address' ? { address: at.address, type: heap.type } : undefined;
}

function walkCaches(walk: Walk, heapType: Type, bytes: Uint8Array): HeapCacheRow[] {
  const place = fieldPlace(heapType, 'caches')!;
  const array = resolved(place.type);
  const cacheType = array?.kind === 'array' ? array.element : undefined;
  const count = array?.kind === 'array' ? (array.counts[0] ?? 0) : 0;
  if (!cacheType || cacheType.sizeBytes === 0) return [];
  return Array.from({ length: count }, (_, index) => {
    const at = place.offset + index * cacheType.sizeBytes;
    return walkCache(walk, recordOf(cacheType, bytes.subarray(at, at + cacheType.sizeBytes)));
  });
}

function walkCache(walk: Walk, cache: RecordView): HeapCacheRow {
  const objectBytes = cache.number('object_size') ?? 0;
  const slabs = LISTS.flatMap((list) => walkList(walk, cache, list, objectBytes));
  const capacity = Math.floor((PAGE_BYTES - walk.slabType.sizeBytes) / Math.max(objectBytes, 1));
  return {
    objectBytes,
    objectsPerSlab: Math.min(capacity, OBJECTS_PER_SLAB_MAX),
    allocatedCount: slabs.reduce((sum, slab) => sum + slab.allocatedCount, 0),
    slabs: slabs.sort((a, b) => a.address - b.address),
  };
}

function walkList(walk: Walk, cache: RecordView, list: (typeof LISTS)[number], objectBytes: number): HeapSlabRow[] {
  const slabs: HeapSlabRow[] = [];
  let address = cache.number(`${list}.head`) ?? 0;
  while (address !== 0) {
    if (walk.slabPages.has(address) || slabs.length >= SLABS_MAX) {
      walk.findings.push(`The ${list} list of the ${objectBytes}-byte cache comes back to slab ${hex(address)}.`);
      break;
    }
    const bytes = walk.target.read(walk.space, address, walk.slabType.sizeBytes);
    if (bytes.length < walk.slabType.sizeBytes) {
      walk.findings.push(
        `The ${list} list of the ${objectBytes}-byte cache leads to ${hex(address)}, which is not mapped.`,
      );
      break;
    }
    const header = recordOf(walk.slabType, bytes);
    if (header.number('object_size') !== objectBytes) {
      walk.findings.push(
        `${hex(address)} on the ${list} list of the ${objectBytes}-byte cache is not a slab of it: its header is overwritten.`,
      );
      break;
    }
    walk.slabPages.add(address);
    slabs.push(readSlab(walk, header, address, list, objectBytes));
    address = header.number('next') ?? 0;
  }
  const length = cache.number(`${list}.length`);
  if (length !== undefined && length !== slabs.length && walk.findings.length === 0) {
    walk.findings.push(
      `The ${list} list of the ${objectBytes}-byte cache counts ${length} slabs but holds ${slabs.length}.`,
    );
  }
  return slabs;
}

function readSlab(
  walk: Walk,
  header: RecordView,
  address: number,
  state: HeapSlabRow['state'],
  objectBytes: number,
): HeapSlabRow {
  const capacity = Math.min(header.number('capacity') ?? 0, OBJECTS_PER_SLAB_MAX);
  const used = header.field('used') ?? new Uint8Array(0);
  const objects: HeapObjectRow[] = [];
  for (let index = 0; index < capacity; index++) {
    // Objects fill the page from its end downwards.
    const object = address + PAGE_BYTES - (index + 1) * objectBytes;
    const allocated = ((used[index >> 3] ?? 0) & (1 << (index & 7))) !== 0;
    objects.push({ address: object, allocated, memoryReference: walk.refer(object) });
  }
  const allocatedCount = objects.filter((o) => o.allocated).length;
  const counted = header.number('in_use');
  if (counted !== allocatedCount) {
    walk.findings.push(`Slab ${hex(address)} counts ${counted ?? '?'} objects in use; its bits say ${allocatedCount}.`);
  }
  return { address, state, allocatedCount, objects, memoryReference: walk.refer(address) };
}

/** Heap pages that are no slab are runs; neighbouring runs are one range, since the allocator keeps no list of them. */
function findRuns(walk: Walk): HeapRunRow[] {
  const runs: { address: number; pageCount: number }[] = [];
  for (const range of walk.target.mappedRanges(walk.space, HEAP_START, HEAP_END, RANGES_MAX)) {
    for (let address = range.start; address < range.start + range.sizeBytes; address += PAGE_BYTES) {
      if (walk.slabPages.has(address)) continue;
      const last = runs.at(-1);
      if (last && last.address + last.pageCount * PAGE_BYTES === address) last.pageCount++;
      else runs.push({ address, pageCount: 1 });
    }
  }
  return runs.map((run) => ({ ...run, memoryReference: walk.refer(run.address) }));
}

const hex = (value: number): string => '0x' + (value >>> 0).toString(16).padStart(8, '0');
