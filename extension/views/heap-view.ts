/** The slab heap of the shown thread's program: caches, their slabs, their objects, one click from their memory. */
import type {
  HeapCacheRow,
  HeapObjectRow,
  HeapRunRow,
  HeapSlabRow,
} from '../../debug-adapter/protocol/custom-requests.ts';
import { SHOW_MEMORY_COMMAND, type MemoryRange } from '../memory-document.ts';
import { ask } from '../ringside-session.ts';
import type { ShownStop, StopTracker } from '../stop-tracker.ts';
import { ChangeMarks, counted, hex, sizeText, StopView, type TreeNode } from './stop-view.ts';

const PAGE_BYTES = 4096;
const FREE_RUN_FOLDED_MIN = 4;

export class HeapView extends StopView {
  private readonly marks = new ChangeMarks();

  constructor(stops: StopTracker) {
    super('ringside.heap', stops);
  }

  protected async read({ session, threadId, stopNumber }: ShownStop): Promise<TreeNode[]> {
    const heap = await ask(session, 'ringside/heap', { threadId });
    this.marks.begin(`${session.id}/${threadId}`, stopNumber);
    const summary: TreeNode = {
      id: 'summary',
      label: heap.program,
      description: `${sizeText(heap.bytesAllocated)} allocated in ${counted(heap.pagesOwned, 'page')}`,
      icon: 'package',
      changed: this.marks.changed('summary', `${heap.bytesAllocated} ${heap.pagesOwned}`),
    };
    const findings = heap.findings.map((text, i): TreeNode => ({ id: `finding${i}`, label: text, icon: 'warning' }));
    const runs: TreeNode[] = heap.runs.length
      ? [
          {
            id: 'runs',
            label: 'Page runs',
            description: `${heap.runs.length} larger than a slab's objects`,
            icon: 'symbol-array',
            children: heap.runs.map((r) => this.runNode(r)),
          },
        ]
      : [];
    const nodes = heap.caches.map((cache) => this.cacheNode(cache));
    const used = nodes.filter((_, i) => heap.caches[i]!.slabs.length > 0);
    const unused = nodes.filter((_, i) => heap.caches[i]!.slabs.length === 0);
    const rest: TreeNode[] = unused.length
      ? [
          {
            id: 'unused',
            label: 'Without slabs',
            description: unused.map((node) => node.label.replace(' bytes', '')).join(', ') + ' bytes',
            icon: 'circle-outline',
            children: unused,
          },
        ]
      : [];
    return [summary, ...findings, ...used, ...runs, ...rest];
  }

  private cacheNode(cache: HeapCacheRow): TreeNode {
    const id = `cache${cache.objectBytes}`;
    const capacity = cache.slabs.length * cache.objectsPerSlab;
    return {
      id,
      label: `${cache.objectBytes} bytes`,
      description:
        cache.slabs.length === 0
          ? `no slabs (${cache.objectsPerSlab} objects would fit into one)`
          : `${cache.allocatedCount} of ${capacity} objects in ${counted(cache.slabs.length, 'slab')}`,
      icon: 'database',
      changed: this.marks.changed(id, `${cache.allocatedCount} ${cache.slabs.map((s) => s.address).join()}`),
      contextValue: 'cache',
      children: cache.slabs.map((slab) => this.slabNode(cache, slab)),
    };
  }

  private slabNode(cache: HeapCacheRow, slab: HeapSlabRow): TreeNode {
    const id = `slab${slab.address}`;
    return {
      id,
      label: `slab ${hex(slab.address)}`,
      description: `${slab.state}, ${slab.allocatedCount} of ${cache.objectsPerSlab}`,
      icon: slab.state === 'full' ? 'circle-filled' : slab.state === 'empty' ? 'circle-outline' : 'color-mode',
      changed: this.marks.changed(id, `${slab.state} ${slab.allocatedCount}`),
      tooltip: `A page of ${cache.objectsPerSlab} objects of ${cache.objectBytes} bytes.\nClick to see the memory.`,
      command: showMemory({
        title: `slab ${hex(slab.address)}`,
        memoryReference: slab.memoryReference,
        sizeBytes: PAGE_BYTES,
      }),
      contextValue: 'slab',
      children: this.objectNodes(cache, slab),
    };
  }

  /** A row for each object; free ones that follow each other are one row, open on demand. */
  private objectNodes(cache: HeapCacheRow, slab: HeapSlabRow): TreeNode[] {
    const nodes: TreeNode[] = [];
    for (let first = 0; first < slab.objects.length;) {
      let next = first + 1;
      while (slab.objects[next]?.allocated === slab.objects[first]!.allocated) next++;
      const rows = slab.objects.slice(first, next).map((object, i) => this.objectNode(cache, slab, object, first + i));
      if (slab.objects[first]!.allocated || rows.length < FREE_RUN_FOLDED_MIN) nodes.push(...rows);
      else
        nodes.push({
          id: `free${slab.address}/${first}`,
          label: `${rows.length} free objects`,
          description: `#${first} to #${next - 1}`,
          icon: 'circle-slash',
          changed: rows.some((row) => row.changed),
          children: rows,
        });
      first = next;
    }
    return nodes;
  }

  private objectNode(cache: HeapCacheRow, slab: HeapSlabRow, object: HeapObjectRow, index: number): TreeNode {
    const id = `object${object.address}`;
    return {
      id,
      label: hex(object.address),
      description: `#${index} ${object.allocated ? 'allocated' : 'free'}`,
      icon: object.allocated ? 'symbol-field' : 'circle-slash',
      changed: this.marks.changed(id, String(object.allocated)),
      tooltip: `${cache.objectBytes} bytes, ${object.allocated ? 'allocated' : 'free'}.\nClick to see them in their slab.`,
      command: showMemory({
        title: `slab ${hex(slab.address)}`,
        memoryReference: slab.memoryReference,
        sizeBytes: PAGE_BYTES,
        mark: { offset: object.address - slab.address, sizeBytes: cache.objectBytes },
      }),
      contextValue: 'object',
    };
  }

  private runNode(run: HeapRunRow): TreeNode {
    const id = `run${run.address}`;
    return {
      id,
      label: hex(run.address),
      description: `${counted(run.pageCount, 'page')}, ${sizeText(run.pageCount * PAGE_BYTES)}`,
      icon: 'symbol-array',
      changed: this.marks.changed(id, String(run.pageCount)),
      command: showMemory({
        title: `page run ${hex(run.address)}`,
        memoryReference: run.memoryReference,
        sizeBytes: run.pageCount * PAGE_BYTES,
      }),
    };
  }
}

function showMemory(range: MemoryRange): TreeNode['command'] {
  return { title: 'Show Memory', command: SHOW_MEMORY_COMMAND, arguments: [range] };
}
